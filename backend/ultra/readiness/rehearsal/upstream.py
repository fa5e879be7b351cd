"""Mock servers that stand in as remote providers, over TLS."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ultra.readiness.asking import Client, Line
from ultra.readiness.rehearsal.child import Child, start
from ultra.readiness.rehearsal.places import free_port, until_up
from ultra.readiness.step import Unmet
from ultra.system import System

_TOKENS_PER_S = "1000"


class Upstream:
    """A process with every vendor's wire; `models` are listed for the compatible server `acme`."""

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        certificates: tuple[Path, Path],
        models: Sequence[str],
        variables: Mapping[str, str],
        system: System,
    ) -> None:
        self._folder = folder
        self._name = name
        self._certificate = certificates[1]
        self._models = models
        self._variables = {**variables, "ENVIRONMENT": "development"}
        self._port = free_port()
        self._child: Child | None = None
        self.address = f"https://127.0.0.1:{self._port}"
        self._client = Client(Line(self.address, system, ca_file=certificates[0]), address="127.0.0.1")

    async def start(self) -> None:
        """Start it on its port; nothing happens while it runs."""
        if self._child is not None and self._child.code is None:
            return
        works_in = self._folder / self._name
        works_in.mkdir(exist_ok=True)
        table = (
            f'[[providers]]\nname = "acme"\nbase_url = "{self.address}"\nmodels = {json.dumps(list(self._models))}\n'
        )
        (works_in / "ultra.toml").write_text(table)
        where = ("--port", str(self._port), "--certificate", str(self._certificate))
        self._child = await start(
            [sys.executable, "-m", "ultra", "mock", *where, "--speed", _TOKENS_PER_S],
            folder=self._folder,
            name=self._name,
            variables=self._variables,
            works_in=works_in,
        )
        await until_up(self._child, self._is_up, self._folder / f"logs/{self._name}.log")

    async def stop(self) -> None:
        """End it; open connections are cut."""
        if self._child is not None:
            await self._child.end()

    async def arm(self, scenario: str, **rule: Any) -> None:
        """Let calls that match the rule go wrong."""
        (await self._client.post("/control/scenario", {"scenario": scenario, **rule})).expect(201)

    async def disarm(self) -> None:
        """Let everything go well again."""
        (await self._client.ask("DELETE", "/control/scenarios")).expect(204)

    async def asked(self, model: str) -> list[str]:
        """Return how the calls to one model ended so far; `open` for those that have not."""
        found = (await self._client.get(f"/control/requests?model={model}")).expect(200).json["requests"]
        return [each["outcome"] for each in found]

    async def _is_up(self) -> bool:
        try:
            return (await self._client.get("/")).status == 200
        except Unmet:
            return False

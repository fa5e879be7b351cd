"""What each layer before a route costs, in microseconds of one process: medians, and ratios to the cheapest.

    python benchmarks/layers.py [--rounds 7] [--times 300]

Everything is asked in process on a fresh SQLite file with limits in memory: no socket, no other process. `remembered`
is what most requests pay; `proved` is the first request of a credential within two seconds.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "backend"))

from ultra.auth.approach import Approach
from ultra.auth.sign_in import Source
from ultra.config import Loaded, load, make_secrets, missing_secrets
from ultra.desk.desk import set_up
from ultra.desk.keys import WantedKey
from ultra.domain.identity import Principal, Role, permitted
from ultra.protocols import openai_chat, strict_json
from ultra.services import Services, build, presets
from ultra.system import System

BODY = b'{"model": "openai/gpt-6-astra", "messages": [{"role": "user", "content": "' + b"x" * 900 + b'"}]}'
PASSWORD = "eleven purple lanterns drift"

Layer = Callable[[], Awaitable[object] | object]


async def layers(services: Services) -> dict[str, Layer]:
    """Return each layer as something that can be called again and again."""
    access, source = services.access, Source()
    local = Principal(id="", kind="operator", role=Role.ADMIN, permissions=permitted(Role.ADMIN, "local"), name="bench")
    user = await access.accounts.create_user("bench", Role.ADMIN, password=PASSWORD, actor=local, source=source)
    owner = Principal(id=user.id, kind="user", role=user.role, permissions=local.permissions, name="bench")
    made = await set_up(services).keys.create(owner, WantedKey("bench"), source=source)
    pair = await access.sign_in.open_tokens("bench", PASSWORD, source=source)
    by_key, by_token = _approach(made["key"]), _approach(pair.access_token)
    principal = await access.authenticator.authenticate(by_key)
    keep = access.authenticator

    async def proved(approach: Approach) -> object:
        keep._kept.clear()  # noqa: SLF001 - as if two seconds had passed
        return await keep.authenticate(approach)

    return {
        "strict JSON, 1 KB": lambda: strict_json.loads(BODY),
        "request of OpenAI's wire": lambda: openai_chat.parse(strict_json.loads(BODY)),
        "limits: policy": lambda: access.limits.caller(principal, address="127.0.0.1", route="completion"),
        "limits: policy and charge, in memory": lambda: access.limiter.charge(
            access.limits.caller(principal, address="127.0.0.1", route="completion")
        ),
        "version of a user, from SQLite": lambda: access.stores.users.of([user.id]),
        "who is it: remembered": lambda: keep.authenticate(by_key),
        "who is it: key, proved": lambda: proved(by_key),
        "who is it: access token, proved": lambda: proved(by_token),
        "audit row, in its own transaction": lambda: access.stores.audit.write(source.entry("bench", actor=user.id)),
        "sign in with a password": lambda: access.sign_in.open_tokens("bench", PASSWORD, source=source),
    }


def _approach(credential: str) -> Approach:
    headers = [(b"authorization", f"Bearer {credential}".encode())]

    async def nothing() -> bytes:
        return b""

    return Approach(
        method="GET", path="/", raw_path=b"/", query=b"", headers=headers, peer="127.0.0.1", address="127.0.0.1",
        body=nothing,
    )  # fmt: skip


async def microseconds(layer: Layer, times: int) -> float:
    """Return the mean of `times` calls."""
    began = time.perf_counter()
    for _ in range(times):
        found = layer()
        if isinstance(found, Awaitable):
            await found
    return (time.perf_counter() - began) / times * 1e6


async def measure(rounds: int, times: int) -> dict[str, float]:
    """Return the median of all rounds, the layers in turn within each."""
    with tempfile.TemporaryDirectory(prefix="ultra-layers-") as folder:
        limits = {f"ULTRA_LIMIT_{each}_PER_MINUTE": "1000000000" for each in ("REQUESTS", "COST", "ADDRESS")}
        given = {"ENVIRONMENT": "testing", **limits}
        given |= make_secrets(missing_secrets(_load(given, folder).settings), system=System())
        loaded = _load(given, folder)
        async with build(loaded, system=System(), serves=False) as services:
            named = await layers(services)
            found: dict[str, list[float]] = {name: [] for name in named}
            for _ in range(rounds):
                for name, layer in named.items():
                    found[name].append(await microseconds(layer, 5 if "password" in name else times))
    return {name: statistics.median(each) for name, each in found.items()}


def _load(given: Mapping[str, str], folder: str) -> Loaded:
    return load(environ=given, folder=Path(folder), presets=presets())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--times", type=int, default=300)
    given = parser.parse_args(arguments)
    found = asyncio.run(measure(given.rounds, given.times))
    least = min(found.values())
    print(f"load {os.getloadavg()[0]:.1f}; microseconds, and times the cheapest")
    for name, each in found.items():
        print(f"{name:40}{each:12,.1f}{each / least:10,.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

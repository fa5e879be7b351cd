"""Real programs for tests: a mock of every vendor in a thread of its own, and `ultra` processes that ask it."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ultra
from ultra.domain.models import ListedModel
from ultra.mock.pace import INSTANT, Pace
from ultra.mock.server import base_path, create_mock, serve
from ultra.system import System

START_S = 60.0
"""Generous: the machine may be busy with something else."""

MODELS: Mapping[str, Sequence[str]] = {
    "openai": ["gpt-6-astra", "gpt-6.1-sol"],
    "anthropic": ["claude-fable-5-2"],
    "gemini": ["gemini-4-argon"],
    "acme": ["alpha", "beta", "gamma", "delta"],
}
"""What the mock lists: models of the three vendors that the shipped catalogue knows, and a compatible server's."""

PANEL = ["acme/alpha", "acme/beta", "acme/gamma"]
"""A panel whose requests all have the same shape on the wire."""

_running: list["UltraProcess"] = []
_never_ready: list["UltraProcess"] = []


def logs() -> list[tuple[str, str]]:
    """Return the name and the end of the log of every process that runs now, or that should and does not."""
    return [(f"ultra {each.pid}", each.log()[-2000:]) for each in (*_running, *_never_ready)]


def until(is_so: Callable[[], Any], *, patience: float, what: str) -> Any:
    """Return the first true value of `is_so`; fails after `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        found = is_so()
        if found:
            return found
        assert time.monotonic() < deadline, f"Not within {patience:g} s: {what}"
        time.sleep(0.02)


def fetch(
    url: str, *, method: str = "GET", body: Any = None, timeout: float = 30.0, key: str | None = None
) -> tuple[int, Any]:
    """Ask with JSON and return status and JSON, None for an empty body. An Ultra of ours is asked with its key."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", **credential(url, key)}
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            status, text = reply.status, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            status, text = error.code, error.read()
    return status, json.loads(text) if text else None


@dataclass(frozen=True, slots=True)
class Mock:
    """A running mock: its address, and its control door."""

    url: str

    def base(self, provider: str) -> str:
        """Return what a client of that provider is given as base URL."""
        return self.url + base_path(provider)

    def arm(self, scenario: str, **rule: Any) -> None:
        """Have calls that match `rule` go wrong."""
        status, body = fetch(f"{self.url}/control/scenario", method="POST", body={"scenario": scenario, **rule})
        assert status == 201, body

    def disarm(self) -> None:
        """Have everything go well again."""
        assert fetch(f"{self.url}/control/scenarios", method="DELETE")[0] == 204

    def reset(self) -> None:
        """Forget faults and requests."""
        assert fetch(f"{self.url}/control/reset", method="POST")[0] == 204

    def requests(self, model: str | None = None) -> list[dict[str, Any]]:
        """Return what was asked of models so far, oldest first; `model` is its name at the provider."""
        found = fetch(f"{self.url}/control/requests")[1]["requests"]
        return [each for each in found if each["model"] and model in (None, each["model"])]

    def outcomes(self, model: str | None = None) -> list[str]:
        """Return how the requests ended: `open` while they have not."""
        return [each["outcome"] for each in self.requests(model)]


@contextmanager
def mock_process(
    *, models: Mapping[str, Sequence[ListedModel | str]] = MODELS, pace: Pace = INSTANT, seed: str = "1"
) -> Iterator[Mock]:
    """Run a mock on a free loopback port, outside the process under test and outside the test's own event loop."""
    loop, is_up, leave = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    address: list[str] = []

    async def run() -> None:
        async with serve(create_mock(system=System(), seed=seed, models=models, pace=pace)) as url:
            address.append(url)
            is_up.set()
            await leave.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), name="mock", daemon=True)
    thread.start()
    assert is_up.wait(START_S)
    try:
        yield Mock(address[0])
    finally:
        loop.call_soon_threadsafe(leave.set)
        thread.join(START_S)
        loop.close()


@dataclass(slots=True)
class UltraProcess:
    """A running `ultra serve`: its address, its folder, and its end."""

    url: str
    folder: Path
    process: "subprocess.Popen[bytes]"
    key: str
    """An API key that may do everything a key may do."""
    pid: int = field(init=False)

    def __post_init__(self) -> None:
        self.pid = self.process.pid

    def log(self) -> str:
        """Return what it has written to standard error."""
        return (self.folder / "ultra.log").read_text(errors="replace")

    @property
    def database(self) -> Path:
        """Its SQLite file."""
        return self.folder / "var" / "ultra.db"

    def get(self, path: str) -> Any:
        """Return the JSON at a path that must be there."""
        status, body = fetch(self.url + path)
        assert status == 200, body
        return body

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to this process and to no other."""
        self.process.send_signal(number)

    def ended(self, *, patience: float = 30.0) -> int:
        """Wait for its end and return its exit code."""
        return self.process.wait(patience)

    def stop(self) -> None:
        """End it, whatever it is doing."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Return the variables of a process in `folder`: nothing of this one's settings, keys or proxies comes along."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    same_code = str(Path(ultra.__file__).parents[1])
    return {**kept, "PYTHONPATH": same_code, "HOME": str(folder), "ENVIRONMENT": "testing", **settings}


def at(mock: Mock) -> dict[str, str]:
    """Return the settings that name the mock on purpose as the server of every vendor."""
    return {
        "ULTRA_MOCK_SERVERS": "false",
        "ULTRA_OPENAI_BASE_URL": mock.base("openai"),
        "ULTRA_ANTHROPIC_BASE_URL": mock.base("anthropic"),
        "ULTRA_GEMINI_BASE_URL": mock.base("gemini"),
        "OPENAI_API_KEY": "key-for-openai",
        "ANTHROPIC_API_KEY": "key-for-anthropic",
        "GEMINI_API_KEY": "key-for-gemini",
        "ACME_API_KEY": "key-for-acme",
        "DATABASE_URL": "sqlite:///var/ultra.db",
        "ULTRA_SIGNING_KEYS": "first:one-secret-of-the-tests-that-is-long-enough",
        "ULTRA_CSRF_KEY": "another-secret-of-the-tests-that-is-long-enough",
        "ULTRA_KEY_PEPPER": "a-third-secret-of-the-tests-that-is-long-enough",
        # An attempt that fails is repeated soon, or tests would wait for it.
        "ULTRA_RETRY_BASE_S": "0.01",
        "ULTRA_RETRY_MAX_S": "2",
    }


def provider_toml(mock: Mock, name: str, models: Sequence[str]) -> str:
    """Return the table of a compatible server at the mock, with prices, so that budgets can be kept."""
    lines = [
        "[[providers]]",
        f'name = "{name}"',
        f'base_url = "{mock.base(name)}"',
        'api_key = "env:ACME_API_KEY"',
        f"models = {json.dumps(list(models))}",
    ]
    for model in models:
        lines += [f'[prices."{name}/{model}"]', 'input = "1"', 'output = "2"']
    return "\n".join(lines) + "\n"


@contextmanager
def ultra_process(
    folder: Path, mock: Mock, *, toml: str = "", settings: Mapping[str, str] | None = None
) -> Iterator[UltraProcess]:
    """Run `ultra serve` in `folder` against the mock until the block is left; it is ready when the block begins."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ultra.toml").write_text(toml + provider_toml(mock, "acme", MODELS["acme"]))
    command = [sys.executable, "-m", "ultra", "serve", "--port", "0"]
    variables = environment(folder, **(at(mock) | dict(settings or {})))
    key = _key(folder, variables)
    said = folder / "stdout.txt"
    with said.open("wb") as out, (folder / "ultra.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=out, stderr=log)
    served = UltraProcess("", folder, process, key)
    _running.append(served)
    _never_ready.append(served)
    try:
        served.url = until(lambda: _address(served, said), patience=START_S, what="an address on stdout")
        until(lambda: _is_ready(served), patience=START_S, what="ready, with every model list read")
        _never_ready.remove(served)
        yield served
    finally:
        served.stop()
        _running.remove(served)


def _key(folder: Path, variables: Mapping[str, str]) -> str:
    """Make a key on the command line, as a script would; once for each folder."""
    kept = folder / "key.json"
    if not kept.exists():
        command = [sys.executable, "-m", "ultra", "keys", "create", "--name", "tests", "--json"]
        made = subprocess.run(command, cwd=folder, env=dict(variables), capture_output=True, check=False)
        assert made.returncode == 0, made.stderr.decode()
        kept.write_bytes(made.stdout)
    key: str = json.loads(kept.read_text())["key"]
    return key


def credential(url: str, key: str | None = None) -> dict[str, str]:
    """Return the header with which one of our running Ultras is asked; none for any other address without a key."""
    keys = [key] if key else [each.key for each in _running if each.url and url.startswith(each.url)]
    return {"authorization": f"Bearer {keys[0]}"} if keys else {}


def _address(served: UltraProcess, said: Path) -> str | None:
    assert served.process.poll() is None, f"ultra ended with {served.process.returncode}:\n{served.log()}"
    line = said.read_text()
    return line.split(" at ")[1].strip() if line.endswith("\n") else None


def _is_ready(served: UltraProcess) -> bool:
    with contextlib.suppress(urllib.error.URLError):
        status, _ = fetch(f"{served.url}/health/ready")
        providers = served.get("/api/available-models")["providers"]
        return status == 200 and all(each["checked_at"] for each in providers)
    return False

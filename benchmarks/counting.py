"""What counting costs: microseconds a fact, and as a share of a whole completion measured in the same run.

    python benchmarks/counting.py [--rounds 7] [--times 2000]

`request` and `call` are what one completion tells the metrics. `taken` is what a worker does every five seconds beside
siblings, and at each scrape: going over all series, here those of 20 models and 30 routes; `written` is putting them
into a file. The whole completion goes through the application in process, to a mock on loopback.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "backend"))

from ultra.app import _keepers, create_app
from ultra.auth.sign_in import Source
from ultra.config import Loaded, load, make_secrets, missing_secrets
from ultra.desk.desk import set_up
from ultra.desk.keys import WantedKey
from ultra.domain.chat import Usage
from ultra.domain.identity import Principal, Role, permitted
from ultra.domain.observations import CallSettled, RequestServed
from ultra.gate.vigil import Vigil
from ultra.services import Services, build, presets
from ultra.system import System
from ultra.telemetry.metrics import Metrics
from ultra.telemetry.siblings import Siblings

AT = datetime(2026, 1, 1, tzinfo=UTC)
MODEL = "openai/gpt-6-astra"
BODY = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "x" * 900}], "max_tokens": 5}).encode()

Piece = Callable[[], Awaitable[object] | object]


def request(route: str = "/v1/chat/completions") -> RequestServed:
    return RequestServed(AT, "POST", route, 200, 0.2)


def call(model: str = MODEL) -> CallSettled:
    used = Usage(input_total=900, output_total=100)
    return CallSettled("openai", model, AT, "ok", None, None, None, 0.1, 0.2, used, Decimal("0.001"))


def filled() -> Metrics:
    """Return metrics with the series of 20 models and 30 routes."""
    metrics = Metrics(lists=lambda _: True, about={"version": "", "python": "", "environment": ""})
    for number in range(20):
        metrics.notice(call(f"openai/{number}"))
    for number in range(30):
        metrics.notice(request(f"/route/{number}"))
    return metrics


async def microseconds(piece: Piece, times: int) -> float:
    """Return the mean of `times` calls."""
    began = time.perf_counter()
    for _ in range(times):
        found = piece()
        if isinstance(found, Awaitable):
            await found
    return (time.perf_counter() - began) / times * 1e6


async def key_of(services: Services) -> str:
    """Make a user with a key."""
    source = Source()
    local = Principal(id="", kind="operator", role=Role.ADMIN, permissions=permitted(Role.ADMIN, "local"), name="bench")
    user = await services.access.accounts.create_user("bench", Role.ADMIN, password=None, actor=local, source=source)
    owner = Principal(id=user.id, kind="user", role=user.role, permissions=local.permissions, name="bench")
    made: Mapping[str, Any] = await set_up(services).keys.create(owner, WantedKey("bench"), source=source)
    return str(made["key"])


async def completed(app: Any, state: Mapping[str, Any], key: str) -> None:
    """Ask the application for one completion."""
    bodies = [{"type": "http.request", "body": BODY, "more_body": False}]
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return bodies.pop() if bodies else await asyncio.Future()

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = {"host": "127.0.0.1", "authorization": f"Bearer {key}", "content-type": "application/json"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/chat/completions",
        "raw_path": b"/v1/chat/completions",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50000),
        "state": dict(state),
    }
    await app(scope, receive, send)
    if statuses != [200]:
        raise RuntimeError(f"a completion was answered with {statuses}")


async def measure(rounds: int, times: int) -> dict[str, float]:
    """Return the median of all rounds, the pieces in turn within each."""
    with tempfile.TemporaryDirectory(prefix="ultra-counting-") as folder:
        loaded = _loaded(Path(folder))
        metrics, held = filled(), request()
        siblings = Siblings(folder=Path(folder), name="bench")
        async with build(loaded, system=System(), serves=True) as services:
            key = await key_of(services)
            app: Any = create_app(loaded)
            state = await _state(services)
            numbers = iter(range(1, 1_000_000))
            pieces: dict[str, tuple[Piece, int]] = {
                "a request is counted": (lambda: metrics.notice(held), times),
                "a call is counted": (lambda: metrics.notice(call()), times),
                "everything is taken": (lambda: tuple(metrics.taken()), max(1, times // 100)),
                "it is written for the siblings": (
                    lambda: siblings.keep(tuple(metrics.taken()), number=next(numbers)),
                    max(1, times // 100),
                ),
                "a whole completion": (lambda: completed(app, state, key), max(1, times // 40)),
            }
            found: dict[str, list[float]] = {name: [] for name in pieces}
            for _ in range(rounds):
                for name, (piece, count) in pieces.items():
                    found[name].append(await microseconds(piece, count))
    return {name: statistics.median(each) for name, each in found.items()}


async def _state(services: Services) -> Mapping[str, Any]:
    """Return what the lifespan would put into the state of requests, in a house that stands already."""
    vigil = Vigil(standing=services.access.authenticator, system=services.system)
    return {"services": services, "desk": set_up(services), "keepers": _keepers(services, vigil)}


def _loaded(folder: Path) -> Loaded:
    limits = {f"ULTRA_LIMIT_{each}_PER_MINUTE": "1000000000" for each in ("REQUESTS", "COST", "ADDRESS", "TOKENS")}
    given = {"ENVIRONMENT": "testing", "ULTRA_LOG_LEVEL": "error", **limits}
    given |= make_secrets(
        missing_secrets(load(environ=given, folder=folder, presets=presets()).settings), system=System()
    )
    return load(environ=given, folder=folder, presets=presets())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--times", type=int, default=2000)
    given = parser.parse_args(arguments)
    found = asyncio.run(measure(given.rounds, given.times))
    whole = found["a whole completion"]
    print(f"load {os.getloadavg()[0]:.1f}; microseconds, and share of a whole completion")
    for name, each in found.items():
        print(f"{name:40}{each:12,.1f}{each / whole:10.2%}")
    counted = found["a request is counted"] + found["a call is counted"]
    print(f"counting costs {counted / whole:.2%} of a completion")
    return 0


if __name__ == "__main__":
    sys.exit(main())

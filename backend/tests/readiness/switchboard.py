"""Ultra with defects that can be switched on one by one, to prove that the readiness suite turns red.

`python -m tests.readiness.switchboard ...` is `ultra ...`, with the defects of the black-box suite's switchboard and
those that only a whole production can have. Every process of a server plants them, workers too.
"""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.blackbox import switchboard as blackbox
from ultra.auth import api_keys, test_mode
from ultra.checks.conditions.check import Diagnosis
from ultra.checks.conditions.shared_limits import SharedLimitsCondition
from ultra.checks.watch import Watch
from ultra.cli._serving import ToldServer
from ultra.domain.identity import Principal, Role
from ultra.gate.guard import Guard
from ultra.gate.headers import SecurityHeaders
from ultra.gate.request_id import RequestId
from ultra.store import backing_up
from ultra.work.in_process import InProcessExecutor

DEFECTS: dict[str, Callable[[], None]] = {}
"""How to plant each of this file's, by name."""


def defect(place: Any, method: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Name a defect by its function, which gets the right method first; kept apart from the black-box suite's."""

    def planting(wrong: Callable[..., Any]) -> Callable[..., Any]:
        blackbox.defect(place, method)(wrong)
        DEFECTS[wrong.__name__] = blackbox.DEFECTS.pop(wrong.__name__)
        return wrong

    return planting


@defect(RequestId, "__call__")
async def describes_itself_to_everybody(right: Any, self: Any, scope: Any, receive: Any, send: Any) -> None:
    """Serve the description of the API to whoever asks."""
    if scope["type"] == "http" and scope["path"] == "/openapi.json":
        body = json.dumps({"openapi": "3.1.0"}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})
        return
    await right(self, scope, receive, send)


@defect(SecurityHeaders, "__call__")
async def forgets_a_header(right: Any, self: Any, scope: Any, receive: Any, send: Any) -> None:
    """Let every page be framed."""

    async def without(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [field for field in message["headers"] if field[0] != b"x-frame-options"]
        await send(message)

    await right(self, scope, receive, without)


@defect(Guard, "_identify")
async def honours_the_removed_header(right: Any, self: Any, keepers: Any, approach: Any, scope: Any) -> Any:
    """Make an administrator of whoever sent X-Test-Mode, although the gate has removed it."""
    if scope["ultra.facts"].get("test_mode_attempt"):
        return test_mode.fixture(Role.ADMIN, "fixture")
    return await right(self, keepers, approach, scope)


@defect(Principal, "may")
def lets_everybody_do_everything(*_: Any) -> bool:
    """Ask nobody's role."""
    return True


@defect(api_keys, "judge")
def takes_revoked_keys(right: Any, key: Any, user: Any, **now: Any) -> Any:
    """Look at everything of a key but whether it was revoked."""
    return right(replace(key, revoked_at=None), user, **now)


@defect(SharedLimitsCondition, "look")
async def calls_every_counter_well(*_: Any) -> Diagnosis:
    """Say that Valkey is well, wherever it is."""
    return Diagnosis("pass")


@defect(Watch, "_note")
def calls_every_part_well(right: Any, self: Any, patient: Any, _: Any) -> None:
    """Say that everything is well, whatever was found."""
    right(self, patient, Diagnosis("pass"))


@defect(backing_up, "back_up")
async def saves_half(right: Any, *args: Any, target: Path, **rest: Any) -> Any:
    """Write half of a backup and say that all is well."""
    made = await right(*args, target=target, **rest)
    os.truncate(target, os.path.getsize(target) // 2)  # noqa: PTH202, ASYNC240 - a moment, in a program for tests
    return made


@defect(ToldServer, "shutdown")
async def drops_streams(*_: Any) -> None:
    """Leave at once, whoever is being answered."""
    os._exit(0)


@defect(InProcessExecutor, "_take_abandoned")
async def leaves_runs_unfinished(*_: Any) -> None:
    """Never look for what a dead process has left."""


def plant() -> None:
    """Plant all, each switched off."""
    blackbox.plant()
    for each in DEFECTS.values():
        each()


if __name__ in ("__main__", "__mp_main__"):  # the second is what a worker's main module is called
    plant()

if __name__ == "__main__":
    from ultra.__main__ import main

    main()

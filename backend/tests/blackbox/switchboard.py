"""Ultra with defects that can be switched on one by one, for tests alone: it proves that the cases bite.

`python -m tests.blackbox.switchboard serve ...` is `ultra serve ...`. Which defect is on stands in the file that the
variable `TESTS_SWITCHBOARD` names, and is read for each request; with an empty file this is Ultra as it is.
"""

import inspect
import json
import os
import sys
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import ultra.app
from ultra.api import analyze
from ultra.auth import api_keys, schemes, test_mode
from ultra.auth.authenticator import Authenticator
from ultra.auth.cookies import Cookie
from ultra.auth.csrf import Csrf
from ultra.auth.passwords import Passwords
from ultra.auth.sign_in import SignIn
from ultra.auth.tokens import AUDIENCE, AccessTokens
from ultra.desk import keys as keys_desk
from ultra.domain.errors import InvalidRequest
from ultra.domain.identity import Role, permitted
from ultra.gate import client_address, csrf, guard, idempotency, problems
from ultra.gate.body import CappedBody
from ultra.gate.flooding import Flooding
from ultra.gate.guard import Guard
from ultra.gate.hosts import Hosts
from ultra.gate.idempotency import Repeats
from ultra.gate.reporting import Reporting
from ultra.gate.vigil import Watched
from ultra.gateway.budgeting import Budgeted
from ultra.limits.policy import LimitPolicy
from ultra.protocols import strict_json
from ultra.services.run_places import HeldPlaces
from ultra.store import keys as stored_keys
from ultra.store.runs import StoredRuns
from ultra.store.sessions import StoredSessions
from ultra.store.sqlite_file import SQLiteFile
from ultra.web import security_txt

DEFECTS: dict[str, Callable[[], None]] = {}
"""How to plant each, by name."""

_LAST = [b""]
_FILE = Path(os.environ.get("TESTS_SWITCHBOARD", os.devnull))


def is_on(name: str) -> bool:
    """Whether a defect is switched on now."""
    return _FILE.read_text().strip() == name


def defect(place: Any, method: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Name a defect by its function, which gets the right method first and takes its place while it is on."""

    def planting(wrong: Callable[..., Any]) -> Callable[..., Any]:
        name = wrong.__name__

        def plant_it() -> None:
            right = getattr(place, method)  # another defect may stand there already

            @wraps(right)
            def either(*args: Any, **kwargs: Any) -> Any:
                return wrong(right, *args, **kwargs) if is_on(name) else right(*args, **kwargs)

            @wraps(right)
            async def either_later(*args: Any, **kwargs: Any) -> Any:
                return await (wrong(right, *args, **kwargs) if is_on(name) else right(*args, **kwargs))

            setattr(place, method, either_later if inspect.iscoroutinefunction(right) else either)

        DEFECTS[name] = plant_it
        return wrong

    return planting


@defect(client_address.ClientAddress, "_walk")
def trusts_forwarded_for(right: Any, self: Any, peer: Any, scope: Any) -> Any:
    """Believe the left-most address that anybody writes down."""
    given = dict(scope["headers"]).get(b"x-forwarded-for", b"").decode("latin-1").split(",")[0].strip()
    return client_address.parsed(given) or right(self, peer, scope)


@defect(AccessTokens, "_verified")
def ignores_the_audience(_: Any, self: Any, text: str, key: bytes) -> Any:
    """Take tokens for somebody else."""
    found = self._jwt.decode(text, key, algorithms=["HS256"], options={"verify_aud": False, "verify_exp": False})
    return {**found, "aud": AUDIENCE}


@defect(AccessTokens, "_verified")
def ignores_the_signature(_: Any, self: Any, text: str, key: bytes) -> Any:
    """Take what a token says without looking who has signed it."""
    return self._jwt.decode(text, key, options={"verify_signature": False})


@defect(Csrf, "judge")
def believes_every_page(*_: Any, **__: Any) -> None:
    """Find that every request is one of ours."""


@defect(Authenticator, "stands")
async def remembers_roles(_: Any, self: Any, recalled: Any, *, version: int | None) -> bool:
    """Let a caller be who they were when they first came."""
    del version
    self._kept[recalled.digest] = (recalled.principal, float("inf"))
    return True


@defect(Authenticator, "identify")
async def honours_every_header(right: Any, self: Any, approach: Any) -> Any:
    """Make an administrator of whoever says so."""
    if b"x-test-mode" in dict(approach.headers):
        return test_mode.fixture(Role.ADMIN, "fixture")
    return await right(self, approach)


@defect(Guard, "_identify")
async def reads_bodies_first(right: Any, self: Any, keepers: Any, approach: Any, scope: Any) -> Any:
    """Parse what nobody has sent before asking who it is."""
    body = await approach.body()
    if body:
        strict_json.loads(body)
    return await right(self, keepers, approach, scope)


@defect(schemes, "of_key")
def ignores_scopes(right: Any, key: Any, user: Any) -> Any:
    """Let a key do all that its owner may do."""
    return replace(right(key, user), permissions=permitted(user.role, "key"))


@defect(schemes, "of_key")
def ignores_the_models_of_a_key(right: Any, key: Any, user: Any) -> Any:
    """Let a key ask every model."""
    return replace(right(key, user), models=None)


@defect(StoredRuns, "get")
async def shows_everybodys_runs(right: Any, self: Any, run_id: str, *, owner: str | None) -> Any:
    """Find a run whoever asks."""
    del owner
    return await right(self, run_id, owner=None)


@defect(LimitPolicy, "caller")
def limits_nobody(*_: Any, **__: Any) -> tuple[()]:
    """Charge nobody anything."""
    return ()


@defect(SignIn, "sign_out")
async def signs_nobody_out(*_: Any, **__: Any) -> bool:
    """Say that a session has ended, and let it go on."""
    return True


@defect(Cookie, "given")
def lets_scripts_read_cookies(right: Any, self: Any, value: str) -> str:
    """Set cookies that every script on the page can read."""
    return str(right(self, value)).replace("; HttpOnly", "")


@defect(strict_json, "_unique")
def takes_the_last_of_two(_: Any, pairs: Any) -> dict[str, Any]:
    """Take one of two equal names."""
    return dict(pairs)


@defect(strict_json, "_refuse_crowds")
def reads_whatever_is_sent(*_: Any) -> None:
    """Build millions of values of a body, and look at them afterwards."""


@defect(Flooding, "charge")
async def counts_whom_it_knows(right: Any, self: Any, limiter: Any, charges: Any, **more: Any) -> Any:
    """Count nobody who has no name."""
    kept = [charge for charge in charges if charge.limit.name != "anonymous"]
    return await right(self, limiter, kept, **more)


@defect(Watched, "__call__")
async def watches_from_the_first_byte(right: Any, self: Any, scope: Any, receive: Any, send: Any) -> None:
    """Let everybody have what they once asked for."""
    late = copy(self)
    late._at_once = False
    await right(late, scope, receive, send)


@defect(Hosts, "_knows")
def answers_to_every_name(*_: Any) -> bool:
    """Answer to a Host of somebody else."""
    return True


@defect(ultra.app, "refuse_fields")
async def repeats_what_was_sent(_: Any, __: Any, error: Any) -> None:
    """Say what was wrong by saying it again."""
    raise InvalidRequest(f"Not valid: {error.errors()}")


@defect(Authenticator, "_find")
async def logs_credentials(right: Any, self: Any, approach: Any) -> Any:
    """Write every header to the log."""
    sys.stderr.write(f"{approach.headers}\n")
    return await right(self, approach)


@defect(test_mode.XTestMode, "_spend")
async def takes_headers_again(*_: Any) -> None:
    """Let a signed header in as often as it comes."""


@defect(test_mode, "_is_forwarding")
def hears_proxies(_: Any, name: bytes) -> bool:
    """Know the usual names of headers that proxies add, and no others."""
    return name.startswith(b"x-forwarded") or name in (b"via", b"forwarded", b"x-real-ip", b"cf-connecting-ip")


@defect(guard, "_is_by_browser")
def looks_at_the_credential_alone(_: Any, __: Any, principal: Any, ___: Any) -> bool:
    """Let the test header replace the checks of a page with the cookie."""
    return bool(principal.credential == "session")


@defect(problems, "is_person")
def writes_for_programs_alone(*_: Any) -> bool:
    """Tell a person what a program reads."""
    return False


@defect(Repeats, "__call__")
async def shares_repetitions(right: Any, self: Any, scope: Any, receive: Any, send: Any) -> None:
    """Give everybody the answer that somebody got under the same key."""
    scope["ultra.principal"] = replace(scope["ultra.principal"], id="everybody")
    await right(self, scope, receive, send)


@defect(idempotency, "_whose")
def takes_a_key_for_its_owner(_: Any, __: Any, given: str) -> str:
    """Give a key the answers that its owner was given."""
    return given


@defect(idempotency, "_without_secret")
def forgets_what_was_made(*_: Any) -> None:
    """Keep nothing of what was made, and make it again."""
    raise InvalidRequest("It was made.")


@defect(StoredSessions, "create")
async def keeps_every_session(right: Any, self: Any, session: Any, audit: Any, *, most: int) -> None:
    """Let sessions pile up."""
    await right(self, session, audit, most=most * 1000)


@defect(SQLiteFile, "write")
async def waits_and_waits(right: Any, self: Any, work: Any, **_: Any) -> Any:
    """Let whoever asks wait for as long as somebody else writes."""
    return await right(self, work, patience_s=20.0)


@defect(csrf, "_refuse_foreign_reads")
def lets_other_sites_listen(*_: Any) -> None:
    """Let a page of another site read in somebody's name."""


@defect(Passwords, "verify")
async def is_quick_with_strangers(right: Any, self: Any, kept: str | None, password: str) -> bool:
    """Save the work for who does not exist."""
    return False if kept is None else bool(await right(self, kept, password))


@defect(analyze, "_question")
def fills_in_templates(right: Any, asked: Any) -> Any:
    """Take a prompt for a template."""
    question = right(asked)
    return replace(question, prompt=question.prompt.replace("{{7*7}}", "49").replace("{prompt}", question.prompt))


@defect(CappedBody, "read")
async def mixes_bodies(right: Any, self: Any) -> bytes:
    """Give a request the body of the one before."""
    body = await right(self)
    if b"Say exactly" not in body:
        return bytes(body)
    before, _LAST[0] = _LAST[0] or body, body
    return before


@defect(keys_desk, "_bounded")
def frees_the_keys_of_keys(right: Any, wanted: Any, maker: Any, **more: Any) -> Any:
    """Make a key with a key as if a person had asked for it."""
    return right(wanted, None, **more)


@defect(stored_keys, "revoke_made_with")
def spares_the_keys_of_keys(right: Any, *asked: Any, **more: Any) -> Any:
    """End a key and nothing that was made with it."""
    return 0


@defect(api_keys, "_line_of")
def gives_every_key_a_purse(right: Any, maker: Any) -> Any:
    """Count every key by itself."""
    return None


@defect(Budgeted, "refuse_unpayable")
async def begins_what_cannot_be_paid(right: Any, *asked: Any) -> None:
    """Find out whether a run can be paid when it has begun."""


@defect(HeldPlaces, "take")
async def counts_no_runs(right: Any, *asked: Any) -> None:
    """Let everybody have as many runs at once as they like."""


@defect(SignIn, "supersede")
async def leaves_the_session_before(right: Any, *asked: Any, **more: Any) -> None:
    """Let a browser that signs in again keep the session it came with."""


@defect(Reporting, "_write")
async def tells_of_no_trip(right: Any, *asked: Any, **more: Any) -> None:
    """Keep limits that trip, and things of others that are reached for, out of the audit."""


@defect(security_txt, "written")
def says_until_yesterday(right: Any, *given: Any, now: Any, **rest: Any) -> str:
    """Tell a date that is over."""
    return str(right(*given, now=now.replace(year=2020), **rest))


def plant() -> None:
    """Plant all, each switched off."""
    for each in DEFECTS.values():
        each()
    strict_json._STRICT = json.JSONDecoder(
        object_pairs_hook=lambda pairs: strict_json._unique(pairs),  # noqa: PLW0108 - looked up anew, it changes
        parse_int=strict_json._bounded,
    )


if __name__ == "__main__":
    from ultra.__main__ import main

    plant()
    main()

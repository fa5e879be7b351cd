"""The first word about a request: is there room, and what must nobody behind this door ever see?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from ultra.domain.errors import Overloaded
from ultra.gate.keepers import keepers_of
from ultra.gate.refusing import tell

TEST_MODE = b"x-test-mode"
_BLANKS = b" \t\x0b\x0c\r\n"
_RETRY_AFTER_S = 1.0


@dataclass(slots=True)
class Room:
    """How many requests are served at once, and how many may be: of `most` places, `reserved` are kept for a few paths.

    One for a process, however many entrances it has.
    """

    most: int
    reserved: int
    present: int = 0

    def is_full(self, *, reserved: bool) -> bool:
        """Whether another request finds no place."""
        return self.present >= (self.most if reserved else max(1, self.most - self.reserved))


class Admission:
    """Lets in as many requests as there is room for; some places are kept for `reserved_paths`.

    Liveness and signing in are on those paths: a full server must still say that it lives, and let its operator in.

    Removes `X-Test-Mode` in every spelling before anybody else reads the headers. Where `honours_test_mode` the exact
    name stays; elsewhere an attempt is told to the audit, and the request goes on as if the header had not been there.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        room: Room,
        reserved_paths: Collection[str],
        honours_test_mode: bool,
    ) -> None:
        self._app = app
        self._room = room
        self._reserved_paths = frozenset(reserved_paths)
        self._kept = TEST_MODE if honours_test_mode else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._remove(scope)
        if self._room.is_full(reserved=scope["path"] in self._reserved_paths):
            raise Overloaded(
                "The server is at its limit.", hint="Wait as long as Retry-After says.", retry_after=_RETRY_AFTER_S
            )
        self._room.present += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._room.present -= 1

    async def _remove(self, scope: Scope) -> None:
        headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        left = [each for each in headers if not is_test_mode(each[0]) or each[0] == self._kept]
        if len(left) == len(headers):
            return
        scope["headers"] = left
        scope["ultra.facts"]["test_mode_attempt"] = len(headers) - len(left)
        if self._kept is None:
            refusals = keepers_of(scope).refusals
            await tell(refusals, "test_mode_attempt", cause="not_testing", scope=scope)


def is_test_mode(name: bytes) -> bool:
    """Whether a header's name is that of the test mode, in any spelling that some server or gateway reads as such."""
    return len(name) >= len(TEST_MODE) and name.strip(_BLANKS).lower().replace(b"_", b"-") == TEST_MODE

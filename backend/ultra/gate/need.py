"""What a route asks of its caller, as a value."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ultra.domain.identity import Permission

Cost: TypeAlias = Literal["probe", "read", "write", "sign_in", "completion", "run"]
"""What kind of effort a route is: the limiter's own kinds, and `probe`, which is never counted and asks nobody."""

Csrf: TypeAlias = Literal["session", "form", "sign_in", "sign_in_form", "program"]
"""Which protection against other sites' pages a route has.

`session`: unsafe requests that a session's cookie authenticates carry the token in a header. `form`: the same for a
page, whose form carries it in a field. `sign_in` and `sign_in_form`: always, bound to the session's or the
pre-session's cookie, because another site must not sign a browser in. `program`: no token, for routes whose credential
stands in the body; but what says that it comes from another site's page is refused.
"""

_NOBODYS_BYTES: Final = 64 * 1024
_SMALL_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Need:
    """What a route asks. `permission` None lets everybody in, signed in or not.

    Whoever comes to an open route is not looked at, unless it `greets`: then it is told who is signed in, and a
    credential that is not good makes nobody of its bearer instead of a refusal.

    `idempotent` routes keep the answer to a request with an `Idempotency-Key` for its repetitions. Of an answer that
    `shows_secret` only that it was given is kept, and what it was about: a repetition hears that it was done.

    `reserved` routes are answered even when the server is full: liveness, and signing in to look what is wrong.
    """

    permission: Permission | None
    cost: Cost = "read"
    csrf: Csrf = "session"
    reserved: bool = False
    greets: bool = False
    idempotent: bool = False
    shows_secret: bool = False

    @property
    def reads_form(self) -> bool:
        """Whether the body is a page's form."""
        return self.csrf in ("form", "sign_in_form")

    def most_bytes(self, largest: int) -> int:
        """Return how many bytes a body may have: `largest` where prompts and pictures come, and little elsewhere.

        Least where anybody may send it: what a body costs to read, nobody can be asked for there.
        """
        if self.permission is None:
            return min(_NOBODYS_BYTES, largest)
        return largest if self.cost in ("completion", "run") else min(_SMALL_BYTES, largest)

"""One-time links as text: what they are for, 256 random bits, and the user's name.

The name stands in the text so that a password can be judged against it before the link is used up. Of the whole text
only SHA-256 is kept, so none of its parts can be exchanged.
"""

import base64
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, TypeAlias

from ultra.auth.encodings import fingerprint
from ultra.domain.access import SignInLink, User
from ultra.system import System

Purpose: TypeAlias = Literal["sign-in", "reset"]

LIFETIMES = {"sign-in": timedelta(hours=1), "reset": timedelta(hours=24)}

PREFIX = "ultra_ln_"

_LETTERS = {"sign-in": "s", "reset": "r"}
_SHAPE = re.compile(PREFIX + r"([sr])_[A-Za-z0-9_-]{1,128}\.([A-Za-z0-9_-]{2,100})")


@dataclass(frozen=True, slots=True)
class WrittenLink:
    """A link as it is kept, and its text, which is handed out once."""

    link: SignInLink
    text: str = field(repr=False)


def write(user: User, purpose: Purpose, *, system: System) -> WrittenLink:
    """Make a link for a user."""
    name = base64.urlsafe_b64encode(user.username.encode("utf-8")).rstrip(b"=").decode("ascii")
    text = f"{PREFIX}{_LETTERS[purpose]}_{system.token()}.{name}"
    now = system.now()
    link = SignInLink(
        hash=fingerprint(text), user_id=user.id, purpose=purpose, created_at=now, expires_at=now + LIFETIMES[purpose]
    )
    return WrittenLink(link, text)


def username_in(text: str, purpose: Purpose) -> str | None:
    """Return the name in a link's text, None when it is no link or one for something else."""
    shape = _SHAPE.fullmatch(text)
    if shape is None or shape[1] != _LETTERS[purpose]:
        return None
    try:
        return base64.urlsafe_b64decode(shape[2] + "=" * (-len(shape[2]) % 4)).decode("utf-8")
    except ValueError:
        return None

"""A browser that an account has signed in with is known to that account, and to no other."""

import pytest

from ultra.auth.cookies import device_cookie
from ultra.auth.devices import Devices
from ultra.system import System


def devices(key: bytes = b"k" * 32) -> Devices:
    """Recognise with a key."""
    return Devices(key=key, cookie=device_cookie(secure=True), system=System())


def brought(set_cookie: str) -> list[tuple[bytes, bytes]]:
    """Return the headers of a browser that was given the cookie."""
    return [(b"cookie", set_cookie.split(";", 1)[0].encode())]


def test_a_known_device_has_a_name() -> None:
    """The same cookie is the same device, whatever the case of the name."""
    known = devices()
    presented = known.presented(brought(known.remember("Ada")))
    assert known.recognise("ada", presented)
    assert known.recognise("ada", presented) == known.recognise("ADA", presented)


def test_two_browsers_are_two_devices() -> None:
    """Each has a counter of its own."""
    known = devices()
    names = {known.recognise("ada", known.presented(brought(known.remember("ada")))) for _ in range(2)}
    assert len(names) == 2


def test_nobody_else_is_known() -> None:
    """Another account, another key, and anything made up are strangers."""
    known = devices()
    presented = known.presented(brought(known.remember("ada")))
    assert known.recognise("bob", presented) is None
    assert devices(b"o" * 32).recognise("ada", presented) is None


@pytest.mark.parametrize("value", ["", "x", "-", "a-b", "00" * 16 + "-" + "00" * 32])
def test_what_is_made_up_is_a_stranger(value: str) -> None:
    """No shape of value is taken for a seal."""
    assert devices().recognise("ada", value or None) is None


def test_a_broken_cookie_is_none() -> None:
    """What cannot be Ultra's is nothing, never an error: it opens nothing anyway."""
    assert devices().presented([(b"cookie", b"__Host-ultra-device=\xff\xff")]) is None

"""Sealed texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.auth.sealing import seal, unseal


@given(text=st.text(max_size=200), secret=st.text(max_size=60), chance=st.text(max_size=30))
def test_the_secret_opens_what_it_sealed(text: str, secret: str, chance: str) -> None:
    """Any text comes back, of any length."""
    assert unseal(seal(text, secret=secret, chance=chance), secret=secret) == text


def test_another_secret_opens_nothing() -> None:
    """Without the very secret there is no answer."""
    assert unseal(seal("successor", secret="a", chance="c"), secret="b") is None


def test_every_altered_byte_is_noticed() -> None:
    """Nonce, text and tag are all authenticated."""
    sealed = seal("successor", secret="a", chance="c")
    for place in range(len(sealed)):
        altered = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        assert unseal(altered, secret="a") is None


@pytest.mark.parametrize("size", [0, 1, 16, 47])
def test_what_is_too_short_is_refused(size: int) -> None:
    """A cut text is no sealed text."""
    assert unseal(seal("", secret="a", chance="c")[:size], secret="a") is None


def test_pads_differ_from_one_sealing_to_the_next() -> None:
    """Two texts sealed under one secret do not share a pad: their difference does not show."""
    one, other = (seal("A" * 40, secret="a", chance=chance) for chance in ("x", "y"))
    assert one[16:56] != other[16:56]
    pad = bytes(byte ^ ord("A") for byte in one[16:56])
    assert pad[:32] != pad[8:40]
    assert pad[:8] != pad[32:], "the pad does not repeat from block to block"
    assert b"AAAA" not in one

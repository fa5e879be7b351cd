"""Texts of secrets."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from ultra.auth.encodings import DIGITS, base62, fingerprint, keyed, same


@given(st.integers(min_value=0, max_value=62**12 - 1))
def test_base62_can_be_read_back(value: int) -> None:
    """A number that fits its width is what its digits say."""
    text = base62(value, 12)
    total = 0
    for digit in text:
        total = total * 62 + DIGITS.index(digit)
    assert (total, len(text)) == (value, 12)


def test_a_fingerprint_is_sha_256() -> None:
    """Whoever has the text finds the row, and nobody the text from the row."""
    assert fingerprint("abc") == hashlib.sha256(b"abc").hexdigest()


def test_parts_cannot_run_into_one_another() -> None:
    """Moving a character from one part to the next changes the hash; so do the key and the number of parts."""
    assert len({keyed(b"k", "ab", "c"), keyed(b"k", "a", "bc"), keyed(b"k", "abc"), keyed(b"l", "ab", "c")}) == 4
    assert keyed(b"k", "ab") == keyed(b"k", b"ab")


def test_same_compares_text_and_bytes() -> None:
    """Equal is equal, whatever characters there are."""
    assert same("é", "é".encode())
    assert not same("é", "e")
    assert not same("\ud800", "x")

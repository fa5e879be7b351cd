"""Rings of named secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.auth.key_ring import KeyRing, WeakRing, read_ring

ONE = "abcdefghijklmnopqrstuvwxyz0123456789"
OTHER = "zyxwvutsrqponmlkjihgfedcba9876543210"


def test_the_first_signs_and_all_verify() -> None:
    """Entries keep their order; blanks around them do not count."""
    ring = read_ring(f"b:{ONE}, a:{OTHER}")
    assert ring.first == "b"
    assert ring.names == ("b", "a")
    assert ring.secrets["a"] == OTHER.encode()


def test_a_secret_may_hold_colons() -> None:
    """Only the first colon separates."""
    assert read_ring(f"a:{ONE}:x").secrets["a"] == f"{ONE}:x".encode()


def test_one_secret_without_a_name_is_a_ring() -> None:
    """It is named after itself, always the same, and another secret gets another name."""
    ring = read_ring(ONE)
    assert ring.secrets[ring.first] == ONE.encode()
    assert read_ring(ONE).first == ring.first != read_ring(OTHER).first
    assert ring.first not in ONE


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        f"a:{ONE},",
        f":{ONE}",
        f"a b:{ONE}",
        f"a:{ONE},{OTHER}",
        f"a:{ONE},a:{OTHER}",
        f"a:{ONE},b:{ONE}",
        f"a:{ONE[:31]}",
        ONE[:31],
        "a:",
        "a:" + "x" * 64,
        "a:" + "0123456" * 9,
        f"{'n' * 33}:{ONE}",
    ],
)
def test_a_weak_ring_is_refused_without_being_shown(text: str) -> None:
    """Short, repeated, nameless or twice the same: no ring; the message holds no secret."""
    with pytest.raises(WeakRing) as caught:
        read_ring(text)
    assert ONE[:10] not in str(caught.value)


def test_thirty_two_bytes_are_enough() -> None:
    """The bound itself is allowed, and bytes count, not characters."""
    assert read_ring("a:" + ONE[:32]).secrets["a"] == ONE[:32].encode()
    assert read_ring("a:" + "äöüßéèêà" * 2)
    assert read_ring("a:" + "abcdefgh" * 4)
    with pytest.raises(WeakRing):
        read_ring("a:" + "abcdefg" * 5)


def test_a_ring_shows_names_only() -> None:
    """No secret is in its repr."""
    assert ONE not in repr(read_ring(f"a:{ONE}"))


@given(st.text())
def test_any_text_is_a_ring_or_refused(text: str) -> None:
    """Nothing else is ever raised, and what is accepted is strong."""
    try:
        ring = read_ring(text)
    except WeakRing:
        return
    assert isinstance(ring, KeyRing)
    assert all(len(secret) >= 32 for secret in ring.secrets.values())

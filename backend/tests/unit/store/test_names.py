"""When two user names are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.store.names import folded_name


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ada", "ADA"), ("Straße", "STRASSE"), ("ﬁ", "FI"), ("Å", "a\u030a"), ("Ａ", "a"), ("ΣΑΣ", "σας"), ("ſ", "S")],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    """Case, ligatures, widths and ways to compose a letter make no difference."""
    assert folded_name(one) == folded_name(other)


@pytest.mark.parametrize(("one", "other"), [("ada", "adá"), ("ada", "ada "), ("l", "1"), ("а", "a")])
def test_different_names(one: str, other: str) -> None:
    """Accents, spaces and letters of other alphabets do."""
    assert folded_name(one) != folded_name(other)


@given(st.text())
def test_folding_again_changes_nothing(name: str) -> None:
    """The folded form is its own folded form, whatever the name."""
    once = folded_name(name)
    assert folded_name(once) == once
    assert folded_name(name.casefold()) == once

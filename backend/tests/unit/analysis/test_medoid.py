"""The representative of several texts is the one closest to the others."""

import pytest
from hypothesis import given, strategies

from ultra.analysis.medoid import medoid


def test_the_odd_one_out_is_not_chosen() -> None:
    """Among two alike and one apart, one of the two represents them."""
    texts = ["Bananas are yellow fruit.", "Light is scattered by air molecules.", "Air molecules scatter the light."]
    assert medoid(texts) in (1, 2)


def test_equals_give_the_first() -> None:
    """The choice does not depend on chance."""
    assert medoid(["same", "same", "same"]) == 0


def test_nothing_has_no_representative() -> None:
    """Without a text there is nothing to choose."""
    with pytest.raises(ValueError, match="no text"):
        medoid([])


@given(strategies.lists(strategies.text(max_size=50), min_size=1, max_size=6))
def test_any_texts_have_a_representative(texts: list[str]) -> None:
    """Empty and strange texts included."""
    assert 0 <= medoid(texts) < len(texts)

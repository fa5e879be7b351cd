"""Which models a caller may ask."""

import pytest

from tests.fakes.catalogue import model
from ultra.desk.reach import may_ask, refuse_others
from ultra.domain.errors import NotFound
from ultra.domain.identity import Principal

ONE, TWO = model("a/one"), model("a/two")


def holder(*models: str) -> Principal:
    """Return a key for these models."""
    return Principal(id="user_ann", kind="service", models=models)


def test_without_a_list_everything_is_in_reach() -> None:
    """A person, or a key that names no model, asks whom it likes."""
    assert may_ask(Principal(id="user_ann", kind="user"), "fast", [ONE, TWO])


def test_a_name_that_is_listed_is_in_reach() -> None:
    """An alias is listed as such, whatever it stands for."""
    assert may_ask(holder("fast"), "fast", [ONE, TWO])


def test_an_alias_is_in_reach_when_all_of_it_is() -> None:
    """Not one of its models may lie outside."""
    assert may_ask(holder("a/one", "a/two"), "fast", [ONE, TWO])
    assert not may_ask(holder("a/one"), "fast", [ONE, TWO])


def test_out_of_reach_looks_like_not_there() -> None:
    """The refusal does not tell that the model exists."""
    with pytest.raises(NotFound) as refusal:
        refuse_others(holder("a/one"), "a/two", [TWO])
    assert refusal.value.code == "model_not_found"
    refuse_others(holder("a/one"), "a/one", [ONE])

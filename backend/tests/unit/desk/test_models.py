"""Words of a query about models: known ones filter, unknown ones are refused."""

import pytest

from ultra.desk.models import _filter
from ultra.domain.errors import InvalidRequest
from ultra.inventory.listing import Filter


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, Filter()),
        ({"available": "true"}, Filter(available=True)),
        ({"available": "false"}, Filter(available=False)),
        ({"provider": "acme"}, Filter(provider="acme")),
        ({"capability": "tools,vision"}, Filter(capabilities=("tools", "vision"))),
        ({"include": "retired"}, Filter(include_retired=True)),
        ({"include": "forbidden"}, Filter()),
        ({"kind": "ensemble"}, Filter(kind="ensemble")),
    ],
)
def test_known_words_filter(query: dict[str, str], wanted: Filter) -> None:
    """Each parameter becomes its part of the filter."""
    assert _filter(query) == wanted


@pytest.mark.parametrize(
    "query",
    [
        {"available": "maybe"},
        {"available": "true,false"},
        {"kind": "other"},
        {"kind": "upstream,ensemble"},
        {"include": "retired,everything"},
        {"capability": "tools,flying"},
        {"colour": "blue"},
    ],
)
def test_unknown_words_are_refused(query: dict[str, str]) -> None:
    """A word that would be ignored is an error instead, by the name of its parameter."""
    with pytest.raises(InvalidRequest) as refused:
        _filter(query)
    assert refused.value.param == next(iter(query))

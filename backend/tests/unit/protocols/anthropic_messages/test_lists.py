"""Anthropic's model list and its paging."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.domain.errors import InvalidRequest
from ultra.domain.models import Capabilities, Lifecycle, Limits, ListedModel
from ultra.protocols.anthropic_messages import model, models


def _listed(count: int) -> list[ListedModel]:
    return [ListedModel(f"m{index}") for index in range(count)]


def test_a_model_says_what_is_known() -> None:
    """Known facts in the vendor's words, unknown capabilities as null."""
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    told = model(
        ListedModel(
            "opus",
            display_name="Opus",
            created=at,
            limits=Limits(context_tokens=100, max_output_tokens=10),
            capabilities=Capabilities(reasoning=True, reasoning_efforts=("low",), reasoning_can_disable=False),
            lifecycle=Lifecycle(status="deprecated", deprecated_at=at, retires_at=at),
        )
    )
    assert told["created_at"] == told["deprecated_at"] == told["retires_at"] == "2026-01-02T03:04:05Z"
    assert (told["type"], told["id"], told["display_name"], told["lifecycle"]) == (
        "model",
        "opus",
        "Opus",
        "deprecated",
    )
    assert (told["max_input_tokens"], told["max_tokens"]) == (100, 10)
    assert told["capabilities"]["effort"]["low"] == {"supported": True}
    assert told["capabilities"]["effort"]["max"] == {"supported": False}
    assert told["capabilities"]["thinking"]["types"]["disabled"] == {"supported": False}
    assert told["capabilities"]["structured_outputs"] == {"supported": None}
    assert model(ListedModel("x"))["created_at"] == "1970-01-01T00:00:00Z"


@given(count=st.integers(0, 12), limit=st.integers(1, 5))
def test_following_pages_comes_to_an_end_with_every_model_once(count: int, limit: int) -> None:
    """Forwards by `after_id` and backwards by `before_id`."""
    names = [each.name for each in _listed(count)]
    seen: list[str] = []
    page = models(_listed(count), limit=limit)
    seen += [each["id"] for each in page["data"]]
    while page["has_more"]:
        page = models(_listed(count), limit=limit, after_id=page["last_id"])
        seen += [each["id"] for each in page["data"]]
    assert seen == names
    if count:
        page = models(_listed(count), limit=limit, before_id=names[-1])
        back = [each["id"] for each in page["data"]]
        while page["has_more"]:
            page = models(_listed(count), limit=limit, before_id=page["first_id"])
            back = [each["id"] for each in page["data"]] + back
        assert back == names[:-1]


def test_an_empty_list_has_no_ends() -> None:
    """No models: no ids, no more."""
    assert models([]) == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"after_id": "zz"}, "after_id"),
        ({"before_id": "zz"}, "before_id"),
        ({"after_id": "m0", "before_id": "m1"}, "before_id"),
    ],
)
def test_a_bad_page_is_refused_by_name(query: dict[str, object], param: str) -> None:
    """Bounds and unknown ids."""
    with pytest.raises(InvalidRequest) as caught:
        models(_listed(2), **query)  # type: ignore[arg-type]  # the cases name their own types
    assert caught.value.param == param

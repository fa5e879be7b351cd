"""Gemini's model list and its paging."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.domain.errors import InvalidRequest
from ultra.domain.models import Capabilities, Limits, ListedModel
from ultra.protocols.gemini_generate import model, models


def test_a_model_says_what_is_known() -> None:
    """Unknown fields are left out."""
    known = ListedModel(
        "pro", "Pro", limits=Limits(max_input_tokens=5, max_output_tokens=4), capabilities=Capabilities(reasoning=True)
    )
    methods = ["generateContent", "countTokens"]
    assert model(known) == {
        "name": "models/pro",
        "version": "001",
        "displayName": "Pro",
        "inputTokenLimit": 5,
        "outputTokenLimit": 4,
        "supportedGenerationMethods": methods,
        "thinking": True,
    }
    assert model(ListedModel("x")) == {
        "name": "models/x",
        "version": "001",
        "displayName": "x",
        "supportedGenerationMethods": methods,
    }


@given(count=st.integers(0, 12), size=st.integers(1, 5))
def test_following_pages_comes_to_an_end_with_every_model_once(count: int, size: int) -> None:
    """Tokens lead through the whole list."""
    listed = [ListedModel(f"m{index}") for index in range(count)]
    page = models(listed, page_size=size)
    seen = page["models"]
    while token := page.get("nextPageToken"):
        page = models(listed, page_size=size, page_token=token)
        seen = seen + page["models"]
    assert [each["name"] for each in seen] == [f"models/m{index}" for index in range(count)]


@pytest.mark.parametrize("token", ["x", "-1", "99", "1" * 5000, "²"])
def test_a_made_up_token_is_refused(token: str) -> None:
    """Only tokens that were given out count."""
    with pytest.raises(InvalidRequest) as caught:
        models([ListedModel("a"), ListedModel("b")], page_token=token)
    assert caught.value.param == "pageToken"


def test_a_negative_page_is_refused_and_zero_is_the_default() -> None:
    """Google takes 0 as unset."""
    with pytest.raises(InvalidRequest):
        models([], page_size=-1)
    assert len(models([ListedModel("a")] * 60, page_size=0)["models"]) == 50

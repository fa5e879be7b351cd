"""Fields are read by type and complained about by name."""

import pytest

from ultra.domain.errors import InvalidRequest
from ultra.protocols.fields import Fields, refuse_steering, snake_case


def test_what_nobody_asked_for_is_left() -> None:
    """Known fields and nulls are not left over."""
    fields = Fields({"a": "x", "b": 1, "c": None, "d": False})
    fields.text("a")
    assert fields.left() == {"b": 1, "d": False}


def test_snake_case_is_found_under_the_camel_case_name() -> None:
    """Either spelling is read; the complaint uses camelCase."""
    fields = Fields({"top_k": "x", "maxTokens": 1}, "config", snake=True)
    assert fields.integer("maxTokens") == 1
    with pytest.raises(InvalidRequest) as caught:
        fields.integer("topK")
    assert caught.value.param == "config.topK"
    assert fields.left() == {}


def test_a_path_leads_through_objects_and_arrays() -> None:
    """The path is what a client would type to reach the field."""
    outer = Fields({"a": [{"b": {"c": 5}}]})
    (inner,) = outer.objects("a")
    with pytest.raises(InvalidRequest, match="must be a string, not an integer") as caught:
        inner.need_object("b").text("c")
    assert (caught.value.param, caught.value.code) == ("a[0].b.c", "invalid_type")


@pytest.mark.parametrize(("low", "high", "said"), [(1, None, "at least 1"), (None, -1, "at most -1"), (1, 2, "1 to 2")])
def test_bounds_are_told(low: int | None, high: int | None, said: str) -> None:
    """The hint says what would be accepted."""
    with pytest.raises(InvalidRequest) as caught:
        Fields({"n": 0}).integer("n", low, high)
    assert said in str(caught.value.hint)


def test_a_boolean_is_no_number() -> None:
    """Python counts True as 1; JSON does not."""
    for read in (Fields({"n": True}).integer, Fields({"n": True}).number):
        with pytest.raises(InvalidRequest):
            read("n")


@pytest.mark.parametrize(
    "left",
    [
        {"api_base": "x"}, {"a": {"BASE_URL": "x"}}, {"a": [[{"proxy": 1}]]}, {"a": {"metadata": {"webhook": 1}}},
    ],
)  # fmt: skip
def test_no_field_may_say_where_a_request_goes(left: dict[str, object]) -> None:
    """At any depth, in any case of letters."""
    with pytest.raises(InvalidRequest):
        refuse_steering(left)


def test_metadata_is_the_callers_own() -> None:
    """Keys in top-level metadata are plain data."""
    refuse_steering({"metadata": {"proxy": "x", "__proto__": 1}, "logit_bias": {"50256": -100}})


def test_a_name_is_said_back_in_short() -> None:
    """A client's own names are as long as it likes; what is complained about is found without writing them out."""
    deep: dict[str, object] = {"Proxy": [1] * 1000}
    for _ in range(60):
        deep = {"x" * 10_000: [0, deep]}
    with pytest.raises(InvalidRequest) as caught:
        refuse_steering(deep)
    assert str(caught.value.param).endswith("...[1].Proxy")
    assert len(caught.value.message) < 5000


def test_names_are_spelled_the_other_way() -> None:
    """One underscore before each capital, none at the start."""
    assert snake_case("responseJsonSchema") == "response_json_schema"
    assert snake_case("Name") == "name"

"""OpenAI chat requests, read whole or refused by name."""

import base64
from typing import Any

import pytest

from ultra.domain.chat import (
    Audio,
    File,
    Image,
    Loss,
    Message,
    Output,
    Reasoning,
    ReasoningWish,
    Refusal,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from ultra.domain.errors import InvalidRequest
from ultra.protocols.openai_chat import parse, wants_storage, wants_usage

_PNG = base64.b64encode(b"\x89PNG").decode()
_USER = {"role": "user", "content": "hi"}
_TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
_OTHER = {"type": "function", "function": {"name": "wait"}}
_CALLING = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{bad"}}],
}


def _body(**more: Any) -> dict[str, Any]:
    return {"model": "openai/gpt", "messages": [_USER], **more}


def test_everything_the_canonical_form_has_is_carried() -> None:
    """A request that uses all of the wire arrives whole."""
    request = parse(
        _body(
            messages=[
                {"role": "developer", "content": "be brief"},
                {"role": "system", "content": [{"type": "text", "text": "be kind"}]},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "see"},
                        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_PNG}", "detail": "low"}},
                        {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
                        {"type": "input_audio", "input_audio": {"data": _PNG, "format": "wav"}},
                        {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{_PNG}", "filename": "a"}},
                        {"type": "file", "file": {"file_id": "f1"}},
                    ],
                },
                {**_CALLING, "reasoning_content": "hm", "content": ""},
                {"role": "tool", "tool_call_id": "c1", "content": "42"},
                {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
                {"role": "system", "content": "later"},
            ],
            stream=True,
            stream_options={"include_usage": True},
            tools=[{"type": "function", "function": {**_TOOL["function"], "description": "d", "strict": True}}],
            tool_choice={"type": "function", "function": {"name": "look"}},
            parallel_tool_calls=False,
            response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": {"a": 1}, "strict": True}},
            max_completion_tokens=9,
            reasoning_effort="xhigh",
            temperature=1,
            top_p=0.5,
            seed=3,
            stop="END",
            presence_penalty=-1,
            frequency_penalty=1.5,
            user="u",
            safety_identifier="s",
        )
    )
    assert request.model == "openai/gpt"
    assert request.instructions == (Text("be brief"), Text("be kind"))
    assert request.messages == (
        Message(
            "user",
            (
                Text("see"),
                Image(data=b"\x89PNG", media_type="image/png", detail="low"),
                Image(url="https://x.test/a.png"),
                Audio(b"\x89PNG", "wav"),
                File(data=b"\x89PNG", media_type="application/pdf", filename="a"),
                File(file_id="f1"),
            ),
        ),
        Message("assistant", (Reasoning("hm"), ToolCall("c1", "look", "{bad"))),
        Message("tool", (ToolResult("c1", (Text("42"),), name="look"),)),
        Message("assistant", (Refusal("no"),)),
        Message("system", (Text("later"),)),
    )
    assert request.stream
    assert request.tools == (Tool("look", "d", {"type": "object"}, strict=True),)
    assert request.tool_choice == ToolChoice("named", ("look",), parallel=False)
    assert request.output == Output("json_schema", "n", {"a": 1}, strict=True)
    assert request.max_output_tokens == 9
    assert request.reasoning == ReasoningWish(effort="xhigh")
    assert request.sampling == Sampling(1.0, 0.5, None, 3, ("END",), -1.0, 1.5)
    assert request.end_user == "s"
    assert request.provider_options == {}
    assert request.losses == ()


def test_fields_of_the_vendor_are_kept_for_it() -> None:
    """What the canonical form has no place for goes to `provider_options`, nulls and defaults aside."""
    request = parse(
        _body(logprobs=True, n=3, metadata={"proxy": "mine"}, store=None, service_tier="flex", verbosity="low")
    )
    assert request.provider_options == {
        "openai": {"logprobs": True, "n": 3, "metadata": {"proxy": "mine"}, "service_tier": "flex", "verbosity": "low"}
    }
    assert parse(_body(n=1)).provider_options == {}


@pytest.mark.parametrize(
    ("choice", "expected", "tools"),
    [
        (None, ToolChoice(), 2),
        ("auto", ToolChoice("auto"), 2),
        ("none", ToolChoice("none"), 2),
        ("required", ToolChoice("required"), 2),
        ({"type": "function", "function": {"name": "wait"}}, ToolChoice("named", ("wait",)), 2),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [_TOOL]}},
            ToolChoice("named", ("look",)),
            2,
        ),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [_TOOL]}}, ToolChoice(), 1),
    ],
)
def test_every_form_of_choosing_a_tool_is_read(choice: Any, expected: ToolChoice, tools: int) -> None:
    """Words, one function, and allowed tools; an optional choice of few offers only those."""
    request = parse(_body(tools=[_TOOL, _OTHER], tool_choice=choice))
    assert request.tool_choice == expected
    assert len(request.tools) == tools


def test_either_name_of_the_output_limit_counts() -> None:
    """The deprecated name works, alone or when both agree."""
    assert parse(_body(max_tokens=5)).max_output_tokens == 5
    assert parse(_body(max_tokens=5, max_completion_tokens=5)).max_output_tokens == 5


def test_a_request_of_instructions_only_still_has_a_message() -> None:
    """The last of nothing but system messages stays a message."""
    request = parse(_body(messages=[{"role": "system", "content": "a"}, {"role": "system", "content": "b"}]))
    assert request.instructions == (Text("a"),)
    assert request.messages == (Message("system", (Text("b"),)),)


def test_what_has_no_place_is_reported() -> None:
    """Names of participants and cache hints are lost, and say so."""
    part = {"type": "text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}
    request = parse(_body(messages=[{"role": "user", "name": "Ann", "content": [part]}]))
    assert request.losses == (
        Loss("messages[0].name", "dropped", "names of participants are not passed on"),
        Loss("messages[0].content[0].prompt_cache_breakpoint", "dropped", "cache hints are not passed on"),
    )


def test_usage_is_wanted_only_when_asked_for() -> None:
    """`stream_options.include_usage` decides."""
    assert wants_usage({"stream_options": {"include_usage": True}})
    assert not wants_usage({"stream_options": {}})
    assert not wants_usage({})


def _with_part(part: Any) -> dict[str, Any]:
    return {"messages": [_USER, {"role": "user", "content": [part]}]}


_PART = "messages[1].content[0]"
_IMAGE = f"{_PART}.image_url"
_ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}}
_CUSTOM_CALL = {"role": "assistant", "tool_calls": [{"id": "c", "type": "custom"}]}
_NO_ID = {"role": "assistant", "tool_calls": [{"function": {"name": "a"}}]}
_SEEN = {"role": "tool", "tool_call_id": "c1", "content": [{"type": "image_url"}]}

_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"model": None}, "model"),
    ({"model": ""}, "model"),
    ({"model": 5}, "model"),
    ({"messages": None}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": "hi"}, "messages"),
    ({"messages": ["hi"]}, "messages[0]"),
    ({"messages": [{"content": "hi"}]}, "messages[0].role"),
    ({"messages": [{"role": "robot", "content": "hi"}]}, "messages[0].role"),
    ({"messages": [{"role": "function", "content": "hi"}]}, "messages[0].role"),
    ({"messages": [{"role": "user"}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": "x", "name": 5}]}, "messages[0].name"),
    (_with_part("x"), "messages[1].content[0]"),
    (_with_part({"text": "x"}), f"{_PART}.type"),
    (_with_part({"type": "video"}), f"{_PART}.type"),
    (_with_part({"type": "text"}), f"{_PART}.text"),
    (_with_part({"type": "text", "text": 5}), f"{_PART}.text"),
    (_with_part({"type": "image_url"}), _IMAGE),
    (_with_part({"type": "image_url", "image_url": "x"}), _IMAGE),
    (_with_part({"type": "image_url", "image_url": {}}), f"{_IMAGE}.url"),
    (_with_part({"type": "image_url", "image_url": {"url": "http://x.test/a.png"}}), _IMAGE),
    (_with_part({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}), _IMAGE),
    (_with_part({"type": "image_url", "image_url": {"url": "data:image/png;base64,@@"}}), _IMAGE),
    (_with_part({"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}), _IMAGE),
    (_with_part({"type": "image_url", "image_url": {"url": "data:image/png,abc"}}), _IMAGE),
    (_with_part({"type": "image_url", "image_url": {"url": f"data:;base64,{_PNG}"}}), _IMAGE),
    (_with_part({"type": "image_url", "image_url": {"url": f"data:text/plain;base64,{_PNG}"}}), _IMAGE),
    (_with_part({"type": "image_url", "image_url": {"url": "https://x", "detail": "huge"}}), f"{_IMAGE}.detail"),
    (_with_part({"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}}), f"{_PART}.input_audio.data"),
    (_with_part({"type": "input_audio", "input_audio": {"data": _PNG}}), f"{_PART}.input_audio.format"),
    (_with_part({"type": "file", "file": {}}), f"{_PART}.file"),
    (_with_part({"type": "file", "file": {"file_data": "x"}}), f"{_PART}.file.file_data"),
    ({"messages": [{"role": "system", "content": [{"type": "image_url"}]}]}, "messages[0].content[0].type"),
    ({"messages": [{"role": "assistant"}]}, "messages[0].content"),
    ({"messages": [{"role": "assistant", "function_call": {}}]}, "messages[0].function_call"),
    ({"messages": [_NO_ID]}, "messages[0].tool_calls[0].id"),
    ({"messages": [{"role": "assistant", "tool_calls": [{"id": "c"}]}]}, "messages[0].tool_calls[0].function"),
    ({"messages": [_CUSTOM_CALL]}, "messages[0].tool_calls[0].type"),
    ({"messages": [_USER, {"role": "tool", "content": "x"}]}, "messages[1].tool_call_id"),
    ({"messages": [_USER, {"role": "tool", "tool_call_id": "c9", "content": "x"}]}, "messages[1].tool_call_id"),
    ({"messages": [_USER, _CALLING, _SEEN]}, "messages[2].content[0].type"),
    ({"stream": "yes"}, "stream"),
    ({"stream_options": []}, "stream_options"),
    ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
    ({"temperature": 2.1}, "temperature"),
    ({"temperature": "hot"}, "temperature"),
    ({"temperature": True}, "temperature"),
    ({"top_p": -0.1}, "top_p"),
    ({"seed": 1.5}, "seed"),
    ({"presence_penalty": 3}, "presence_penalty"),
    ({"frequency_penalty": -3}, "frequency_penalty"),
    ({"stop": 5}, "stop"),
    ({"stop": ["a", 5]}, "stop[1]"),
    ({"stop": ["a"] * 5}, "stop"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_completion_tokens": -1}, "max_completion_tokens"),
    ({"max_tokens": 1, "max_completion_tokens": 2}, "max_tokens"),
    ({"reasoning_effort": "huge"}, "reasoning_effort"),
    ({"n": 0}, "n"),
    ({"functions": []}, "functions"),
    ({"function_call": "auto"}, "function_call"),
    ({"tools": {}}, "tools"),
    ({"tools": [{}]}, "tools[0].type"),
    ({"tools": [{"type": "custom"}]}, "tools[0].type"),
    ({"tools": [{"type": "function"}]}, "tools[0].function"),
    ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
    ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
    ({"tools": [{"type": "function", "function": {"name": "a", "parameters": []}}]}, "tools[0].function.parameters"),
    ({"tools": [_TOOL, _OTHER, _TOOL]}, "tools[2].function.name"),
    ({"tool_choice": "required"}, "tool_choice"),
    ({"tool_choice": "maybe", "tools": [_TOOL]}, "tool_choice"),
    ({"tool_choice": {"type": "custom"}, "tools": [_TOOL]}, "tool_choice.type"),
    ({"tool_choice": {"type": "function", "function": {"name": "x"}}, "tools": [_TOOL]}, "tool_choice.function.name"),
    ({"tool_choice": _ALLOWED}, "tool_choice.allowed_tools.tools"),
    ({"parallel_tool_calls": 0}, "parallel_tool_calls"),
    ({"response_format": "json"}, "response_format"),
    ({"response_format": {}}, "response_format.type"),
    ({"response_format": {"type": "xml"}}, "response_format.type"),
    ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
    ({"response_format": {"type": "json_schema", "json_schema": {"name": "n"}}}, "response_format.json_schema.schema"),
    ({"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}}, "response_format.json_schema.name"),
    ({"user": 5}, "user"),
    ({"api_base": "http://evil.test"}, "api_base"),
    ({"extra_body": {}}, "extra_body"),
    ({"litellm_params": [{"Base_URL": "http://evil.test"}]}, "litellm_params[0].Base_URL"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "param"), _REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_each_mistake_names_its_field(change: dict[str, Any], param: str) -> None:
    """Whatever is wrong, the complaint says where and what to do."""
    with pytest.raises(InvalidRequest) as caught:
        parse(_body(**change))
    assert caught.value.param == param
    assert caught.value.hint


def test_a_body_that_is_no_object_is_refused() -> None:
    """An array or a text is a bad request."""
    with pytest.raises(InvalidRequest, match="must be an object"):
        parse([])  # type: ignore[arg-type]  # what a client may really send


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"logprobs": "x"}, "logprobs"),
        ({"top_logprobs": 999}, "top_logprobs"),
        ({"top_logprobs": True}, "top_logprobs"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"metadata": "x"}, "metadata"),
        ({"store": "false"}, "store"),
        ({"store": 0}, "store"),
        ({"logit_bias": {"50256": "x"}}, "logit_bias.50256"),
        ({"logit_bias": {"50256": -101}}, "logit_bias.50256"),
        ({"modalities": ["text", 1]}, "modalities[1]"),
        ({"modalities": "text"}, "modalities"),
        ({"service_tier": 1}, "service_tier"),
        ({"prediction": "x"}, "prediction"),
        ({"audio": []}, "audio"),
    ],
)
def test_what_is_passed_on_is_of_its_type(more: dict[str, Any], param: str) -> None:
    """A field that OpenAI has a word for is refused here, before it costs a call, when it is of another type."""
    with pytest.raises(InvalidRequest) as caught:
        parse(_body(**more))
    assert caught.value.param == param


def test_what_is_of_its_type_is_passed_on() -> None:
    """And so is what nobody here knows, whatever it is."""
    more: dict[str, Any] = {
        "logprobs": True,
        "top_logprobs": 5,
        "metadata": {"a": "b"},
        "store": False,
        "logit_bias": {"50256": -100},
        "modalities": ["text"],
        "service_tier": "flex",
        "a_field_of_next_year": {"x": [1]},
    }
    assert parse(_body(**more)).provider_options["openai"] == more


def test_only_false_keeps_nothing() -> None:
    """Null is as good as nothing said."""
    assert [wants_storage(_body(**more)) for more in ({}, {"store": None}, {"store": True}, {"store": False})] == [
        True,
        True,
        True,
        False,
    ]

"""Anthropic's requests, read whole or refused by name, under both versions of the wire."""

import base64
from typing import Any

import pytest

from ultra.domain.chat import (
    File,
    Image,
    Loss,
    Message,
    Opaque,
    Output,
    Reasoning,
    ReasoningWish,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from ultra.domain.errors import InvalidRequest
from ultra.protocols.anthropic_messages import VERSIONS, parse

OLD, NEW = VERSIONS
_B64 = base64.b64encode(b"\x89PNG").decode()
_USER = {"role": "user", "content": "hi"}
_TOOL = {"name": "look", "input_schema": {"type": "object"}}
_CALLING = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {"a": 1}}]}


def _body(**more: Any) -> dict[str, Any]:
    return {"model": "anthropic/opus", "max_tokens": 2048, "messages": [_USER], **more}


def test_everything_the_canonical_form_has_is_carried() -> None:
    """A request that uses all of the wire arrives whole."""
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": _B64}}
    request = parse(
        _body(
            system=[{"type": "text", "text": "be brief"}],
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "see"},
                        image,
                        {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}},
                        {
                            "type": "document",
                            "title": "t",
                            "source": {"type": "base64", "media_type": "application/pdf", "data": _B64},
                        },
                        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "é"}},
                        {"type": "document", "source": {"type": "file", "file_id": "f"}},
                    ],
                },
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "hm", "signature": "sig"},
                        {"type": "thinking", "thinking": "unsigned", "signature": ""},
                        {"type": "redacted_thinking", "data": "xyz"},
                        {"type": "text", "text": "let me look"},
                        *_CALLING["content"],  # type: ignore[misc]  # a list by construction
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "tool_result",
                            "tool_use_id": "t1",
                            "is_error": True,
                            "content": [{"type": "text", "text": "bad"}, image],
                        },
                        {"type": "text", "text": "go on"},
                    ],
                },
                {"role": "system", "content": "later"},
            ],
            stream=True,
            stop_sequences=["END"],
            tools=[{**_TOOL, "type": "custom", "description": "d", "strict": True}],
            tool_choice={"type": "tool", "name": "look", "disable_parallel_tool_use": True},
            output_config={"effort": "max", "format": {"type": "json_schema", "schema": {"a": 1}}},
            thinking={"type": "enabled", "budget_tokens": 1024, "display": "omitted"},
            metadata={"user_id": "u"},
        ),
        version=NEW,
    )
    picture = Image(data=b"\x89PNG", media_type="image/png")
    assert request.instructions == (Text("be brief"),)
    assert request.messages == (
        Message(
            "user",
            (
                Text("see"),
                picture,
                Image(url="https://x.test/a.png"),
                File(data=b"\x89PNG", media_type="application/pdf", filename="t"),
                File(data="é".encode(), media_type="text/plain"),
                File(file_id="f"),
            ),
        ),
        Message(
            "assistant",
            (
                Reasoning("hm", opaque=Opaque("anthropic", "opus", "sig")),
                Reasoning("unsigned"),
                Opaque("anthropic", "opus", {"type": "redacted_thinking", "data": "xyz"}),
                Text("let me look"),
                ToolCall("t1", "look", '{"a":1}'),
            ),
        ),
        Message("tool", (ToolResult("t1", (Text("bad"), picture), name="look", is_error=True),)),
        Message("user", (Text("go on"),)),
        Message("system", (Text("later"),)),
    )
    assert request.stream
    assert request.tools == (Tool("look", "d", {"type": "object"}, strict=True),)
    assert request.tool_choice == ToolChoice("named", ("look",), parallel=False)
    assert request.output == Output("json_schema", None, {"a": 1})
    assert request.max_output_tokens == 2048
    assert request.reasoning == ReasoningWish(effort="max", budget_tokens=1024, want_text=False)
    assert request.sampling == Sampling(stop=("END",))
    assert request.end_user == "u"
    assert request.provider_options == {}
    assert request.losses == ()


def test_the_older_version_still_samples() -> None:
    """Sampling fields, documents from the assistant and citations are fine under the older version."""
    cited = {"type": "text", "text": "x", "citations": [{"cited_text": "y"}]}
    paper = {"type": "document", "source": {"type": "text", "data": "x"}}
    request = parse(
        _body(
            temperature=1,
            top_p=0.9,
            top_k=5,
            messages=[{"role": "user", "content": [cited]}, {"role": "assistant", "content": [paper]}],
        ),
        version=OLD,
    )
    assert request.sampling == Sampling(1.0, 0.9, 5)
    assert request.losses == (Loss("messages[0].content[0].citations", "dropped", "citations are not passed on"),)


@pytest.mark.parametrize(
    ("thinking", "wish", "kept"),
    [
        ({"type": "disabled"}, ReasoningWish(effort="none"), None),
        ({"type": "enabled", "budget_tokens": 1500}, ReasoningWish(budget_tokens=1500, want_text=True), None),
        ({"type": "adaptive"}, ReasoningWish(want_text=True), {"type": "adaptive"}),
        ({"type": "between_tools"}, ReasoningWish(), {"type": "between_tools"}),
    ],
)
def test_each_way_of_thinking_is_read(thinking: dict[str, Any], wish: ReasoningWish, kept: object) -> None:
    """What the wish cannot say is kept for the vendor as it is."""
    request = parse(_body(thinking=thinking), version=NEW)
    assert request.reasoning == wish
    assert request.provider_options.get("anthropic", {}).get("thinking") == kept


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, ToolChoice()),
        ({"type": "auto"}, ToolChoice("auto")),
        ({"type": "any"}, ToolChoice("required")),
        ({"type": "none"}, ToolChoice("none")),
        ({"type": "auto", "disable_parallel_tool_use": True}, ToolChoice("auto", parallel=False)),
    ],
)
def test_every_form_of_choosing_a_tool_is_read(choice: Any, expected: ToolChoice) -> None:
    """All four types."""
    assert parse(_body(tools=[_TOOL], tool_choice=choice), version=NEW).tool_choice == expected


def test_fields_of_the_vendor_are_kept_for_it() -> None:
    """What the canonical form has no place for goes to `provider_options`."""
    request = parse(_body(service_tier="auto", container="c"), version=NEW)
    assert request.provider_options == {"anthropic": {"service_tier": "auto", "container": "c"}}


def test_cache_hints_are_reported_as_lost() -> None:
    """A hint on a block or a tool is dropped aloud."""
    block = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
    request = parse(_body(system=[block], tools=[{**_TOOL, "cache_control": {"type": "ephemeral"}}]), version=NEW)
    assert [loss.param for loss in request.losses] == ["tools[0].cache_control", "system[0].cache_control"]


def test_counting_needs_no_limit() -> None:
    """A token count has no `max_tokens`."""
    body = {"model": "m", "messages": [_USER]}
    assert parse(body, version=OLD, is_count=True).max_output_tokens is None


def test_a_signature_belongs_to_whoever_is_asked() -> None:
    """Without a prefix the model is the vendor's own; with one, that provider's."""
    thought = {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "d"}]}
    for model, origin in (("opus", ("anthropic", "opus")), ("openai/gpt", ("openai", "gpt"))):
        part = parse(_body(model=model, messages=[_USER, thought]), version=NEW).messages[1].parts[0]
        assert isinstance(part, Opaque)
        assert (part.provider, part.model) == origin


_PART = "messages[0].content[0]"


def _said(*blocks: Any, role: str = "user") -> dict[str, Any]:
    return {"messages": [{"role": role, "content": list(blocks)}]}


def _source(kind: str, **source: Any) -> dict[str, Any]:
    return _said({"type": kind, "source": source})


_PAPER = {"type": "document", "source": {"type": "text", "data": "x"}}
_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"model": None}, "model"),
    ({"max_tokens": None}, "max_tokens"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_tokens": "many"}, "max_tokens"),
    ({"temperature": 1}, "temperature"),
    ({"temperature": None}, "temperature"),
    ({"top_p": 1}, "top_p"),
    ({"top_k": 1}, "top_k"),
    ({"messages": []}, "messages"),
    ({"messages": {}}, "messages"),
    ({"messages": [5]}, "messages[0]"),
    ({"messages": [{"content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "assistant", "content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "user"}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": ""}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
    (_said(), "messages[0].content"),
    (_said("x"), _PART),
    (_said({}), f"{_PART}.type"),
    (_said({"type": "web_search_tool_result"}), f"{_PART}.type"),
    (_said({"type": "thinking", "thinking": "x"}), f"{_PART}.type"),
    (_said({"type": "text"}), f"{_PART}.text"),
    (_said({"type": "text", "text": ""}), f"{_PART}.text"),
    (_said({"type": "text", "text": "x", "citations": [{}]}), f"{_PART}.citations"),
    (_said(_PAPER, role="assistant"), f"{_PART}.type"),
    (_said({"type": "image"}), f"{_PART}.source"),
    (_source("image", type="file", file_id="f"), f"{_PART}.source.type"),
    (_source("image", type="base64", data=_B64), f"{_PART}.source.media_type"),
    (_source("image", type="base64", data=_B64, media_type="image/tiff"), f"{_PART}.source.media_type"),
    (_source("image", type="base64", data="@", media_type="image/png"), f"{_PART}.source.data"),
    (_source("image", type="url", url="http://x"), f"{_PART}.source.url"),
    (_source("document", type="url", url="https://x"), f"{_PART}.source.type"),
    (_source("document", type="base64", data="@", media_type="application/pdf"), f"{_PART}.source.data"),
    (_said({"type": "tool_result", "content": "x"}), f"{_PART}.tool_use_id"),
    (_said({"type": "tool_result", "tool_use_id": "t9"}), f"{_PART}.tool_use_id"),
    (_said({"type": "tool_use", "id": "t", "name": "n"}, role="assistant"), f"{_PART}.input"),
    (_said({"type": "tool_use", "id": "t", "name": "n", "input": "{}"}, role="assistant"), f"{_PART}.input"),
    (_said({"type": "redacted_thinking"}, role="assistant"), f"{_PART}.data"),
    ({"system": 5}, "system"),
    ({"system": [{"type": "image"}]}, "system[0].type"),
    ({"stop_sequences": "x"}, "stop_sequences"),
    ({"stop_sequences": [5]}, "stop_sequences[0]"),
    ({"stream": 1}, "stream"),
    ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
    ({"tools": [{"name": "a"}]}, "tools[0].input_schema"),
    ({"tools": [{"name": "a b", "input_schema": {}}]}, "tools[0].name"),
    ({"tools": [_TOOL, _TOOL]}, "tools[1].name"),
    ({"tool_choice": "auto"}, "tool_choice"),
    ({"tool_choice": {}}, "tool_choice.type"),
    ({"tool_choice": {"type": "any"}}, "tool_choice"),
    ({"tool_choice": {"type": "tool", "name": "x"}, "tools": [_TOOL]}, "tool_choice.name"),
    ({"thinking": {}}, "thinking.type"),
    ({"thinking": {"type": "deep"}}, "thinking.type"),
    ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
    ({"thinking": {"type": "enabled", "budget_tokens": 10}}, "thinking.budget_tokens"),
    ({"thinking": {"type": "enabled", "budget_tokens": 4096}}, "thinking.budget_tokens"),
    ({"thinking": {"type": "adaptive", "display": "all"}}, "thinking.display"),
    ({"output_config": {"effort": "minimal"}}, "output_config.effort"),
    ({"output_config": {"format": {}}}, "output_config.format.type"),
    ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
    ({"metadata": {"user_id": 5}}, "metadata.user_id"),
    ({"base_url": "http://evil.test"}, "base_url"),
]


@pytest.mark.parametrize(("change", "param"), _REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_each_mistake_names_its_field(change: dict[str, Any], param: str) -> None:
    """Whatever is wrong, the complaint says where and what to do."""
    messages = change.get("messages")
    if isinstance(messages, list) and messages and param.startswith("messages[0].content[0]"):
        change = {"messages": messages if messages[0]["role"] == "user" else [_USER, *messages]}
        param = param if messages[0]["role"] == "user" else param.replace("messages[0]", "messages[1]")
    with pytest.raises(InvalidRequest) as caught:
        parse(_body(**change), version=NEW)
    assert caught.value.param == param
    assert caught.value.hint


def test_system_messages_inside_need_the_newer_version() -> None:
    """The older version knows two roles."""
    with pytest.raises(InvalidRequest) as caught:
        parse(_body(messages=[_USER, {"role": "system", "content": "x"}]), version=OLD)
    assert caught.value.param == "messages[1].role"


@pytest.mark.parametrize("version", ["", "2099-01-01"])
def test_the_version_must_be_known(version: str) -> None:
    """A missing or unknown version is refused with those there are."""
    with pytest.raises(InvalidRequest, match="anthropic-version") as caught:
        parse(_body(), version=version)
    assert NEW in str(caught.value.hint)

"""Gemini's requests, read whole or refused by name, in camelCase and in snake_case."""

import base64
from typing import Any

import pytest

from ultra.domain.chat import (
    Audio,
    ChatRequest,
    File,
    Image,
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
from ultra.protocols.fields import snake_case
from ultra.protocols.gemini_generate import parse, parse_count

_B64 = base64.b64encode(b"\x89PNG").decode()
_SIGNATURE = base64.b64encode(b"signed").decode()
_HI = {"role": "user", "parts": [{"text": "hi"}]}
_LOOK = {"name": "look", "parametersJsonSchema": {"type": "object"}}
_CALL = {"functionCall": {"name": "look", "args": {"a": 1}}}

_WHOLE: dict[str, Any] = {
    "systemInstruction": {"role": "user", "parts": [{"text": "be brief"}]},
    "contents": [
        {
            "parts": [
                {"text": "see"},
                {"inlineData": {"mimeType": "image/png", "data": _B64}},
                {"inlineData": {"mimeType": "audio/wav", "data": _B64}},
                {"inlineData": {"mimeType": "application/pdf", "data": _B64}},
                {"fileData": {"mimeType": "image/png", "fileUri": "https://x.test/a.png"}},
                {"fileData": {"mimeType": "application/pdf", "fileUri": "files/1"}},
            ]
        },
        {
            "role": "model",
            "parts": [
                {"text": "hm", "thought": True, "thoughtSignature": _SIGNATURE},
                {"text": "let me"},
                {"text": "", "thoughtSignature": _SIGNATURE},
                {**_CALL, "thoughtSignature": _SIGNATURE},
                {"functionCall": {"id": "x7", "name": "look"}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "look", "response": {"output": "42"}}},
                {"functionResponse": {"id": "x7", "name": "look", "response": {"error": "no"}}},
                {"text": "go on"},
            ],
        },
    ],
    "generationConfig": {
        "temperature": 1,
        "topP": 0.5,
        "topK": 40.0,
        "candidateCount": 1,
        "maxOutputTokens": 9,
        "stopSequences": ["END"],
        "seed": 3,
        "presencePenalty": 1,
        "frequencyPenalty": -1,
        "responseMimeType": "application/json",
        "responseJsonSchema": {"a": 1},
        "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 100, "thinkingLevel": "HIGH"},
        "mediaResolution": "LOW",
    },
    "tools": [{"functionDeclarations": [{**_LOOK, "description": "d"}]}],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["look"]}},
    "cachedContent": "c",
}


def _snake(value: Any) -> Any:
    if isinstance(value, dict):
        return {snake_case(name): _snake(each) for name, each in value.items()}
    return [_snake(each) for each in value] if isinstance(value, list) else value


def _parse(body: dict[str, Any]) -> ChatRequest:
    return parse(body, model="gemini/pro", stream=True)


def test_everything_the_canonical_form_has_is_carried() -> None:
    """A request that uses all of the wire arrives whole."""
    request = _parse(_WHOLE)
    signed = Opaque("gemini", "pro", _SIGNATURE)
    assert request.model == "gemini/pro"
    assert request.stream
    assert request.instructions == (Text("be brief"),)
    assert request.messages == (
        Message(
            "user",
            (
                Text("see"),
                Image(data=b"\x89PNG", media_type="image/png"),
                Audio(b"\x89PNG", "wav"),
                File(data=b"\x89PNG", media_type="application/pdf"),
                Image(url="https://x.test/a.png", media_type="image/png"),
                File(file_id="files/1", media_type="application/pdf"),
            ),
        ),
        Message(
            "assistant",
            (
                Reasoning("hm", opaque=signed),
                Text("let me"),
                signed,
                ToolCall("call_0", "look", '{"a":1}', signed),
                ToolCall("x7", "look", "{}"),
            ),
        ),
        Message(
            "tool",
            (
                ToolResult("call_0", (Text("42"),), name="look"),
                ToolResult("x7", (Text("no"),), name="look", is_error=True),
            ),
        ),
        Message("user", (Text("go on"),)),
    )
    assert request.sampling == Sampling(1.0, 0.5, 40, 3, ("END",), 1.0, -1.0)
    assert request.max_output_tokens == 9
    assert request.output == Output("json_schema", schema={"a": 1})
    assert request.reasoning == ReasoningWish("high", 100, want_text=True)
    assert request.tools == (Tool("look", "d", {"type": "object"}),)
    assert request.tool_choice == ToolChoice("named", ("look",))
    assert request.provider_options == {
        "gemini": {"cachedContent": "c", "generationConfig": {"mediaResolution": "LOW"}}
    }


def test_snake_case_means_the_same() -> None:
    """Clients pass nested settings through as they were typed."""
    camel, snake = _parse(_WHOLE), _parse(_snake(_WHOLE))
    assert snake.provider_options == {
        "gemini": {"cached_content": "c", "generationConfig": {"media_resolution": "LOW"}}
    }
    for name in ("instructions", "messages", "sampling", "output", "reasoning", "tools", "tool_choice"):
        assert getattr(snake, name) == getattr(camel, name)


def test_results_without_ids_are_matched_by_name_in_order() -> None:
    """Two calls of one function get their answers in the order they were made."""
    call_other = {"functionCall": {"name": "wait", "args": {}}}
    answers = [
        {"functionResponse": {"name": name, "response": {"n": n}}} for n, name in enumerate(("look", "wait", "look"))
    ]
    request = _parse({"contents": [{"role": "model", "parts": [_CALL, _CALL, call_other]}, {"parts": answers}]})
    results = [part for part in request.messages[1].parts if isinstance(part, ToolResult)]
    assert [(each.call_id, each.name) for each in results] == [
        ("call_0", "look"),
        ("call_2", "wait"),
        ("call_1", "look"),
    ]
    assert results[0].parts == (Text('{"n":0}'),)


@pytest.mark.parametrize(
    ("config", "output"),
    [
        ({}, Output()),
        ({"responseMimeType": "text/plain"}, Output()),
        ({"responseMimeType": "application/json"}, Output("json_object")),
        (
            {"responseMimeType": "application/json", "responseSchema": {"type": "STRING", "nullable": True}},
            Output("json_schema", schema={"type": ["string", "null"]}),
        ),
    ],
)
def test_each_form_of_the_answer_is_read(config: dict[str, Any], output: Output) -> None:
    """Media type and either kind of schema."""
    assert _parse({"contents": [_HI], "generationConfig": config}).output == output


@pytest.mark.parametrize(
    ("config", "wish"),
    [
        ({"thinkingBudget": 0}, ReasoningWish("none")),
        ({"thinkingBudget": -1}, ReasoningWish()),
        ({"thinkingLevel": "low"}, ReasoningWish("low")),
        ({"include_thoughts": True}, ReasoningWish(want_text=True)),
    ],
)
def test_each_wish_to_think_is_read(config: dict[str, Any], wish: ReasoningWish) -> None:
    """No budget is no thinking, minus one is the model's own choice."""
    assert _parse({"contents": [_HI], "generationConfig": {"thinkingConfig": config}}).reasoning == wish


@pytest.mark.parametrize(
    ("config", "choice", "names"),
    [
        ({}, ToolChoice(), ["look", "wait"]),
        ({"mode": "NONE"}, ToolChoice("none"), ["look", "wait"]),
        ({"mode": "ANY"}, ToolChoice("required"), ["look", "wait"]),
        ({"mode": "VALIDATED"}, ToolChoice(), ["look", "wait"]),
        ({"mode": "AUTO", "allowedFunctionNames": ["wait"]}, ToolChoice(), ["wait"]),
    ],
)
def test_every_mode_of_calling_is_read(config: dict[str, Any], choice: ToolChoice, names: list[str]) -> None:
    """An optional choice of few offers only those; what VALIDATED adds is reported as lost."""
    tools = [{"functionDeclarations": [_LOOK, {"name": "wait", "parameters": {"type": "OBJECT"}}]}]
    request = _parse({"contents": [_HI], "tools": tools, "toolConfig": {"functionCallingConfig": config}})
    assert request.tool_choice == choice
    assert [tool.name for tool in request.tools] == names
    assert bool(request.losses) is (config.get("mode") == "VALIDATED")


def test_a_count_takes_contents_or_a_whole_request() -> None:
    """Both bodies of countTokens."""
    assert parse_count({"contents": [_HI]}, model="m").messages == (Message("user", (Text("hi"),)),)
    whole = {"generateContentRequest": {"model": "models/m", **_WHOLE}}
    assert parse_count(whole, model="m").instructions == (Text("be brief"),)


_PART = "contents[0].parts[0]"


def _said(part: Any, role: str = "user") -> dict[str, Any]:
    return {"contents": [{"role": role, "parts": [part]}]}


def _config(**config: Any) -> dict[str, Any]:
    return {"generationConfig": config}


def _tools(*declared: Any, **calling: Any) -> dict[str, Any]:
    return {
        "tools": [{"functionDeclarations": list(declared)}],
        "toolConfig": {"functionCallingConfig": calling},
    }


_CALLING = "toolConfig.functionCallingConfig"
_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"contents": []}, "contents"),
    ({"contents": None}, "contents"),
    ({"contents": "hi"}, "contents"),
    ({"contents": [{"role": "assistant", "parts": []}]}, "contents[0].role"),
    ({"contents": [{"role": "user"}]}, "contents[0].parts"),
    ({"contents": [{"role": "user", "parts": []}]}, "contents[0].parts"),
    (_said("x"), _PART),
    (_said({}), _PART),
    (_said({"executableCode": {}}), f"{_PART}.executableCode"),
    (_said({"text": 5}), f"{_PART}.text"),
    (_said({"text": "x", "thought": "yes"}), f"{_PART}.thought"),
    (_said({"text": "x", "thoughtSignature": "@"}), f"{_PART}.thoughtSignature"),
    (_said({"inlineData": {"data": _B64}}), f"{_PART}.inlineData.mimeType"),
    (_said({"inlineData": {"mimeType": "image/png"}}), f"{_PART}.inlineData.data"),
    (_said({"inlineData": {"mimeType": "image/png", "data": "@"}}), f"{_PART}.inlineData.data"),
    (_said({"fileData": {"mimeType": "image/png"}}), f"{_PART}.fileData.fileUri"),
    (_said(_CALL), f"{_PART}.functionCall"),
    (_said({"functionCall": {}}, "model"), f"{_PART}.functionCall.name"),
    (_said({"functionCall": {"name": "f", "args": "x"}}, "model"), f"{_PART}.functionCall.args"),
    (_said({"functionResponse": {"name": "f", "response": {}}}, "model"), f"{_PART}.functionResponse"),
    (_said({"functionResponse": {"name": "f", "response": {}}}), f"{_PART}.functionResponse.name"),
    ({"systemInstruction": "x"}, "systemInstruction"),
    ({"systemInstruction": {"parts": [{"inlineData": {}}]}}, "systemInstruction.parts[0].text"),
    (_config(temperature=3), "generationConfig.temperature"),
    (_config(topP=2), "generationConfig.topP"),
    (_config(topK=1.5), "generationConfig.topK"),
    (_config(seed="x"), "generationConfig.seed"),
    (_config(candidateCount=2), "generationConfig.candidateCount"),
    (_config(maxOutputTokens=0), "generationConfig.maxOutputTokens"),
    (_config(stopSequences=["a"] * 6), "generationConfig.stopSequences"),
    (_config(responseMimeType="text/x.enum"), "generationConfig.responseMimeType"),
    (_config(responseSchema={}), "generationConfig.responseMimeType"),
    (_config(responseSchema={}, responseJsonSchema={}), "generationConfig.responseSchema"),
    (_config(thinkingConfig={"thinkingLevel": "DEEP"}), "generationConfig.thinkingConfig.thinkingLevel"),
    (_config(thinkingConfig={"thinkingBudget": -2}), "generationConfig.thinkingConfig.thinkingBudget"),
    (_config(thinkingConfig={"includeThoughts": 1}), "generationConfig.thinkingConfig.includeThoughts"),
    ({"tools": [{"googleSearch": {}}]}, "tools[0].googleSearch"),
    (_tools({}), "tools[0].functionDeclarations[0].name"),
    (_tools({"name": "1a"}), "tools[0].functionDeclarations[0].name"),
    (_tools({**_LOOK, "parameters": {}}), "tools[0].functionDeclarations[0].parameters"),
    (_tools(_LOOK, _LOOK), "tools[0].functionDeclarations[1].name"),
    (_tools(_LOOK, mode="SOME"), f"{_CALLING}.mode"),
    (_tools(mode="ANY"), f"{_CALLING}.mode"),
    (_tools(_LOOK, mode="ANY", allowedFunctionNames=["x"]), f"{_CALLING}.allowedFunctionNames[0]"),
    ({"proxy": "http://evil.test"}, "proxy"),
]


@pytest.mark.parametrize(("change", "param"), _REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_each_mistake_names_its_field(change: dict[str, Any], param: str) -> None:
    """Whatever is wrong, the complaint says where and what to do."""
    with pytest.raises(InvalidRequest) as caught:
        _parse({"contents": [_HI], **change})
    assert caught.value.param == param
    assert caught.value.hint

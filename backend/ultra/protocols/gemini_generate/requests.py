"""A generateContent request in Google's words, read into the canonical form. camelCase and snake_case both count."""

from collections.abc import Mapping
from typing import Any

from ultra.domain.chat import ChatRequest, Loss, Output, ReasoningWish, Sampling
from ultra.protocols.fields import Fields, refuse_steering
from ultra.protocols.gemini_generate.contents import read_contents, read_system
from ultra.protocols.gemini_generate.schemas import from_openapi
from ultra.protocols.gemini_generate.tools import read_tools
from ultra.protocols.gemini_generate.words import VENDOR

_LEVELS = ("MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH")
_MOST_STOPS = 5
_JSON = "application/json"


def parse(body: Mapping[str, Any], *, model: str, stream: bool) -> ChatRequest:
    """Return the request, or raise `InvalidRequest` whose `param` names the field in camelCase.

    `model` and `stream` come from the path. Fields only Google knows are kept under `provider_options["gemini"]`,
    those of `generationConfig` in an object of that name.
    """
    fields = Fields(body, snake=True)
    losses: list[Loss] = []
    tools, tool_choice = read_tools(fields, losses)
    config = fields.object("generationConfig") or Fields({}, "generationConfig", snake=True)
    return ChatRequest(
        model=model,
        messages=read_contents(fields, model=model),
        instructions=read_system(fields),
        tools=tools,
        tool_choice=tool_choice,
        output=_output(config),
        max_output_tokens=config.integer("maxOutputTokens", low=1),
        reasoning=_reasoning(config),
        sampling=_sampling(config),
        stream=stream,
        provider_options=_options(fields, config),
        losses=tuple(losses),
    )


def parse_count(body: Mapping[str, Any], *, model: str) -> ChatRequest:
    """Return the request whose tokens are to be counted: `contents` alone, or a whole `generateContentRequest`."""
    whole = Fields(body, snake=True).object("generateContentRequest")
    inner = {name: value for name, value in whole.raw.items() if name != "model"} if whole else body
    return parse(inner, model=model, stream=False)


def _sampling(config: Fields) -> Sampling:
    return Sampling(
        temperature=config.number("temperature", 0, 2),
        top_p=config.number("topP", 0, 1),
        top_k=_whole(config, "topK"),
        seed=config.integer("seed"),
        stop=config.texts("stopSequences", most=_MOST_STOPS),
        presence_penalty=config.number("presencePenalty", -2, 2),
        frequency_penalty=config.number("frequencyPenalty", -2, 2),
    )


def _whole(config: Fields, name: str) -> int | None:
    """Read an integer that Google's clients type as a float."""
    value = config.number(name, 0)
    if value is None:
        return None
    if value != int(value):
        raise config.wrong(name, f"is {value}, not a whole number", hint="Send an integer.")
    return int(value)


def _output(config: Fields) -> Output:
    media_type = config.text("responseMimeType") or "text/plain"
    plain, openapi = config.object("responseJsonSchema"), config.object("responseSchema")
    if plain is not None and openapi is not None:
        raise config.wrong("responseSchema", "contradicts responseJsonSchema", hint="Send one of them.")
    if media_type not in (_JSON, "text/plain"):
        raise config.wrong("responseMimeType", f"must not be {media_type[:80]!r}", hint=f"Use {_JSON} or text/plain.")
    if plain is None and openapi is None:
        return Output(kind="json_object" if media_type == _JSON else "text")
    if media_type != _JSON:
        raise config.wrong("responseMimeType", "must be application/json with a schema", hint=f"Send {_JSON}.")
    return Output(kind="json_schema", schema=plain.raw if plain else from_openapi(openapi.raw if openapi else {}))


def _reasoning(config: Fields) -> ReasoningWish:
    wish = config.object("thinkingConfig")
    if wish is None:
        return ReasoningWish()
    level = (wish.text("thinkingLevel") or "").upper()
    if level and level not in (*_LEVELS, "THINKING_LEVEL_UNSPECIFIED"):
        raise wish.wrong("thinkingLevel", f"must not be {level[:80]!r}", hint=f"Use one of: {', '.join(_LEVELS)}.")
    budget = wish.integer("thinkingBudget", low=-1)
    effort = level.lower() if level in _LEVELS else None
    return ReasoningWish(
        effort="none" if budget == 0 else effort,
        budget_tokens=budget if budget is not None and budget > 0 else None,
        want_text=wish.flag("includeThoughts") or False,
    )


def _options(fields: Fields, config: Fields) -> dict[str, Mapping[str, Any]]:
    candidates = config.integer("candidateCount", low=1)
    if candidates is not None and candidates > 1:
        raise config.wrong("candidateCount", "must be 1", hint="Send as many requests as you want candidates.")
    left = fields.left()
    if inner := config.left():
        left["generationConfig"] = inner
    refuse_steering(left)
    return {VENDOR: left} if left else {}

"""A request as the body of Gemini's `streamGenerateContent`."""

from typing import Any
from urllib.parse import quote

from ultra.domain.chat import ChatRequest, Loss, Tool
from ultra.domain.models import Capabilities
from ultra.providers.calls import JSON_HEADERS, Call
from ultra.providers.gemini.contents import Writer
from ultra.providers.gemini.names import wire_names
from ultra.providers.loose_json import dump, merge_options
from ultra.providers.losses import Losses

_MOST_STOPS = 5
_RESERVED = frozenset({"contents", "model"})
_LEVELS = {
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "XHIGH",
    "max": "XHIGH",
}


def encode_contents(
    request: ChatRequest, *, provider: str, version: str, known: Capabilities | None
) -> tuple[Call, tuple[Loss, ...]]:
    """Return the call for a streamed answer. The model's name stands in the path, percent-encoded."""
    losses = Losses()
    names = wire_names(request)
    for own, wire in names.items():
        if own != wire:
            losses.changed("tools.name", f"{own} is called {wire} on this wire.")
    writer = Writer(request, provider=provider, names=names, losses=losses)
    body: dict[str, Any] = {}
    instructions = writer.instructions()
    if instructions:
        body["systemInstruction"] = {"parts": instructions}
    body["contents"] = writer.contents()
    body |= _tools(request, names, losses)
    config = _sampling(request, losses) | _output(request, losses) | _thinking(request, known, losses)
    if config:
        body["generationConfig"] = config
    losses.drop_given({"end_user": request.end_user}, provider)
    options = request.provider_options.get(provider, {})
    losses.extend(merge_options(body, options, f"provider_options.{provider}", reserved=_RESERVED))
    path = f"/{version}/models/{quote(request.model.removeprefix('models/'), safe='')}:streamGenerateContent?alt=sse"
    return Call("POST", path, JSON_HEADERS, dump(body)), losses.all()


def _tools(request: ChatRequest, names: dict[str, str], losses: Losses) -> dict[str, Any]:
    if not request.tools:
        return {}
    if any(tool.strict is not None for tool in request.tools):
        losses.dropped("tools.strict", "Tools cannot be strict on this wire.")
    choice = request.tool_choice
    if choice.parallel is False:
        losses.dropped("parallel_tool_calls", "This model cannot be kept from calling several tools at once.")
    fields: dict[str, Any] = {
        "tools": [{"functionDeclarations": [_declaration(tool, names[tool.name]) for tool in request.tools]}]
    }
    mode = {"none": "NONE", "required": "ANY", "named": "ANY"}.get(choice.mode)
    if mode is not None:
        allowed = [names.get(name, name) for name in choice.names]
        named = {"allowedFunctionNames": allowed} if choice.mode == "named" else {}
        fields["toolConfig"] = {"functionCallingConfig": {"mode": mode, **named}}
    return fields


def _declaration(tool: Tool, name: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": name}
    if tool.description is not None:
        fields["description"] = tool.description
    if tool.schema:
        fields["parametersJsonSchema"] = tool.schema
    return fields


def _sampling(request: ChatRequest, losses: Losses) -> dict[str, Any]:
    wish = request.sampling
    if len(wish.stop) > _MOST_STOPS:
        losses.changed("stop", f"Only the first {_MOST_STOPS} stop sequences are sent.")
    fields: dict[str, Any] = {
        "temperature": wish.temperature,
        "topP": wish.top_p,
        "topK": wish.top_k,
        "maxOutputTokens": request.max_output_tokens,
        "stopSequences": list(wish.stop[:_MOST_STOPS]) or None,
        "seed": wish.seed,
        "presencePenalty": wish.presence_penalty,
        "frequencyPenalty": wish.frequency_penalty,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _output(request: ChatRequest, losses: Losses) -> dict[str, Any]:
    output = request.output
    if output.kind == "text":
        return {}
    fields: dict[str, Any] = {"responseMimeType": "application/json"}
    if output.kind == "json_schema":
        fields["responseJsonSchema"] = output.schema or {"type": "object"}
        if output.name is not None:
            losses.dropped("output.name", "A schema has no name on this wire.")
        if output.strict is not None:
            losses.dropped("output.strict", "A schema cannot be more or less strict on this wire.")
    return fields


def _thinking(request: ChatRequest, known: Capabilities | None, losses: Losses) -> dict[str, Any]:
    wish = request.reasoning
    config: dict[str, Any] = {"includeThoughts": True} if wish.want_text else {}
    if wish.budget_tokens is not None:
        config["thinkingBudget"] = wish.budget_tokens
        if wish.effort is not None:
            losses.dropped("reasoning.effort", "This wire takes a budget or an effort, not both.")
    elif wish.effort == "none" and known is not None and known.reasoning_can_disable:
        config["thinkingBudget"] = 0
    elif wish.effort is not None:
        config["thinkingLevel"] = _LEVELS.get(wish.effort, "MINIMAL")
        if wish.effort in ("none", "max") or wish.effort not in _LEVELS:
            losses.changed("reasoning.effort", f"{config['thinkingLevel']} is the nearest level of this wire.")
    return {"thinkingConfig": config} if config else {}

"""A request as the body of Anthropic's messages."""

from collections.abc import Mapping
from typing import Any

from ultra.domain.chat import ChatRequest, Loss, Tool
from ultra.domain.models import Capabilities
from ultra.providers.anthropic.messages import Writer
from ultra.providers.calls import JSON_HEADERS, Call
from ultra.providers.loose_json import dump, merge_options
from ultra.providers.losses import Losses

CLASSIC = "2023-06-01"
"""The API version that still takes sampling parameters; every later one refuses them."""
FALLBACK_MAX_TOKENS = 4096
"""The limit sent when nobody knows the model's own; this wire must have one."""
THINKING = "thinking."
"""In `Capabilities.parameters`, `thinking.adaptive` and so on say which kinds of thinking a model takes."""

_RESERVED = frozenset({"model", "messages", "stream"})
_SMALLEST_BUDGET = 1024
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_JSON_WISH = "Answer with one JSON object and nothing else."


def encode_messages(
    request: ChatRequest, *, provider: str, version: str, known: Capabilities | None, most_tokens: int | None
) -> tuple[Call, tuple[Loss, ...]]:
    """Return the call for a streamed message. `most_tokens` is the model's own output limit, None if unknown."""
    losses = Losses()
    writer = Writer(request, provider=provider, keeps_system=version != CLASSIC, losses=losses)
    limit = request.max_output_tokens
    if limit is None:
        limit = most_tokens or FALLBACK_MAX_TOKENS
        losses.changed("max_output_tokens", f"{provider} must be given a limit: {limit} tokens were allowed.")
    body: dict[str, Any] = {"model": request.model, "max_tokens": limit}
    system = writer.system()
    if request.output.kind == "json_object":
        system.append({"type": "text", "text": _JSON_WISH})
        losses.changed("output", f"{provider} has no mode for JSON without a schema: an instruction asks for it.")
    if system:
        body["system"] = system
    body |= {"messages": writer.messages(), "stream": True}
    body |= _sampling(request, provider, version, losses)
    body |= _tools(request, losses)
    body |= _thinking(request, known, limit, losses)
    body |= _output(request, body.pop("output_config", {}), losses)
    if request.end_user is not None:
        body["metadata"] = {"user_id": request.end_user}
    options = request.provider_options.get(provider, {})
    losses.extend(merge_options(body, options, f"provider_options.{provider}", reserved=_RESERVED))
    return Call("POST", "/v1/messages", {**JSON_HEADERS, "anthropic-version": version}, dump(body)), losses.all()


def _sampling(request: ChatRequest, provider: str, version: str, losses: Losses) -> dict[str, Any]:
    wish = request.sampling
    fields: dict[str, Any] = {"stop_sequences": list(wish.stop) or None}
    refused: dict[str, Any] = {
        "seed": wish.seed,
        "presence_penalty": wish.presence_penalty,
        "frequency_penalty": wish.frequency_penalty,
    }
    chance = {"temperature": wish.temperature, "top_p": wish.top_p, "top_k": wish.top_k}
    (fields if version == CLASSIC else refused).update(chance)
    losses.drop_given(refused, provider)
    return {name: value for name, value in fields.items() if value is not None}


def _tools(request: ChatRequest, losses: Losses) -> dict[str, Any]:
    choice, offered = request.tool_choice, request.tools
    if not offered:
        return {}
    wanted: dict[str, Any] = {"type": {"required": "any", "named": "tool"}.get(choice.mode, choice.mode)}
    if choice.mode == "named" and len(choice.names) == 1:
        wanted["name"] = choice.names[0]
    elif choice.mode == "named":
        wanted["type"] = "any"
        offered = tuple(tool for tool in offered if tool.name in choice.names)
        losses.changed("tool_choice", "Only the tools that may be called are offered.")
    if choice.parallel is not None and choice.mode != "none":
        wanted["disable_parallel_tool_use"] = not choice.parallel
    fields: dict[str, Any] = {"tools": [_tool(tool) for tool in offered]}
    return fields if wanted == {"type": "auto"} else fields | {"tool_choice": wanted}


def _tool(tool: Tool) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        fields["description"] = tool.description
    fields["input_schema"] = tool.schema or {"type": "object", "properties": {}}
    if tool.strict is not None:
        fields["strict"] = tool.strict
    return fields


def _thinking(request: ChatRequest, known: Capabilities | None, limit: int, losses: Losses) -> dict[str, Any]:
    wish = request.reasoning
    takes = known.parameters if known is not None else {}
    shown = {"display": "summarized"} if wish.want_text else {}
    if wish.budget_tokens is not None:
        budget = min(wish.budget_tokens, limit - 1)
        if takes.get(f"{THINKING}enabled") and budget >= _SMALLEST_BUDGET:
            if budget != wish.budget_tokens:
                losses.changed("reasoning.budget_tokens", "The budget is smaller than the answer's limit.")
            return {"thinking": {"type": "enabled", "budget_tokens": budget, **shown}} | _effort(request, losses)
        losses.dropped("reasoning.budget_tokens", "This model is not known to take a budget; it decides by itself.")
    if wish.effort == "none":
        return _unthinking(takes, losses)
    asks = wish.effort is not None or wish.budget_tokens is not None or wish.want_text
    if asks and takes.get(f"{THINKING}adaptive", True):
        return {"thinking": {"type": "adaptive", **shown}} | _effort(request, losses)
    if wish.want_text:
        losses.dropped("reasoning.want_text", "This model does not think aloud.")
    return _effort(request, losses)


def _unthinking(takes: Mapping[str, bool], losses: Losses) -> dict[str, Any]:
    if takes.get(f"{THINKING}disabled", True):
        return {"thinking": {"type": "disabled"}}
    losses.changed("reasoning.effort", "This model always thinks: the lowest effort is asked for.")
    return {"output_config": {"effort": "low"}}


def _effort(request: ChatRequest, losses: Losses) -> dict[str, Any]:
    effort = request.reasoning.effort
    if effort is None:
        return {}
    if effort not in _EFFORTS:
        losses.changed("reasoning.effort", "The lowest effort of this wire is asked for.")
        effort = "low"
    return {"output_config": {"effort": effort}}


def _output(request: ChatRequest, config: dict[str, Any], losses: Losses) -> dict[str, Any]:
    output = request.output
    if output.kind == "json_schema":
        config = config | {"format": {"type": "json_schema", "schema": output.schema or {"type": "object"}}}
        if output.name is not None:
            losses.dropped("output.name", "A schema has no name on this wire.")
        if output.strict is False:
            losses.changed("output.strict", "A schema is always enforced on this wire.")
    return {"output_config": config} if config else {}

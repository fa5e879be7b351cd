"""A request as the body of OpenAI's chat completions."""

from typing import Any

from ultra.domain.chat import ChatRequest, Loss, Tool
from ultra.providers.calls import JSON_HEADERS, Call
from ultra.providers.loose_json import dump, merge_options
from ultra.providers.losses import Losses
from ultra.providers.openai.dialect import Dialect
from ultra.providers.openai.messages import encode_messages

_RESERVED = frozenset({"model", "messages", "stream", "n"})


def encode_chat(request: ChatRequest, provider: str, dialect: Dialect) -> tuple[Call, tuple[Loss, ...]]:
    """Return the call for a streamed chat completion; `provider_options` are those of `provider`."""
    losses = Losses()
    body: dict[str, Any] = {
        "model": request.model,
        "messages": encode_messages(request, dialect.instructions_role, losses),
        "stream": True,
    }
    if dialect.takes_stream_options:
        body["stream_options"] = {"include_usage": True}
    if request.max_output_tokens is not None:
        body[dialect.max_tokens_field] = request.max_output_tokens
    body |= _sampling(request, provider, dialect, losses)
    body |= _tools(request, dialect, losses)
    body |= _output(request, dialect, losses)
    body |= _reasoning(request, provider, dialect, losses)
    if request.end_user is not None and dialect.end_user_field is not None:
        body[dialect.end_user_field] = request.end_user
    elif request.end_user is not None:
        losses.dropped("end_user", f"{provider} has no such parameter.")
    options = request.provider_options.get(provider, {})
    losses.extend(merge_options(body, options, f"provider_options.{provider}", reserved=_RESERVED))
    return Call("POST", "/chat/completions", JSON_HEADERS, dump(body)), losses.all()


def _sampling(request: ChatRequest, provider: str, dialect: Dialect, losses: Losses) -> dict[str, Any]:
    wish = request.sampling
    fields: dict[str, Any] = {"temperature": wish.temperature, "top_p": wish.top_p}
    refused: dict[str, Any] = {}
    (fields if dialect.takes_top_k else refused)["top_k"] = wish.top_k
    if dialect.takes_seed:
        fields[dialect.seed_field] = wish.seed
    else:
        refused["seed"] = wish.seed
    if wish.stop:
        fields["stop"] = list(wish.stop[: dialect.most_stops])
        if len(wish.stop) > dialect.most_stops:
            losses.changed("stop", f"Only the first {dialect.most_stops} stop sequences are sent.")
    penalties = {"presence_penalty": wish.presence_penalty, "frequency_penalty": wish.frequency_penalty}
    (fields if dialect.takes_penalties else refused).update(penalties)
    losses.drop_given(refused, provider)
    return {name: value for name, value in fields.items() if value is not None}


def _tools(request: ChatRequest, dialect: Dialect, losses: Losses) -> dict[str, Any]:
    if not request.tools:
        return {}
    choice, offered = request.tool_choice, request.tools
    fields: dict[str, Any] = {}
    match choice.mode:
        case "none":
            fields["tool_choice"] = "none"
        case "required":
            fields["tool_choice"] = dialect.required_choice
        case "named" if len(choice.names) == 1:
            fields["tool_choice"] = _named(choice.names[0])
        case "named" if dialect.takes_allowed_tools:
            allowed = {"mode": "required", "tools": [_named(name) for name in choice.names]}
            fields["tool_choice"] = {"type": "allowed_tools", "allowed_tools": allowed}
        case "named":
            offered = tuple(tool for tool in request.tools if tool.name in choice.names)
            fields["tool_choice"] = dialect.required_choice
            losses.changed("tool_choice", "Only the tools that may be called are offered.")
        case _:
            pass
    if choice.parallel is not None and dialect.takes_parallel_choice:
        fields["parallel_tool_calls"] = choice.parallel
    elif choice.parallel is False:
        losses.dropped("parallel_tool_calls", "This server cannot be kept from calling several tools at once.")
    return {"tools": [_tool(tool) for tool in offered], **fields}


def _named(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.schema:
        function["parameters"] = tool.schema
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _output(request: ChatRequest, dialect: Dialect, losses: Losses) -> dict[str, Any]:
    output = request.output
    if output.kind == "text":
        return {}
    if output.kind == "json_object":
        return {"response_format": {"type": "json_object"}}
    if not dialect.takes_json_schema:
        losses.changed("output.schema", "The schema is not enforced; any JSON object is asked for.")
        return {"response_format": {"type": "json_object"}}
    schema: dict[str, Any] = {"name": output.name or "answer", "schema": output.schema or {}}
    if output.strict is not None:
        schema["strict"] = output.strict
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _reasoning(request: ChatRequest, provider: str, dialect: Dialect, losses: Losses) -> dict[str, Any]:
    wish = request.reasoning
    if wish.budget_tokens is not None:
        losses.dropped("reasoning.budget_tokens", f"{provider} takes an effort, not a number of tokens.")
    if wish.want_text and not dialect.shows_reasoning:
        losses.dropped("reasoning.want_text", f"{provider} does not show reasoning on this wire.")
    if wish.effort is None:
        return {}
    if dialect.takes_reasoning_effort:
        return {"reasoning_effort": wish.effort}
    losses.dropped("reasoning.effort", f"{provider} has no such parameter.")
    return {}

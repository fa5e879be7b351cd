"""A chat completion request in OpenAI's words, read into the canonical form."""

from collections.abc import Mapping
from typing import Any

from ultra.domain.chat import ChatRequest, Loss, Output, ReasoningWish, Sampling
from ultra.protocols.fields import Fields, refuse_steering
from ultra.protocols.openai_chat.messages import read_messages
from ultra.protocols.openai_chat.passed_on import judge_types
from ultra.protocols.openai_chat.tools import read_tools

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_MOST_STOPS = 4
_RETIRED = {"functions": "tools", "function_call": "tool_choice"}


def parse(body: Mapping[str, Any]) -> ChatRequest:
    """Return the request, or raise `InvalidRequest` whose `param` names the field.

    Fields the canonical form has no place for (`logit_bias`, `service_tier`, `n` above 1, ...) are kept under
    `provider_options["openai"]`, to be sent on where that wire is spoken.
    """
    fields = Fields(body)
    losses: list[Loss] = []
    model = fields.need_text("model", hint="Name a model as provider/model-name; GET /v1/models lists them.")
    for name, instead in _RETIRED.items():
        if fields.any(name) is not None:
            raise fields.wrong(name, "is no longer taken", hint=f"Use {instead}.", code="unsupported_parameter")
    instructions, messages = read_messages(fields, losses)
    tools, tool_choice = read_tools(fields)
    wants_usage(body)
    return ChatRequest(
        model=model,
        messages=messages,
        instructions=instructions,
        tools=tools,
        tool_choice=tool_choice,
        output=_output(fields, losses),
        max_output_tokens=_max_output_tokens(fields),
        reasoning=ReasoningWish(effort=fields.word("reasoning_effort", EFFORTS)),
        sampling=_sampling(fields),
        stream=fields.flag("stream") or False,
        end_user=_end_user(fields),
        provider_options=_options(fields),
        losses=tuple(losses),
    )


def wants_usage(body: Mapping[str, Any]) -> bool:
    """Return whether the stream is to carry a usage chunk (`stream_options.include_usage`)."""
    if body.get("stream_options") is None:
        return False
    options = Fields(body).object("stream_options")
    return bool(options and options.flag("include_usage"))


def wants_storage(body: Mapping[str, Any]) -> bool:
    """Return whether what is said may be kept: always, unless `store` is false."""
    return Fields(body).flag("store") is not False


def _max_output_tokens(fields: Fields) -> int | None:
    current = fields.integer("max_completion_tokens", low=1)
    older = fields.integer("max_tokens", low=1)
    if current is not None and older is not None and current != older:
        raise fields.wrong("max_tokens", "contradicts max_completion_tokens", hint="Send max_completion_tokens only.")
    return older if current is None else current


_SAMPLING = frozenset(("temperature", "top_p", "top_k", "seed", "stop", "presence_penalty", "frequency_penalty"))
_USUAL = Sampling()


def _sampling(fields: Fields) -> Sampling:
    if fields.has_none_of(_SAMPLING):
        return _USUAL
    return Sampling(
        temperature=fields.number("temperature", 0, 2),
        top_p=fields.number("top_p", 0, 1),
        top_k=fields.integer("top_k", 0),
        seed=fields.integer("seed"),
        stop=_stop(fields),
        presence_penalty=fields.number("presence_penalty", -2, 2),
        frequency_penalty=fields.number("frequency_penalty", -2, 2),
    )


def _stop(fields: Fields) -> tuple[str, ...]:
    value = fields.any("stop")
    if isinstance(value, str):
        return (value,)
    return fields.texts("stop", most=_MOST_STOPS)


def _end_user(fields: Fields) -> str | None:
    older = fields.text("user")
    return fields.text("safety_identifier") or older


def _output(fields: Fields, losses: list[Loss]) -> Output:
    wanted = fields.object("response_format")
    if wanted is None:
        return Output()
    kind = wanted.word("type", ("text", "json_object", "json_schema"))
    if kind is None:
        raise wanted.missing("type")
    if kind == "text":
        return Output()
    if kind == "json_object":
        return Output(kind="json_object")
    described = wanted.need_object("json_schema")
    schema = described.need_object("schema")
    if described.text("description") is not None:
        losses.append(Loss(described.path("description"), "dropped", "put it into the schema's own description"))
    return Output(
        kind="json_schema",
        name=described.need_text("name"),
        schema=schema.raw,
        strict=described.flag("strict"),
    )


def _options(fields: Fields) -> dict[str, Mapping[str, Any]]:
    fields.any("stream_options")
    choices = fields.integer("n", 1, 128)
    left = fields.left()
    if left:
        refuse_steering(left)
        judge_types(left)
    if choices is not None and choices > 1:
        left["n"] = choices
    return {"openai": left} if left else {}

"""A messages request in Anthropic's words, read into the canonical form."""

from collections.abc import Mapping
from typing import Any

from ultra.domain.chat import ChatRequest, Loss, Output, ReasoningWish, Sampling
from ultra.domain.errors import InvalidRequest
from ultra.protocols.anthropic_messages.messages import read_messages, read_system
from ultra.protocols.anthropic_messages.tools import read_tools
from ultra.protocols.anthropic_messages.words import VENDOR
from ultra.protocols.fields import Fields, refuse_steering

VERSIONS = ("2023-06-01", "2026-10-21")
"""The versions of the wire; the last one refuses sampling fields, whatever their value."""

_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_THINKING = ("enabled", "adaptive", "disabled", "between_tools")
_DISPLAYS = ("summarized", "omitted")
_SAMPLING = ("temperature", "top_p", "top_k")


def parse(body: Mapping[str, Any], *, version: str, is_count: bool = False) -> ChatRequest:
    """Return the request, or raise `InvalidRequest` whose `param` names the field.

    `version` is the header `anthropic-version`; `is_count` reads a token count, which needs no `max_tokens`. Fields
    only Anthropic knows are kept under `provider_options["anthropic"]`.
    """
    is_new = _is_new(version)
    fields = Fields(body)
    losses: list[Loss] = []
    model = fields.need_text("model", hint="Name a model as provider/model-name; GET /v1/models lists them.")
    max_tokens = fields.integer("max_tokens", low=1)
    if max_tokens is None and not is_count:
        raise fields.missing("max_tokens", hint="Send the most tokens the answer may have.")
    tools, tool_choice = read_tools(fields, losses)
    effort, output = _output_config(fields)
    reasoning, thinking = _thinking(fields, effort)
    if max_tokens is not None and reasoning.budget_tokens is not None and reasoning.budget_tokens >= max_tokens:
        raise fields.wrong("thinking.budget_tokens", "must be below max_tokens", hint="Raise max_tokens.")
    messages = read_messages(fields, losses, model=model, is_new=is_new)
    return ChatRequest(
        model=model,
        messages=messages,
        instructions=read_system(fields, losses),
        tools=tools,
        tool_choice=tool_choice,
        output=output,
        max_output_tokens=max_tokens,
        reasoning=reasoning,
        sampling=_sampling(fields, is_new=is_new),
        stream=fields.flag("stream") or False,
        end_user=_end_user(fields),
        provider_options=_options(fields, thinking),
        losses=tuple(losses),
    )


def _is_new(version: str) -> bool:
    if version not in VERSIONS:
        raise InvalidRequest(
            f"anthropic-version {version[:40]!r} is not known." if version else "anthropic-version is required.",
            param="anthropic-version",
            hint=f"Send the header with one of: {', '.join(VERSIONS)}.",
        )
    return version == VERSIONS[-1]


def _sampling(fields: Fields, *, is_new: bool) -> Sampling:
    for name in _SAMPLING if is_new else ():
        if name in fields.raw:
            raise fields.wrong(
                name,
                f"is not taken under anthropic-version {VERSIONS[-1]}",
                hint="Leave it out, even at its default value.",
                code="unsupported_parameter",
            )
    return Sampling(
        temperature=fields.number("temperature", 0, 1),
        top_p=fields.number("top_p", 0, 1),
        top_k=fields.integer("top_k", 0),
        stop=fields.texts("stop_sequences"),
    )


def _output_config(fields: Fields) -> tuple[str | None, Output]:
    config = fields.object("output_config")
    if config is None:
        return None, Output()
    effort = config.word("effort", _EFFORTS)
    wanted = config.object("format")
    if wanted is None:
        return effort, Output()
    if wanted.word("type", ("json_schema",)) is None:
        raise wanted.missing("type")
    return effort, Output(kind="json_schema", schema=wanted.need_object("schema").raw)


def _thinking(fields: Fields, effort: str | None) -> tuple[ReasoningWish, Any]:
    """Return the wish, and the vendor's own object where its type says more than the wish can."""
    config = fields.object("thinking")
    if config is None:
        return ReasoningWish(effort=effort), None
    kind = config.word("type", _THINKING)
    if kind is None:
        raise config.missing("type", hint=f"Use one of: {', '.join(_THINKING)}.")
    wants_text = config.word("display", _DISPLAYS) != "omitted"
    if kind == "enabled":
        budget = config.integer("budget_tokens", low=1024)
        if budget is None:
            raise config.missing("budget_tokens")
        return ReasoningWish(effort=effort, budget_tokens=budget, want_text=wants_text), None
    if kind == "disabled":
        return ReasoningWish(effort="none"), None
    return ReasoningWish(effort=effort, want_text=wants_text and kind == "adaptive"), config.raw


def _end_user(fields: Fields) -> str | None:
    metadata = fields.object("metadata")
    return metadata.text("user_id") if metadata else None


def _options(fields: Fields, thinking: Any) -> dict[str, Mapping[str, Any]]:
    left = fields.left()
    refuse_steering(left)
    if thinking is not None:
        left["thinking"] = thinking
    return {VENDOR: left} if left else {}

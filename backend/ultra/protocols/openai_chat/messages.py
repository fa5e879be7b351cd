"""The conversation in OpenAI's words."""

from collections.abc import Mapping
from itertools import takewhile

from ultra.domain.chat import Loss, Message, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from ultra.protocols.fields import Fields
from ultra.protocols.openai_chat.content import read_content, read_texts

_SYSTEM = ("system", "developer")
_ROLES = (*_SYSTEM, "user", "assistant", "tool")


def read_messages(fields: Fields, losses: list[Loss]) -> tuple[tuple[Part, ...], tuple[Message, ...]]:
    """Return the instructions that open the conversation, and the messages after them.

    System and developer messages further down stay messages. Of a request that has nothing else, the last one
    stays a message too, so that there is always something to answer.
    """
    called: dict[str, str] = {}
    turns = [_message(each, called, losses) for each in fields.objects("messages")]
    if not turns:
        raise fields.missing("messages", hint="Send at least one message, for example from the user.")
    opening = list(takewhile(lambda turn: turn.role == "system", turns))
    if len(opening) == len(turns):
        opening.pop()
    instructions = tuple(part for turn in opening for part in turn.parts)
    return instructions, tuple(turns[len(opening) :])


def _message(fields: Fields, called: dict[str, str], losses: list[Loss]) -> Message:
    role = fields.text("role")
    if role == "function":
        raise fields.wrong("role", "function is no longer taken", hint="Send a message of role tool.")
    role = fields.word("role", _ROLES)
    if role is None:
        raise fields.missing("role")
    if role != "tool" and fields.text("name") is not None:
        losses.append(Loss(fields.path("name"), "dropped", "names of participants are not passed on"))
    match role:
        case "user":
            return Message("user", read_content(fields, losses))
        case "assistant":
            return _assistant(fields, called, losses)
        case "tool":
            return _tool_result(fields, called, losses)
        case _:
            return Message("system", read_texts(fields, losses))


def _assistant(fields: Fields, called: dict[str, str], losses: list[Loss]) -> Message:
    if fields.any("function_call") is not None:
        raise fields.wrong("function_call", "is no longer taken", hint="Send tool_calls.")
    if fields.any("audio") is not None:
        raise fields.wrong("audio", "is not offered here", hint="Send the transcript as content.")
    parts: list[Part] = []
    thought = fields.text("reasoning_content") or fields.text("reasoning")
    if thought:
        parts.append(Reasoning(thought))
    if fields.any("content") is not None:
        parts += read_texts(fields, losses, refusals=True)
    if refusal := fields.text("refusal"):
        parts.append(Refusal(refusal))
    calls = [_tool_call(each) for each in fields.objects("tool_calls")]
    for call in calls:
        called[call.id] = call.name
    if calls:
        parts = [part for part in parts if part != Text("")]
    parts += calls
    if not parts:
        raise fields.missing("content", hint="Send content, tool_calls or a refusal.")
    return Message("assistant", tuple(parts))


def _tool_call(fields: Fields) -> ToolCall:
    kind = fields.text("type") or "function"
    if kind != "function":
        raise fields.wrong("type", f"{kind[:80]!r} is not offered here", hint="Send calls of type function.")
    function = fields.need_object("function")
    return ToolCall(
        id=fields.need_text("id"),
        name=function.need_text("name"),
        args_json=function.text("arguments") or "",
    )


def _tool_result(fields: Fields, called: Mapping[str, str], losses: list[Loss]) -> Message:
    call_id = fields.need_text("tool_call_id")
    if call_id not in called:
        raise fields.wrong(
            "tool_call_id",
            f"{call_id[:80]!r} answers no call of an assistant message before it",
            hint="Send the assistant message with its tool_calls first.",
        )
    parts = tuple(part for part in read_texts(fields, losses) if isinstance(part, Text))
    return Message("tool", (ToolResult(call_id, parts, name=called[call_id]),))

"""The conversation in Anthropic's words."""

from itertools import groupby

from ultra.domain.chat import Loss, Message, Part, ToolResult
from ultra.protocols.anthropic_messages.blocks import Blocks
from ultra.protocols.fields import Fields

_ROLES = ("user", "assistant", "system")


def read_system(fields: Fields, losses: list[Loss]) -> tuple[Part, ...]:
    """Return the instructions: a string, or text blocks."""
    if fields.any("system") is None:
        return ()
    return Blocks(losses).read(fields, "system", "system")


def read_messages(fields: Fields, losses: list[Loss], *, model: str, is_new: bool) -> tuple[Message, ...]:
    """Return the turns. Tool results stand in user messages here and become messages of role tool.

    The newer version of the wire has system messages inside the conversation, and refuses documents from the assistant
    and citations on what the user wrote.
    """
    blocks = Blocks(losses, model=model, is_new=is_new)
    turns: list[Message] = []
    for each in fields.objects("messages"):
        role = each.word("role", _ROLES if is_new else _ROLES[:2])
        if role is None:
            raise each.missing("role")
        parts = blocks.read(each, "content", role)
        if role == "assistant":
            turns.append(Message("assistant", parts))
        elif role == "system":
            turns.append(Message("system", parts))
        else:
            turns += _user_turns(parts)
    if not turns:
        raise fields.missing("messages", hint="Send at least one message from the user.")
    if turns[0].role not in ("user", "system"):
        raise fields.wrong("messages[0].role", "must be user", hint="Begin with what the user said.")
    return tuple(turns)


def _user_turns(parts: tuple[Part, ...]) -> list[Message]:
    """Split what a user sent into results and the rest, in order."""
    runs = groupby(parts, key=lambda part: isinstance(part, ToolResult))
    return [Message("tool" if are_results else "user", tuple(run)) for are_results, run in runs]

"""The conversation in Google's words."""

from collections.abc import Iterator
from itertools import groupby

from ultra.domain.chat import Message, Part, Text, ToolResult
from ultra.protocols.fields import Fields
from ultra.protocols.gemini_generate.parts import Parts

_ROLES = ("user", "model", "function")


def read_system(fields: Fields) -> tuple[Part, ...]:
    """Return the instructions: text parts under `systemInstruction`."""
    system = fields.object("systemInstruction")
    if system is None:
        return ()
    parts = []
    for each in system.objects("parts"):
        text = each.text("text")
        if text is None:
            raise each.missing("text", hint="Instructions are text.")
        parts.append(Text(text))
    return tuple(parts)


def read_contents(fields: Fields, *, model: str) -> tuple[Message, ...]:
    """Return the turns. Function responses stand in user contents here and become messages of role tool."""
    parts = Parts(model=model)
    turns: list[Message] = []
    for each in fields.objects("contents"):
        turns += _turns(each, parts)
    if not turns:
        raise fields.missing("contents", hint="Send at least one content with a part.")
    return tuple(turns)


def _turns(fields: Fields, parts: Parts) -> Iterator[Message]:
    role = fields.word("role", _ROLES) or "user"
    said = tuple(part for each in fields.objects("parts") for part in parts.read(each, role))
    if not said:
        raise fields.missing("parts", hint="Send at least one part.")
    if role == "model":
        yield Message("assistant", said)
        return
    for are_results, run in groupby(said, key=lambda part: isinstance(part, ToolResult)):
        yield Message("tool" if are_results else "user", tuple(run))

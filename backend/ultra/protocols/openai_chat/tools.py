"""Functions a model may call, and which of them it must, in OpenAI's words."""

import re
from collections.abc import Iterable

from ultra.domain.chat import Tool, ToolChoice
from ultra.domain.errors import InvalidRequest
from ultra.protocols.fields import Fields

_ABOUT_TOOLS = frozenset(("tools", "tool_choice", "parallel_tool_calls"))
_NO_CHOICE = ToolChoice()
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z")


def read_tools(fields: Fields) -> tuple[tuple[Tool, ...], ToolChoice]:
    """Return `tools` and `tool_choice`; an `allowed_tools` choice of mode auto offers only the allowed ones."""
    if fields.has_none_of(_ABOUT_TOOLS):
        return (), _NO_CHOICE
    tools: dict[str, Tool] = {}
    for each in fields.objects("tools"):
        tool = _tool(each)
        if tool.name in tools:
            raise each.wrong("function.name", f"{tool.name!r} stands twice", hint="Give each tool its own name.")
        tools[tool.name] = tool
    mode, names = _choice(fields, tools)
    parallel = fields.flag("parallel_tool_calls")
    if mode == "restricted":
        return tuple(tools[name] for name in names), ToolChoice(parallel=parallel)
    match mode:
        case "none" | "auto" | "required":
            return tuple(tools.values()), ToolChoice(mode=mode, parallel=parallel)
        case _:
            return tuple(tools.values()), ToolChoice(mode="named", names=names, parallel=parallel)


def _tool(fields: Fields) -> Tool:
    kind = fields.text("type")
    if kind != "function":
        raise _only_functions(fields, "type", kind)
    function = fields.need_object("function")
    name = function.need_text("name")
    if not _NAME.match(name):
        raise function.wrong("name", f"{name[:80]!r} is not a name", hint="Use 1 to 64 letters, digits, _ or -.")
    schema = function.object("parameters")
    return Tool(
        name=name,
        description=function.text("description"),
        schema=schema.raw if schema else {"type": "object", "properties": {}},
        strict=function.flag("strict"),
    )


def _choice(fields: Fields, tools: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    value = fields.any("tool_choice")
    if value is None:
        return "auto", ()
    if isinstance(value, str):
        mode = fields.word("tool_choice", ("none", "auto", "required")) or "auto"
        if mode == "required" and not tools:
            raise fields.wrong("tool_choice", "requires a tool, but there is none", hint="Send tools too.")
        return mode, ()
    choice = Fields(value, "tool_choice")
    match choice.text("type"):
        case "function":
            return "named", (_known(choice.need_object("function"), tools),)
        case "allowed_tools":
            return _allowed(choice.need_object("allowed_tools"), tools)
        case kind:
            raise _only_functions(choice, "type", kind)


def _allowed(fields: Fields, tools: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    mode = fields.word("mode", ("auto", "required"))
    names: list[str] = []
    for each in fields.objects("tools"):
        if each.text("type") != "function":
            raise _only_functions(each, "type", each.text("type"))
        names.append(_known(each.need_object("function"), tools))
    if not names:
        raise fields.wrong("tools", "must name at least one tool", hint="Or send tool_choice none.")
    return ("named" if mode == "required" else "restricted"), tuple(dict.fromkeys(names))


def _known(fields: Fields, tools: Iterable[str]) -> str:
    name = fields.need_text("name")
    if name not in tools:
        raise fields.wrong("name", f"{name[:80]!r} is not among the tools", hint="Name one of tools.")
    return name


def _only_functions(fields: Fields, name: str, kind: str | None) -> InvalidRequest:
    if kind is None:
        return fields.missing(name)
    return fields.wrong(
        name, f"{kind[:80]!r} is not offered here", hint="Use a tool of type function.", code="unsupported_value"
    )

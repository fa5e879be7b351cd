"""Functions a model may call, and which of them it must, in Anthropic's words."""

import re

from ultra.domain.chat import Loss, Tool, ToolChoice
from ultra.protocols.fields import Fields

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}\Z")
_CHOICES = ("auto", "any", "tool", "none")


def read_tools(fields: Fields, losses: list[Loss]) -> tuple[tuple[Tool, ...], ToolChoice]:
    """Return `tools` and `tool_choice`. Tools that run at the vendor are refused: no other model could keep them."""
    tools: dict[str, Tool] = {}
    for each in fields.objects("tools"):
        tool = _tool(each, losses)
        if tool.name in tools:
            raise each.wrong("name", f"{tool.name!r} stands twice", hint="Give each tool its own name.")
        tools[tool.name] = tool
    return tuple(tools.values()), _choice(fields, frozenset(tools))


def _tool(fields: Fields, losses: list[Loss]) -> Tool:
    kind = fields.text("type") or "custom"
    if kind != "custom":
        raise fields.wrong(
            "type",
            f"{kind[:80]!r} is not offered here",
            hint="Use tools of your own, with name and input_schema.",
            code="unsupported_value",
        )
    name = fields.need_text("name")
    if not _NAME.match(name):
        raise fields.wrong("name", f"{name[:80]!r} is not a name", hint="Use 1 to 128 letters, digits, _ or -.")
    if fields.any("cache_control") is not None:
        losses.append(Loss(fields.path("cache_control"), "dropped", "cache hints are not passed on"))
    return Tool(
        name=name,
        description=fields.text("description"),
        schema=fields.need_object("input_schema").raw,
        strict=fields.flag("strict"),
    )


def _choice(fields: Fields, tools: frozenset[str]) -> ToolChoice:
    choice = fields.object("tool_choice")
    if choice is None:
        return ToolChoice()
    kind = choice.word("type", _CHOICES)
    if kind is None:
        raise choice.missing("type", hint=f"Use one of: {', '.join(_CHOICES)}.")
    if kind in ("any", "tool") and not tools:
        raise fields.wrong("tool_choice", "requires a tool, but there is none", hint="Send tools too.")
    parallel = False if choice.flag("disable_parallel_tool_use") else None
    match kind:
        case "tool":
            name = choice.need_text("name")
            if name not in tools:
                raise choice.wrong("name", f"{name[:80]!r} is not among the tools", hint="Name one of tools.")
            return ToolChoice("named", (name,), parallel)
        case "any":
            return ToolChoice("required", parallel=parallel)
        case "none":
            return ToolChoice("none", parallel=parallel)
        case _:
            return ToolChoice("auto", parallel=parallel)

"""Functions a model may call, and which of them it must, in Google's words."""

import re

from ultra.domain.chat import Json, Loss, Tool, ToolChoice
from ultra.protocols.fields import Fields
from ultra.protocols.gemini_generate.schemas import from_openapi

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}\Z")
_MODES = ("AUTO", "ANY", "NONE", "VALIDATED", "MODE_UNSPECIFIED")


def read_tools(fields: Fields, losses: list[Loss]) -> tuple[tuple[Tool, ...], ToolChoice]:
    """Return the declared functions and the choice. Tools that run at Google are refused: no other model has them."""
    tools: dict[str, Tool] = {}
    for each in fields.objects("tools"):
        for declared in each.objects("functionDeclarations"):
            tool = _tool(declared)
            if tool.name in tools:
                raise declared.wrong("name", f"{tool.name!r} stands twice", hint="Give each tool its own name.")
            tools[tool.name] = tool
        for name in each.left():
            raise each.wrong(name, "is not offered here", hint="Use functionDeclarations.", code="unsupported_value")
    return _choose(fields, tools, losses)


def _tool(fields: Fields) -> Tool:
    name = fields.need_text("name")
    if not _NAME.match(name):
        raise fields.wrong(
            "name", f"{name[:80]!r} is not a name", hint="Begin with a letter or _, then letters, digits, _ . : or -."
        )
    plain, openapi = fields.object("parametersJsonSchema"), fields.object("parameters")
    if plain is not None and openapi is not None:
        raise fields.wrong("parameters", "contradicts parametersJsonSchema", hint="Send one of them.")
    schema: Json = {"type": "object", "properties": {}}
    if plain is not None:
        schema = plain.raw
    elif openapi is not None:
        schema = from_openapi(openapi.raw)
    return Tool(name=name, description=fields.text("description"), schema=schema)


def _choose(fields: Fields, tools: dict[str, Tool], losses: list[Loss]) -> tuple[tuple[Tool, ...], ToolChoice]:
    everything = tuple(tools.values())
    outer = fields.object("toolConfig")
    config = outer.object("functionCallingConfig") if outer else None
    if config is None:
        return everything, ToolChoice()
    mode = config.word("mode", _MODES) or "AUTO"
    names = config.texts("allowedFunctionNames")
    for index, name in enumerate(names):
        if name not in tools:
            raise config.wrong(
                f"allowedFunctionNames[{index}]", f"{name[:80]!r} is not among the tools", hint="Name declared ones."
            )
    if mode == "NONE":
        return everything, ToolChoice("none")
    if mode == "ANY":
        if not tools:
            raise config.wrong("mode", "ANY requires a tool, but there is none", hint="Send functionDeclarations.")
        return everything, ToolChoice("named", names) if names else ToolChoice("required")
    if mode == "VALIDATED":
        losses.append(Loss(config.path("mode"), "changed", "VALIDATED is passed on as AUTO"))
    return (tuple(tools[name] for name in names) if names else everything), ToolChoice()

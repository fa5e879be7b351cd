"""The content blocks of Anthropic's messages."""

from collections.abc import Callable, Mapping

import orjson

from ultra.domain.chat import File, Image, Loss, Opaque, Part, Reasoning, Text, ToolCall, ToolResult
from ultra.protocols.anthropic_messages.words import VENDOR
from ultra.protocols.fields import Fields, kind_of
from ultra.protocols.media import from_base64
from ultra.protocols.origins import opaque

_ALLOWED: Mapping[str, tuple[str, ...]] = {
    "system": ("text",),
    "user": ("text", "image", "document", "tool_result"),
    "assistant": ("text", "thinking", "redacted_thinking", "tool_use", "document"),
    "tool_result": ("text", "image", "document"),
}
"""Which blocks may stand where; others are server tools, which only run at the vendor."""

_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")


class Blocks:
    """Reads the blocks of one request; remembers the tools called so far, so that results can name them."""

    def __init__(self, losses: list[Loss], *, model: str = "", is_new: bool = False) -> None:
        self._losses = losses
        self._model = model
        self._is_new = is_new
        self._called: dict[str, str] = {}
        self._readers: Mapping[str, Callable[[Fields], Part]] = {
            "text": self._text,
            "image": _image,
            "document": self._document,
            "tool_use": self._tool_use,
            "tool_result": self._tool_result,
            "thinking": self._thinking,
            "redacted_thinking": self._redacted,
        }

    def read(self, fields: Fields, name: str, where: str) -> tuple[Part, ...]:
        """Return the parts of a field that is a string or an array of blocks, as `where` allows them."""
        value = fields.any(name)
        if isinstance(value, str):
            if not value and where == "user":
                raise fields.wrong(name, "must not be empty", hint="Say something.")
            return (Text(value),)
        if value is None:
            raise fields.missing(name)
        if not isinstance(value, list):
            raise fields.wrong(
                name,
                f"must be a string or an array of blocks, not {kind_of(value)}",
                hint="Send the text as a string.",
                code="invalid_type",
            )
        parts = tuple(self._block(each, where) for each in fields.objects(name))
        if not parts and where not in ("system", "tool_result"):
            raise fields.wrong(name, "must not be empty", hint="Send at least one block.")
        return parts

    def _block(self, fields: Fields, where: str) -> Part:
        kind = fields.word("type", _ALLOWED[where])
        if kind is None:
            raise fields.missing("type", hint=f"Use one of: {', '.join(_ALLOWED[where])}.")
        if kind == "document" and where == "assistant" and self._is_new:
            raise fields.wrong("type", "must not be document in an assistant message", hint="Let the user send it.")
        if kind == "text" and where == "user" and self._is_new and fields.any("citations"):
            raise fields.wrong("citations", "must be empty on what the user wrote", hint="Leave it out.")
        if fields.any("cache_control") is not None:
            self._losses.append(Loss(fields.path("cache_control"), "dropped", "cache hints are not passed on"))
        return self._readers[kind](fields)

    def _text(self, fields: Fields) -> Text:
        text = fields.need_text("text")
        if fields.any("citations"):
            self._losses.append(Loss(fields.path("citations"), "dropped", "citations are not passed on"))
        return Text(text)

    def _document(self, fields: Fields) -> Part:
        source = fields.need_object("source")
        title = fields.text("title")
        for name in ("context", "citations"):
            if fields.any(name) is not None:
                self._losses.append(Loss(fields.path(name), "dropped", "only the document itself is passed on"))
        match source.word("type", ("base64", "text", "file")):
            case "base64":
                data = from_base64(source.need_text("data"), param=source.path("data"))
                return File(data=data, media_type=source.need_text("media_type"), filename=title)
            case "text":
                return File(data=source.need_text("data").encode(), media_type="text/plain", filename=title)
            case "file":
                return File(file_id=source.need_text("file_id"), filename=title)
            case _:
                raise source.missing("type")

    def _tool_use(self, fields: Fields) -> ToolCall:
        call_id, name = fields.need_text("id"), fields.need_text("name")
        self._called[call_id] = name
        return ToolCall(call_id, name, orjson.dumps(fields.need_object("input").raw).decode())

    def _tool_result(self, fields: Fields) -> ToolResult:
        call_id = fields.need_text("tool_use_id")
        if call_id not in self._called:
            raise fields.wrong(
                "tool_use_id",
                f"{call_id[:80]!r} answers no tool_use block before it",
                hint="Send the assistant message with its tool_use first.",
            )
        parts = () if fields.any("content") is None else self.read(fields, "content", "tool_result")
        told = tuple(part for part in parts if isinstance(part, (Text, Image, File)))
        return ToolResult(call_id, told, name=self._called[call_id], is_error=fields.flag("is_error") or False)

    def _thinking(self, fields: Fields) -> Reasoning:
        signed = fields.text("signature")
        origin = opaque(signed, model=self._model, vendor=VENDOR) if signed else None
        return Reasoning(fields.text("thinking") or "", opaque=origin)

    def _redacted(self, fields: Fields) -> Opaque:
        raw = {"type": "redacted_thinking", "data": fields.need_text("data")}
        return opaque(raw, model=self._model, vendor=VENDOR)


def _image(fields: Fields) -> Image:
    source = fields.need_object("source")
    match source.word("type", ("base64", "url")):
        case "base64":
            media_type = source.word("media_type", _IMAGES)
            if media_type is None:
                raise source.missing("media_type")
            return Image(data=from_base64(source.need_text("data"), param=source.path("data")), media_type=media_type)
        case "url":
            url = source.need_text("url")
            if not url[:8].lower() == "https://":
                raise source.wrong("url", "must be an https URL", hint="Or send the bytes as base64.")
            return Image(url=url)
        case _:
            raise source.missing("type")

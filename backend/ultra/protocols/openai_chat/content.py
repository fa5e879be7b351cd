"""The content of one message in OpenAI's words: a string, or typed parts."""

from collections.abc import Callable, Mapping

from ultra.domain.chat import Audio, File, Image, Loss, Part, Refusal, Text
from ultra.protocols.fields import Fields, kind_of
from ultra.protocols.media import from_base64, from_data_url

_DETAILS = ("auto", "low", "high", "original")
_SOUNDS = ("wav", "mp3")


def read_content(fields: Fields, losses: list[Loss]) -> tuple[Part, ...]:
    """Return what a user said: text, images, files, sound."""
    return _read(fields, losses, _READERS)


def read_texts(fields: Fields, losses: list[Loss], *, refusals: bool = False) -> tuple[Part, ...]:
    """Return content that may only be text, and an assistant's refusals."""
    return _read(fields, losses, _SAID if refusals else _WRITTEN)


def _read(fields: Fields, losses: list[Loss], readers: Mapping[str, Callable[[Fields], Part]]) -> tuple[Part, ...]:
    value = fields.any("content")
    if value is None:
        raise fields.missing("content")
    if isinstance(value, str):
        return (Text(value),)
    if not isinstance(value, list):
        raise fields.wrong(
            "content",
            f"must be a string or an array of parts, not {kind_of(value)}",
            hint="Send the text as a string.",
            code="invalid_type",
        )
    parts: list[Part] = []
    for each in fields.objects("content"):
        kind = each.word("type", readers)
        if kind is None:
            raise each.missing("type", hint=f"Use one of: {', '.join(readers)}.")
        parts.append(readers[kind](each))
        if each.any("prompt_cache_breakpoint") is not None:
            losses.append(Loss(each.path("prompt_cache_breakpoint"), "dropped", "cache hints are not passed on"))
    if not parts:
        raise fields.wrong("content", "must not be empty", hint="Send at least one part.")
    return tuple(parts)


def _text(fields: Fields) -> Text:
    text = fields.text("text")
    if text is None:
        raise fields.missing("text")
    return Text(text)


def _refusal(fields: Fields) -> Refusal:
    return Refusal(fields.need_text("refusal"))


def _image(fields: Fields) -> Image:
    described = fields.need_object("image_url")
    url = described.need_text("url")
    detail = described.word("detail", _DETAILS)
    where = fields.path("image_url")
    if url[:5].lower() == "data:":
        media_type, data = from_data_url(url, param=where)
        if not media_type.startswith("image/"):
            raise fields.wrong("image_url", f"holds {media_type[:80]}, not an image", hint="Send files as type file.")
        return Image(data=data, media_type=media_type, detail=detail)
    if url[:8].lower() == "https://":
        return Image(url=url, detail=detail)
    raise fields.wrong("image_url", "must be an https or a data: URL", hint="Send data:image/png;base64,...")


def _sound(fields: Fields) -> Audio:
    described = fields.need_object("input_audio")
    format_ = described.word("format", _SOUNDS)
    if format_ is None:
        raise described.missing("format")
    return Audio(from_base64(described.need_text("data"), param=described.path("data")), format_)


def _file(fields: Fields) -> File:
    described = fields.need_object("file")
    filename = described.text("filename")
    content, file_id = described.text("file_data"), described.text("file_id")
    if (content is None) == (file_id is None):
        raise fields.wrong("file", "must have either file_data or file_id", hint="Send file_data as a data: URL.")
    if content is None:
        return File(filename=filename, file_id=file_id)
    media_type, data = from_data_url(content, param=described.path("file_data"))
    return File(data=data, media_type=media_type, filename=filename)


_WRITTEN: Mapping[str, Callable[[Fields], Part]] = {"text": _text}
_SAID: Mapping[str, Callable[[Fields], Part]] = {"text": _text, "refusal": _refusal}
_READERS: Mapping[str, Callable[[Fields], Part]] = {
    "text": _text,
    "image_url": _image,
    "input_audio": _sound,
    "file": _file,
}

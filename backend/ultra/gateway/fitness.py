"""Can this model do what is asked? Known impossibilities are refused before anything is spent; unknown is allowed."""

from collections.abc import Iterable, Iterator

from ultra.domain.chat import Audio, ChatRequest, File, Image, Part, ToolResult
from ultra.domain.errors import InvalidRequest
from ultra.domain.models import Model

_MODALITIES: tuple[tuple[type[Part], tuple[str, ...], str], ...] = (
    (Image, ("image",), "pictures"),
    (Audio, ("audio",), "sound"),
    (File, ("file", "pdf", "document"), "documents"),
)


def misfit(model: Model, request: ChatRequest) -> InvalidRequest | None:
    """Return why this model cannot answer this request, naming the field; None when it can or nobody knows."""
    for param, message in _reasons(model, request):
        return InvalidRequest(f"{model.id} {message}.", param=param, provider=model.provider, model=model.id)
    return None


def _reasons(model: Model, request: ChatRequest) -> Iterator[tuple[str, str]]:
    able = model.capabilities
    if model.kind == "ensemble":
        yield "model", "is an ensemble, which is not a single completion"
    if request.tools and able.tools is False:
        yield "tools", "does not call tools"
    if request.tools and request.tool_choice.mode in ("required", "named") and able.tool_choice_required is False:
        yield "tool_choice", "cannot be made to call a tool"
    if request.output.kind == "json_schema" and able.json_schema is False:
        yield "response_format", "does not answer by a JSON schema"
    if request.output.kind == "json_object" and able.json_object is False:
        yield "response_format", "has no JSON mode"
    most = model.limits.max_output_tokens
    if request.max_output_tokens is not None and most is not None and request.max_output_tokens > most:
        yield "max_output_tokens", f"writes at most {most} tokens"
    if model.input_modalities is not None:
        yield from _unseen(model.input_modalities, request)


def _unseen(known: tuple[str, ...], request: ChatRequest) -> Iterator[tuple[str, str]]:
    kinds = {type(part) for message in request.messages for part in _flat(message.parts)}
    for kind, names, words in _MODALITIES:
        if kind in kinds and not any(name in known for name in names):
            yield "messages", f"does not take {words}"


def _flat(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        if isinstance(part, ToolResult):
            yield from part.parts
        else:
            yield part

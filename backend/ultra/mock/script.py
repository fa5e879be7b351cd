"""The seeded script: the same request, model and seed always give the same plausible answer."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ultra.domain.chat import (
    ChatRequest,
    Delta,
    Event,
    File,
    Finished,
    Image,
    Opaque,
    Part,
    PartEnded,
    PartStarted,
    Reasoning,
    Refusal,
    Started,
    Text,
    ToolCall,
    ToolResult,
    Usage,
    UsageReported,
)
from ultra.domain.completion import Completion
from ultra.mock import claims, merging, opinion, prose, reading, reviewing, revising, tokens, tooling
from ultra.mock.chance import number
from ultra.mock.instances import Hints, Unsatisfiable, generate
from ultra.mock.opinion import Opinion
from ultra.mock.reading import Reading
from ultra.mock.statements import statements

_TOP_EFFORTS = ("medium", "high", "xhigh", "max")


@dataclass(frozen=True, slots=True)
class _Scene:
    """Everything the script knows while it writes one answer."""

    request: ChatRequest
    provider: str
    model: str
    seed: str
    reading: Reading
    opinion: Opinion


class Script:
    """Plays models. `seed` changes who is wrong about what, and every choice of words."""

    def __init__(self, *, seed: str) -> None:
        self._seed = seed

    def play(self, request: ChatRequest, *, provider: str, model: str, answer_id: str) -> Completion:
        """Return what that model answers; `answer_id` becomes the id of the answer."""
        scene = self._set(request, provider, model)
        hints = tooling.gather_hints(
            scene.reading.question,
            key=f"{self._seed}:{model}:{scene.opinion.topic}",
            value=scene.opinion.value,
            sentence=scene.opinion.sentence or _first_sentence(scene),
        )
        calls = tooling.calls(request, scene.reading.question, hints, provider=provider)
        thought = _think(scene)
        if calls:
            parts: tuple[Part, ...] = (*thought, *calls)
            finish = Finished("tool_calls")
        else:
            written = _obey(scene, hints) if request.output.kind != "text" else _write(scene)
            visible, finish = _cut(written, request, spent=tokens.count_parts(thought))
            parts = (*thought, Text(visible))
        return Completion(
            id=answer_id,
            provider=provider,
            model=model,
            parts=parts,
            finish=finish,
            usage=_usage(request, parts),
        )

    def _set(self, request: ChatRequest, provider: str, model: str) -> _Scene:
        instructions = _visible(request.instructions)
        asked = [message for message in request.messages if message.role == "user" and _visible(message.parts)]
        text = _visible(asked[-1].parts) if asked else instructions
        read = reading.read(instructions, text)
        held = opinion.form(read, model=model, seed=self._seed)
        return _Scene(request, provider, model, self._seed, read, held)


def events(completion: Completion) -> Iterator[Event]:
    """Tell a completion as it would be streamed: a `Delta` per token; input is counted at once, output at the end."""
    yield Started(completion.id, completion.provider, completion.model, completion.losses)
    if completion.usage is not None:
        yield UsageReported(replace(completion.usage, output_total=0, output_reasoning=0))
    for index, part in enumerate(completion.parts):
        match part:
            case Text(text):
                yield PartStarted(index, "text")
            case Reasoning(text=text):
                yield PartStarted(index, "reasoning")
            case Refusal(text):
                yield PartStarted(index, "refusal")
            case ToolCall(id=call_id, name=name, args_json=text):
                yield PartStarted(index, "tool_call", call_id, name)
            case _:
                continue
        for piece in tokens.split(text):
            yield Delta(index, piece)
        yield PartEnded(index, part.opaque if isinstance(part, Reasoning | ToolCall) else None)
    if completion.usage is not None:
        yield UsageReported(completion.usage)
    yield completion.finish


def _visible(parts: tuple[Part, ...]) -> str:
    return "\n".join(part.text for part in parts if isinstance(part, Text))


def _usage(request: ChatRequest, parts: tuple[Part, ...]) -> Usage:
    thought = tokens.count_parts(part for part in parts if isinstance(part, Reasoning))
    return Usage(
        input_total=tokens.count_request(request), output_total=tokens.count_parts(parts), output_reasoning=thought
    )


def _think(scene: _Scene) -> tuple[Part, ...]:
    """Show reasoning where it was asked for; its signature is only good at this provider and model."""
    wish = scene.request.reasoning
    if not wish.want_text:
        return ()
    steps = [f"The question is about {' '.join(scene.reading.subject) or 'a short matter'}."]
    if scene.opinion.steps:
        steps.append(scene.opinion.steps)
    if wish.effort in _TOP_EFFORTS or wish.budget_tokens:
        steps.append("I check that once more before answering.")
    signature = base64.b64encode(f"mock {number('signature', scene.opinion.topic):x}".encode()).decode()
    return (Reasoning(" ".join(steps), opaque=Opaque(scene.provider, scene.model, signature)),)


def _write(scene: _Scene) -> str:
    """Write the visible answer: tool results, peers, a closed answer, or prose; then the last line asked for."""
    results = tooling.last_results(scene.request)
    read, held = scene.reading, scene.opinion
    if results:
        return _report(results)
    if read.bare and held.value is not None:
        return held.value
    if read.reviewing:
        return reviewing.review(read, held, model=scene.model)
    if read.own is not None:
        body = revising.revise(read, held)
    elif read.peers:
        body = merging.merge(read, held)
    elif held.value is None:
        body = prose.write(read, model=scene.model, seed=scene.seed)
    else:
        body = _state(scene)
    body = _acknowledge(scene.request) + body
    return _close(scene, body)


def _first_sentence(scene: _Scene) -> str:
    """Return one sentence about an open question, for a field of a structured answer."""
    asked = claims.about(scene.reading)
    return claims.gather(scene.reading, asked, model=scene.model, seed=scene.seed).everything[0]


def _state(scene: _Scene) -> str:
    """State a closed answer in the manner of the model: at once, or with how it came to it."""
    held = scene.opinion
    said = merging.explained_briefly(held)
    if scene.reading.short or not held.steps:
        return said
    match number(scene.seed, "manner", scene.model) % 4:
        case 0:
            return said
        case 1 if said == held.sentence:
            return f"{held.steps} {said}"
        case 2:
            return f"{said}\n\n{held.steps}"
        case _:
            return f"{said} {held.steps}"


def _close(scene: _Scene, body: str) -> str:
    read, held = scene.reading, scene.opinion
    if read.closing is None:
        return body
    if held.value is not None:
        return f"{body}\n{read.closing}: {held.value}"
    if read.conditional:
        return body
    said = [each.text for each in statements(body)]
    is_unknown = claims.about(read).genre == "fact"
    return f"{body}\n{read.closing}: {'unknown' if is_unknown else said[0] if said else body}"


def _report(results: tuple[ToolResult, ...]) -> str:
    """Answer with what the tools said."""
    lines = []
    for result in results:
        text = " ".join(part.text for part in result.parts if isinstance(part, Text)).strip() or "nothing"
        who = result.name or "the tool"
        lines.append(f"{who} failed and said: {text}" if result.is_error else f"According to {who}: {text}")
    return "\n".join(line[0].upper() + line[1:] for line in lines)


def _acknowledge(request: ChatRequest) -> str:
    """Say which pictures and documents came with the question: media type and size."""
    seen = []
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, Image):
                size = f"{len(part.data)} bytes" if part.data is not None else "by address"
                seen.append(f"an image ({part.media_type or 'type unknown'}, {size})")
            elif isinstance(part, File):
                size = f"{len(part.data)} bytes" if part.data is not None else "by id"
                seen.append(f"a document ({part.media_type or 'type unknown'}, {size})")
    return f"I received {' and '.join(seen)}. " if seen else ""


def _obey(scene: _Scene, hints: Hints) -> str:
    """Answer as JSON: an instance of the schema, or an object with the answer."""
    output = scene.request.output
    if output.kind == "json_object" or output.schema is None:
        written = {"answer": scene.opinion.value or hints.sentence}
        return json.dumps(written, ensure_ascii=False)
    try:
        return json.dumps(generate(output.schema, hints), ensure_ascii=False)
    except Unsatisfiable as error:
        return json.dumps({"error": str(error)})


def _cut(text: str, request: ChatRequest, *, spent: int) -> tuple[str, Finished]:
    """End where a stop sequence or the token limit says so."""
    found = [(at, stop) for stop in request.sampling.stop if stop and (at := text.find(stop)) >= 0]
    finish = Finished("stop")
    if found:
        at, stop = min(found)
        text, finish = text[:at], Finished("stop", stop_sequence=stop)
    if request.max_output_tokens is not None:
        pieces = tokens.split(text)
        left = max(request.max_output_tokens - spent, 0)
        if len(pieces) > left:
            return "".join(pieces[:left]), Finished("length")
    return text, finish

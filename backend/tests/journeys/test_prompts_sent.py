"""What really goes over the wire in a run: every lens at every stage, through every vendor's encoder."""

import json
import re
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.fakes.completions import Asked, FakeCompletions, Said
from tests.fakes.system import FakeSystem
from tests.unit.analysis.conftest import World, build
from ultra.analysis import known_flows
from ultra.domain.analysis import Document, Earlier, Question
from ultra.domain.chat import ChatRequest
from ultra.domain.ports import CallContext
from ultra.patterns import load
from ultra.providers.anthropic import Anthropic
from ultra.providers.base import HttpProvider
from ultra.providers.calls import Timeouts
from ultra.providers.gemini import Gemini
from ultra.providers.openai import OpenAI

PATTERNS = load(flows=known_flows())
MODELS = ("a/one", "b/two", "c/three", "d/fourth")
QUESTION = Question(
    prompt='Why does "{{answers}}" matter, and\nwhat is [[decided: it]]? QUESTION-MARK \u2014 \u65e5\u672c\u8a9e',
    context=(Document("notes.txt", "DOCUMENT-MARK {{own}}"),),
    earlier=Earlier("run_1", "EARLIER-MARK", "VERDICT-MARK"),
)


def said_by(request: ChatRequest, call: CallContext) -> str:
    """Give every model at every stage words of its own that nobody else uses."""
    return f'The words of {request.model.replace("/", "-")} at stage {call.stage}: {{{{question}}}} & <tags> "quoted".'


def texts_in(vendor: type[HttpProvider], asked: Asked) -> str:
    """Return all texts in the body that this vendor would be sent."""
    provider = vendor(
        session=None,  # type: ignore[arg-type]  # nothing is sent
        base_url="http://127.0.0.1:1",
        key=lambda: "k",
        system=FakeSystem(),
        timeouts=Timeouts(),
        key_hint="",
    )
    call, _ = provider.encode(asked.request)
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk(json.loads(call.body))
    return "\n".join(found)


async def conducted(lens: str, flow: str) -> World:
    """Conduct one run of a real lens over four fake models."""
    world = build(models=MODELS)
    world.analyst._patterns = PATTERNS
    world.completions.default = said_by
    run = await world.done(QUESTION, pattern=lens, flow=flow)
    assert run.status in ("complete", "contested"), run.error
    return world


def peers_of(completions: FakeCompletions, asked: Asked) -> Sequence[str]:
    """Return the texts this call must have been shown, from the calls made before it."""
    before: dict[str, list[str]] = {}
    for each in completions.asked[: completions.asked.index(asked)]:
        before.setdefault(each.call.stage or "", []).append(said_by(each.request, each.call))
    match asked.call.stage:
        case "review":
            return before["answer"]
        case "revise":
            return [*before["answer"], *before["review"]]
        case "synthesis":
            return [
                *(before.get("revise") or before["answer"]),
                *(() if "revise" in before else before.get("review", ())),
            ]
        case _:
            return ()


@pytest.mark.parametrize("vendor", [OpenAI, Anthropic, Gemini])
@pytest.mark.parametrize("lens", [lens.name for lens in PATTERNS.all()])
async def test_every_prompt_is_filled(lens: str, vendor: type[HttpProvider]) -> None:
    """Question, documents, the earlier run and every peer's words are in the bytes; no hole of a template is."""
    stages: Counter[str | None] = Counter()
    for flow in ("full", "council", "vote"):
        world = await conducted(lens, flow)
        for asked in world.completions.asked:
            stages[asked.call.stage] += 1
            sent = texts_in(vendor, asked)
            assert QUESTION.prompt in sent
            for mark in ("DOCUMENT-MARK {{own}}", "EARLIER-MARK", "VERDICT-MARK"):
                assert mark in sent
            peers = peers_of(world.completions, asked)
            assert (asked.call.stage in ("answer", "vote")) == (not peers)
            for words in peers:
                assert words in sent
            own = sent.replace(QUESTION.prompt, "").replace("DOCUMENT-MARK {{own}}", "").replace("{{question}}", "")
            assert not re.search(r"\{\{|\}\}|\[\[|\]\]", own), own
    assert set(stages) == {"answer", "vote", "review", "revise", "synthesis"}


async def test_no_reader_learns_who_wrote_what() -> None:
    """No prompt names a model or a role of the panel."""

    def anonymous(request: ChatRequest, call: CallContext) -> Said:
        return f"Words number {MODELS.index(request.model)} at {call.stage}."

    for lens in PATTERNS.all():
        world = build(models=MODELS)
        world.analyst._patterns = PATTERNS
        world.completions.default = anonymous
        await world.done(QUESTION, pattern=lens.name, flow="full")
        for asked in world.completions.asked:
            sent = texts_in(OpenAI, asked).replace(f'"{asked.request.model}"', "")
            assert "member-" not in sent
            for model in MODELS:
                assert sent.count(model) == (1 if model == asked.request.model else 0)

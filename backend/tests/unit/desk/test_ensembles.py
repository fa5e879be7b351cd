"""An ensemble speaks as one model: its verdict and nothing else, and never more than is true."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.desk.conftest import Office
from ultra.desk.ensembles import Ensembles, question
from ultra.domain.analysis import Answer, NewEvent, Verdict
from ultra.domain.chat import ChatRequest, Delta, Finished, Image, Message, Output, Sampling, Text, Tool, Usage
from ultra.domain.completion import gather
from ultra.domain.errors import AllFailed, InvalidRequest, NotFound, QuotaExhausted, Truncated, UltraError
from ultra.domain.identity import LOCAL_OPERATOR
from ultra.domain.records import answer_to_json

ASKED = ChatRequest(model="ultra/consensus", messages=(Message("user", (Text("Why?"),)),))


def written(text: str, *, call: str = "k1", attempt: int = 1) -> NewEvent:
    """Return a piece of a synthesis."""
    return NewEvent("synthesis.delta", {"call_key": call, "attempt": attempt, "text": text})


def answer(**fields: Any) -> NewEvent:
    """Return a whole answer."""
    kept = Answer(role="synthesiser-1", model="a/one", stage="synthesis", status="ok", **fields)
    return NewEvent("answer.done", answer_to_json(kept))


async def told(office: Office, request: ChatRequest = ASKED) -> tuple[list[str], Any, dict[str, Any]]:
    """Ask and return the pieces of text, how it ended, and what stands beside."""
    async with Ensembles(runs=office.desk).open(LOCAL_OPERATOR, request, request_id="req_1") as opened:
        events = [event async for event in opened]
        return [event.text for event in events if isinstance(event, Delta)], events[-1], opened.extras()


async def test_the_synthesis_is_told_while_it_is_written(office: Office) -> None:
    """Pieces come as they are; nothing is repeated at the end."""
    office.executor.script = [written("It is "), written("so.")]
    pieces, end, extras = await told(office)
    assert pieces == ["It is ", "so."]
    assert end == Finished("stop", raw_reason="complete")
    assert (extras["status"], extras["model"], extras["heading"]) == ("complete", "ultra/consensus", "Complete")


async def test_what_was_not_streamed_comes_at_the_end(office: Office) -> None:
    """A verdict that nobody streamed, or only in part, is told whole."""
    assert (await told(office))[0] == ["It is so."]
    office.executor.script = [written("It is")]
    assert (await told(office))[0] == ["It is", " so."]


async def test_a_replaced_synthesis_is_not_passed_off_as_whole(office: Office) -> None:
    """What the client has got and the verdict does not begin with cannot be taken back; so the answer breaks off."""
    office.executor.script = [written("It was"), written("It is so.", call="k2")]
    with pytest.raises(Truncated) as broken:
        await told(office)
    assert "/api/analyses/run" in (broken.value.hint or "")


async def test_a_second_attempt_is_not_mixed_with_the_first(office: Office) -> None:
    """When the second attempt begins like the first, the client gets one text, once."""
    office.executor.script = [written("It "), written("It is so.", attempt=2)]
    assert (await told(office))[0] == ["It ", "is so."]


async def test_a_verdict_that_is_cut_off_ends_so(office: Office) -> None:
    """The reason of whoever was cut off is the ensemble's own."""
    office.executor.script = [answer(text="It is so.", cut=True, finish_reason="length")]
    assert (await told(office))[1].reason == "length"
    office.executor.script = [answer(text="Something else.", cut=True, finish_reason="length")]
    assert (await told(office))[1].reason == "stop"


async def test_usage_is_that_of_all_members(office: Office) -> None:
    """Whoever pays sees the sum."""
    office.executor.script = [answer(text="x", usage=Usage(input_total=1, output_total=2))] * 2
    async with Ensembles(runs=office.desk).open(LOCAL_OPERATOR, ASKED, request_id="req_1") as opened:
        completion = await gather(opened)
    assert completion.usage is not None
    assert (completion.usage.input_total, completion.usage.output_total) == (2, 4)


@pytest.mark.parametrize(("kind", "error"), [("all_failed", AllFailed), ("quota_exhausted", QuotaExhausted)])
async def test_a_failed_run_is_an_error(office: Office, kind: str, error: type[UltraError]) -> None:
    """Nobody's silence is told as an answer."""
    office.executor.status = None
    async with Ensembles(runs=office.desk).open(LOCAL_OPERATOR, ASKED, request_id="req_1") as opened:
        await office.executor.end(office.executor.submitted[0].id, "failed", None, kind=kind)
        with pytest.raises(error):
            await gather(opened)


async def test_leaving_early_stops_the_run(office: Office) -> None:
    """The run ends with its client; one that has ended stays as it is."""
    office.executor.status = None
    async with Ensembles(runs=office.desk).open(LOCAL_OPERATOR, ASKED, request_id="req_1"):
        run = office.executor.submitted[0]
    assert (await office.desk.get(LOCAL_OPERATOR, run.id)).status == "cancelled"
    office.executor.status = "complete"
    await told(office)
    assert (await office.desk.get(LOCAL_OPERATOR, office.executor.submitted[1].id)).status == "complete"


async def test_an_ensembles_run_is_not_resumed(office: Office) -> None:
    """Its limit is passed on, and nobody carries it on after a crash."""
    await told(office, replace(ASKED, max_output_tokens=99))
    options = office.executor.submitted[0].options
    assert (options.resumable, options.max_output_tokens, options.pattern) == (False, 99, "consensus")


async def test_an_unknown_pattern_is_an_unknown_model(office: Office) -> None:
    """Clients of this wire know models only."""
    with pytest.raises(NotFound) as refused:
        await told(office, replace(ASKED, model="ultra/nothing"))
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")
    assert office.executor.submitted == []


async def test_tools_are_refused_with_advice(office: Office) -> None:
    """An ensemble has no hands."""
    with pytest.raises(InvalidRequest) as refused:
        await told(office, replace(ASKED, tools=(Tool("look"),)))
    assert (refused.value.param, "single model" in (refused.value.hint or "")) == ("tools", True)


async def test_what_has_no_meaning_for_several_is_named(office: Office) -> None:
    """A wish about sampling is dropped, and said to be."""
    _, _, extras = await told(office, replace(ASKED, sampling=Sampling(temperature=0.5)))
    assert [(each["param"], each["action"]) for each in extras["losses"]] == [("temperature", "dropped")]


def test_a_conversation_becomes_a_question() -> None:
    """The last turn asks, the others are history; pictures, instructions and the wished form go along."""
    picture = Image(data=b"x", media_type="image/png")
    asked = question(
        ChatRequest(
            model="ultra/consensus",
            messages=(
                Message("user", (Text("First"),)),
                Message("assistant", (Text("Reply"),)),
                Message("user", (Text("One"), picture, Text("Two"))),
            ),
            instructions=(Text("Be brief."),),
            output=Output("json_object"),
        )
    )
    assert (asked.prompt, asked.images, len(asked.history)) == ("One\n\nTwo", (picture,), 2)
    assert (asked.instructions, asked.output.kind) == ((Text("Be brief."),), "json_object")


def test_the_last_turn_must_be_a_users() -> None:
    """There is nothing to ask in an assistant's words."""
    with pytest.raises(InvalidRequest) as refused:
        question(ChatRequest(model="ultra/consensus", messages=(Message("assistant", (Text("x"),)),)))
    assert refused.value.param == "messages"


async def test_a_verdict_of_several_lines_is_told_as_it_is(office: Office) -> None:
    """No heading and no remark is added to the text."""
    office.executor.verdict = Verdict(status="partial", text="# Title\n\nText", warnings=("Careful.",))
    office.executor.status = "partial"
    pieces, _, extras = await told(office)
    assert pieces == ["# Title\n\nText"]
    assert (extras["status"], extras["warnings"]) == ("partial", ["Careful."])


@pytest.mark.parametrize("by", ["the key", "the request"])
async def test_what_may_not_be_kept_leaves_no_trace(office: Office, by: str) -> None:
    """A key that keeps nothing, or a request that says so, has its run in memory alone, under its own credential."""
    caller = replace(LOCAL_OPERATOR, credential="key", credential_id="key_1", stores=by != "the key")
    ensembles = Ensembles(runs=office.desk)
    async with ensembles.open(caller, ASKED, request_id="req_1", store=by != "the request"):
        assert not (await office.desk.page(caller, limit=10)).runs
        (run,) = office.fleeting.submitted
        assert (run.credential_id, run.options.store) == ("key_1", False)

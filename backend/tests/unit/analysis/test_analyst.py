"""Runs are conducted to an honest end, on a virtual clock."""

import asyncio
from decimal import Decimal

import pytest

from tests.fakes.catalogue import model
from tests.fakes.completions import Reply, Said
from tests.fakes.patterns import FakeLens
from tests.unit.analysis.conftest import MODELS, World, build
from ultra.analysis import RecordFailed, known_flows
from ultra.domain.analysis import Question
from ultra.domain.chat import Image, Message, Text
from ultra.domain.errors import CircuitOpen, NetworkFailed, Overloaded, QuotaExhausted, Truncated, UltraError

CLOSED = "What is 17 * 23?"


@pytest.mark.parametrize("flow", sorted(known_flows()))
async def test_a_run_ends_with_its_verdict_and_its_cost(world: World, flow: str) -> None:
    """Every flow ends; the last event carries what the run carries, and the journal counts without gaps."""
    world.completions.default = lambda request, call: f"{request.model} has its own words on it.\nAnswer: 391"
    run = await world.done(CLOSED, flow=flow)
    assert run.status == "complete"
    assert run.verdict is not None
    events = world.events(run)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert (events[0].type, events[-1].type) == ("run.started", "run.done")
    assert events[-1].data["verdict"]["text"] == run.verdict.text
    calls = len(world.completions.asked)
    assert run.cost_usd == Decimal("0.001") * calls
    assert events[-1].data["calls"] == calls
    assert world.completions.open_now == 0


async def test_intent_stands_in_the_journal_before_a_call(world: World) -> None:
    """When a model is asked, its `call.started` has been written."""
    seen: list[int] = []

    def script(request: object, call: object) -> Said:
        (row,) = world.runs.rows.values()
        seen.append(sum(event.type == "call.started" for event in row.events))
        return "Said."

    world.completions.default = script
    await world.done(flow="compare")
    assert seen == [3, 3, 3]


async def test_a_run_takes_as_long_as_its_slowest_needed_path(world: World) -> None:
    """Members answer side by side; the clock shows the slowest of them and the synthesis."""
    for seconds, name in enumerate(("a/one", "b/two", "c/three"), start=1):
        world.say(name, lambda request, call, s=seconds: Reply("Words.", delay=s if call.stage == "answer" else 2.0))
    run = await world.done()
    assert run.finished_at is not None
    assert run.started_at is not None
    assert (run.finished_at - run.started_at).total_seconds() == pytest.approx(5.0, abs=0.2)


async def test_a_quorum_does_not_wait_for_a_straggler(world: World) -> None:
    """Two of three are enough; the third is cancelled after the grace, and the run is `partial`."""
    world.say("a/one", Reply("Late.", delay=60))
    run = await world.done()
    assert run.status == "partial"
    (failed,) = world.events(run, "answer.failed")
    assert (failed.data["model"], failed.data["error_kind"]) == ("a/one", "cancelled")
    assert world.completions.asked_of("a/one")[0].outcome == "cancelled"
    assert run.finished_at is not None
    assert run.started_at is not None
    assert (run.finished_at - run.started_at).total_seconds() < 2


async def test_the_strongest_member_is_waited_for_longer(world: World) -> None:
    """An answer two seconds late is in time when it comes from the strongest member."""
    world.say("c/three", lambda request, call: Reply("Strong words.", delay=2.5 if call.stage == "answer" else 0))
    run = await world.done()
    assert run.status == "complete"
    assert run.verdict is not None
    assert run.verdict.answered == 3


async def test_the_deadline_holds_and_finished_answers_count(world: World) -> None:
    """A panel that hangs costs the round its share of the deadline; what came is used, the rest `timed_out`."""
    for name in ("b/two", "c/three"):
        world.say(name, Reply("Never.", delay=10_000))
    run = await world.done(deadline_s=60)
    assert run.status == "single"
    assert run.verdict is not None
    assert run.verdict.text == "a/one on answer"
    assert {event.data["error_kind"] for event in world.events(run, "answer.failed")} == {"timed_out"}
    assert run.finished_at is not None
    assert run.started_at is not None
    assert (run.finished_at - run.started_at).total_seconds() <= 60


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (NetworkFailed("Reset."), "partial"),
        (Overloaded("Busy."), "partial"),
        (Reply("Half an ans", breaks=Truncated("Cut.")), "partial"),
        (Reply(""), "partial"),
        (Reply("  \n"), "partial"),
        (Reply("Long and", finish="length"), "partial"),
        (Reply("I will not.", finish="refusal"), "complete"),
        (Reply("", finish="filtered"), "partial"),
    ],
)
async def test_one_fault_leaves_an_honest_run(world: World, said: Said, status: str) -> None:
    """Whatever happens to one of three members, the other two make the verdict, and a warning names the one."""
    world.say("a/one", said)
    run = await world.done()
    assert run.status == status
    assert run.verdict is not None
    assert any("a/one" in warning for warning in run.verdict.warnings)


async def test_a_fault_of_ours_in_one_call_is_one_failed_answer(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A broken call does not take the others down, and is logged."""

    def broken(request: object, call: object) -> Said:
        raise ZeroDivisionError

    world.say("a/one", broken)
    run = await world.done()
    assert run.status == "partial"
    assert [event.data["error_kind"] for event in world.events(run, "answer.failed")] == ["internal"]
    assert "broke" in caplog.text


@pytest.mark.parametrize(
    ("error", "kind"),
    [(NetworkFailed("Reset."), "all_failed"), (CircuitOpen("Open."), "none_available")],
)
async def test_nobody_answering_fails_with_every_cause(world: World, error: UltraError, kind: str) -> None:
    """Upstreams that failed and models that could not be asked are told apart."""
    world.completions.default = error
    run = await world.done()
    assert (run.status, run.error_kind) == ("failed", kind)
    last = world.events(run)[-1]
    assert last.type == "run.failed"
    assert {cause["model"] for cause in last.data["causes"]} == {"a/one", "b/two", "c/three"}
    assert {cause["kind"] for cause in last.data["causes"]} == {error.kind}


async def test_a_failed_synthesis_leaves_the_best_answer(world: World) -> None:
    """When nobody can write the synthesis, a member's answer is the text, and says so."""
    world.completions.default = lambda request, call: (
        NetworkFailed("Reset.") if call.stage == "synthesis" else f"Words of {request.model}."
    )
    run = await world.done()
    assert run.status == "unsynthesised"
    assert run.verdict is not None
    assert run.verdict.text.startswith("Words of ")
    assert world.stages_asked().count("synthesis") == 3


async def test_the_synthesis_streams_in_rows(world: World) -> None:
    """Deltas join to the text; they come in rows of about 100 ms, not one for each token, and before the end."""
    words = tuple(f"word{n} " for n in range(100))
    world.say("c/three", lambda request, call: Reply(pieces=words, pace=0.01) if call.stage == "synthesis" else "Me.")
    run = await world.done()
    deltas = world.events(run, "synthesis.delta")
    assert "".join(event.data["text"] for event in deltas) == "".join(words)
    assert 5 <= len(deltas) <= 15
    assert (deltas[-1].at - deltas[0].at).total_seconds() > 0.5
    (done,) = world.events(run, "synthesis.done")
    assert done.data["text"] == "".join(words)


async def test_members_stream_too(world: World) -> None:
    """Every answer's deltas join to its text."""
    world.completions.default = lambda request, call: Reply(f"Many words by {request.model}.", pace=0.3)
    run = await world.done(flow="compare")
    for done in world.events(run, "answer.done"):
        key = done.data["call_key"]
        parts = [event.data["text"] for event in world.events(run, "answer.delta") if event.data["call_key"] == key]
        assert "".join(parts) == done.data["text"]
        assert len(parts) > 1


async def test_calls_say_on_whose_behalf_they_are_made(world: World) -> None:
    """A panel call names the owner, the run and its stage, and asks that very model."""
    run = await world.done()
    call = world.completions.asked[0].call
    assert (call.principal, call.run_id, call.stage, call.fall_back) == ("local", run.id, "answer", False)


async def test_the_request_carries_everything_asked(world: World) -> None:
    """Instructions of the stage and of the caller, history, images and the prompt stand in the request."""
    question = Question(
        "The question.",
        images=(Image(url="https://example.org/a.png"),),
        history=(Message("user", (Text("Before."),)),),
        instructions=(Text("Be brief."),),
    )
    await world.done(question, flow="route", max_output_tokens=77)
    request = world.completions.asked[0].request
    assert request.instructions == (Text("lens consensus"), Text("Be brief."))
    assert request.messages[0] == question.history[0]
    assert request.messages[1].parts[0] == question.images[0]
    assert isinstance(request.messages[1].parts[1], Text)
    assert "The question." in request.messages[1].parts[1].text
    assert (request.max_output_tokens, request.stream) == (77, True)


async def test_a_tie_is_broken_by_a_model_outside_a_chosen_panel() -> None:
    """Only when Ultra chose the panel may it ask one model more."""
    for named in (False, True):
        world = build(models=("a/one", "b/two", "c/three"))
        world.say("a/one", "391")
        world.say("b/two", "381")
        world.say("c/three", "391")
        panel = ("a/one", "b/two")
        run = await world.done(CLOSED, panel=panel, **({"models": panel} if named else {}))
        assert run.status == ("contested" if named else "complete")
        assert len(world.completions.asked_of("c/three")) == (0 if named else 1)


async def test_viewpoints_are_handed_to_the_members_in_turn() -> None:
    """A lens with roles gives each member one of them."""
    world = build(FakeLens("consensus", roles=("the optimist", "the pessimist")))
    run = await world.done(flow="compare")
    views = [member["viewpoint"] for member in world.events(run, "run.started")[0].data["panel"]]
    assert sorted(views) == ["the optimist", "the optimist", "the pessimist"]


async def test_a_panel_smaller_than_the_lens_wants_is_warned_of() -> None:
    """A lens says how many models it makes sense with."""
    world = build(FakeLens("consensus", minimum_panel=4))
    run = await world.done(flow="compare")
    assert run.verdict is not None
    assert any("4 models or more" in warning for warning in run.verdict.warnings)


# --- money


async def test_a_budget_that_does_not_reach_asks_nobody(world: World) -> None:
    """When even the smallest worst case of the first round does not fit, no call is made."""
    run = await world.done(budget_usd=Decimal("0.000001"))
    assert (run.status, run.error_kind, run.cost_usd) == ("failed", "quota_exhausted", Decimal(0))
    assert not world.completions.asked


async def test_an_optional_round_is_skipped_when_money_is_short(world: World) -> None:
    """The synthesis that does not fit is skipped with its reason, and the best answer stands."""
    world.completions.default = Reply("Words about it.", cost_usd=Decimal("0.01"))
    run = await world.done(budget_usd=Decimal("0.03"))
    assert run.status == "unsynthesised"
    assert world.stages_asked() == ["answer"] * 3
    assert {event.data["reason"] for event in world.events(run, "stage.skipped")} == {"budget"}
    assert run.cost_usd == Decimal("0.03")


async def test_a_budget_limits_the_output(world: World) -> None:
    """Under a budget a call may only write what its worst case can pay."""
    await world.done(budget_usd=Decimal("0.01"), flow="compare")
    for asked in world.completions.asked:
        assert asked.request.max_output_tokens is not None
        assert 3 * 2 * asked.request.max_output_tokens <= Decimal("0.01") * 1_000_000


async def test_a_model_without_a_price_fits_no_strict_budget(world: World) -> None:
    """A worst case that nobody knows cannot be promised to stay within a budget that the caller named."""
    world.catalogue.put(model("a/one"))
    run = await world.done(budget_usd=Decimal(5), strict_budget=True)
    assert (run.status, run.error_kind) == ("failed", "quota_exhausted")


async def test_a_model_without_a_price_passes_a_default_budget(world: World) -> None:
    """The server's own budget bounds what has a price; a model without one may be asked all the same."""
    world.catalogue.put(model("a/one"))
    run = await world.done(budget_usd=Decimal(5))
    assert run.status == "complete"


async def test_an_unknown_cost_is_not_zero(world: World) -> None:
    """Known costs are summed, and the verdict says that the sum is a lower bound; without any it is None."""
    world.say("a/one", Reply("Free?", cost_usd=None))
    run = await world.done(flow="compare")
    assert run.cost_usd == Decimal("0.002")
    assert run.verdict is not None
    assert any("lower bound" in warning for warning in run.verdict.warnings)
    world.completions.default = Reply("Free?", cost_usd=None)
    assert (await world.done(flow="compare")).cost_usd is None


# --- stopping


async def test_a_wish_to_stop_ends_the_run(world: World) -> None:
    """A cancelled run closes its calls within a second and ends as `cancelled`."""
    world.completions.default = Reply("Slow.", delay=100)
    run = await world.begin()

    async def wish() -> None:
        await world.system.sleep(5)
        assert await world.runs.request_cancel(run.id, owner="local")

    async with asyncio.TaskGroup() as group:
        group.create_task(wish())
        conducting = group.create_task(world.conduct(run))
    kept = conducting.result()
    assert (kept.status, kept.error_kind) == ("cancelled", "cancelled")
    assert world.events(kept)[-1].type == "run.cancelled"
    assert [asked.outcome for asked in world.completions.asked] == ["cancelled"] * 3
    assert kept.finished_at is not None
    assert (kept.finished_at - kept.created_at).total_seconds() <= 6


@pytest.mark.parametrize("is_wanted", [True, False])
async def test_a_cancelled_task_ends_the_run_only_if_that_was_wanted(world: World, is_wanted: bool) -> None:
    """Cancelled on request the run ends; cancelled by a shutdown it stays for another worker."""
    asked = asyncio.Event()

    def slow(request: object, call: object) -> Said:
        asked.set()
        return Reply("Slow.", delay=100)

    world.completions.default = slow
    world.system.jumps = False
    run = await world.begin()
    conducting = asyncio.ensure_future(world.conduct(run))
    await asked.wait()
    if is_wanted:
        await world.runs.request_cancel(run.id, owner="local")
    conducting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await conducting
    kept = world.runs.rows[run.id].run
    assert kept.status == ("cancelled" if is_wanted else "running")
    assert world.completions.open_now == 0


async def test_a_lost_lease_stops_silently(world: World) -> None:
    """When another worker has taken over, nothing more is written or asked."""
    run = await world.begin()

    def robbed(request: object, call: object) -> Said:
        world.runs.rows[run.id].worker = "thief"
        return "Said."

    world.completions.default = robbed
    await world.conduct(run)
    assert world.runs.rows[run.id].run.status == "running"
    assert not world.events(run, "answer.done", "run.failed", "run.done")


async def test_a_store_that_fails_leaves_the_run_to_be_resumed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that cannot be written is no failure of the run."""
    run = await world.begin()
    whole = world.journal.append

    async def full(run_id: str, events: object, *, worker: str) -> object:
        raise OSError("No space left on device")

    monkeypatch.setattr(world.journal, "append", full)
    with pytest.raises(RecordFailed):
        await world.conduct(run)
    monkeypatch.setattr(world.journal, "append", whole)
    await world.runs.release(run.id, worker="worker-1")
    assert (await world.conduct(run, "worker-2")).status == "complete"


@pytest.mark.parametrize("options", [{"pattern": "nonsense"}, {"flow": "nonsense"}])
async def test_a_run_that_cannot_be_planned_fails_once(world: World, options: dict[str, str]) -> None:
    """An unknown pattern or flow ends the run instead of haunting every worker."""
    run = await world.done(**options)
    assert run.status == "failed"
    assert run.error is not None
    assert "nonsense" in run.error


async def test_a_fault_in_a_lens_ends_the_run(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A fault of ours ends the run as failed without internals, and is logged with them."""

    class Broken(FakeLens):
        def render(self, *args: object, **facts: object) -> None:
            raise ValueError("secret detail")

    world.patterns.lenses["consensus"] = Broken()
    run = await world.done()
    assert (run.status, run.error_kind, run.error) == ("failed", "internal", "The run broke inside Ultra.")
    assert "secret detail" in caplog.text


async def test_a_run_that_nobody_could_be_paid_for_says_so(world: World) -> None:
    """It fails as what it is, in the words of who keeps the budget, and no upstream is blamed."""
    world.completions.default = lambda *_: QuotaExhausted("The budget of 1 USD does not reach for this today.")
    run = await world.done(flow="compare")
    assert (run.status, run.error_kind) == ("failed", "quota_exhausted")
    assert run.error == "The budget of 1 USD does not reach for this today."
    assert len(world.events(run, "run.failed")[0].data["causes"]) == len(MODELS)

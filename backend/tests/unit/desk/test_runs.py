"""Runs are checked before they begin, followed to their end, and seen by their owner only."""

from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.unit.desk.conftest import Office
from tests.unit.desk.entry import SOURCE
from ultra.domain.analysis import NewEvent, Question, Run, Verdict
from ultra.domain.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    NotTheirs,
    QuotaExhausted,
    RateLimited,
    UltraError,
    Unavailable,
)
from ultra.domain.identity import LOCAL_OPERATOR, Principal
from ultra.domain.observations import JournalRead
from ultra.protocols.problems import problem

SOMEBODY_ELSE = Principal("else", "user")


async def begun(office: Office, prompt: str = "Why?", **options: Any) -> Run:
    """Begin a run as the local operator."""
    follow_up_to = options.pop("follow_up_to", None)
    return await office.desk.begin(
        LOCAL_OPERATOR,
        Question(prompt),
        office.desk.options(**options),
        request_id="req_1",
        follow_up_to=follow_up_to,
    )


async def test_what_is_left_out_is_filled_in(office: Office) -> None:
    """Budget, deadline and a panel of the usual size come from the settings."""
    run = await begun(office)
    assert office.executor.submitted == [run]
    assert run.panel == ("d/four", "c/three")
    assert (run.options.deadline_s, run.options.budget_usd, run.options.store) == (60, Decimal("0.50"), True)
    assert (run.owner, run.status, run.request_id) == ("local", "queued", "req_1")


async def test_a_pattern_may_want_a_larger_panel(office: Office) -> None:
    """The panel has at least as many members as the lens needs."""
    assert len((await begun(office, pattern="systems")).panel) == 4


async def test_named_models_are_asked_in_their_order(office: Office) -> None:
    """Whoever names models gets these and no others."""
    assert (await begun(office, models=("a/one", "d/four"))).panel == ("a/one", "d/four")


async def test_what_is_not_kept_goes_to_another_bench(office: Office) -> None:
    """`store: false` never comes near the store, and is found by its id all the same."""
    run = await begun(office, store=False)
    assert (office.executor.submitted, office.fleeting.submitted) == ([], [run])
    assert (await office.desk.get(LOCAL_OPERATOR, run.id)).id == run.id
    assert (await office.desk.page(LOCAL_OPERATOR, limit=10)).runs == ()


@pytest.mark.parametrize(
    ("prompt", "options", "error", "param"),
    [
        ("", {}, InvalidRequest, "prompt"),
        (" \n", {}, InvalidRequest, "prompt"),
        ("Why?", {"pattern": "nothing"}, NotFound, "pattern"),
        ("Why?", {"flow": "votes"}, InvalidRequest, "flow"),
        ("Why?", {"budget_usd": Decimal(0)}, InvalidRequest, "budget_usd"),
        ("Why?", {"deadline_s": 0}, InvalidRequest, "deadline_s"),
        ("Why?", {"deadline_s": 900.1}, InvalidRequest, "deadline_s"),
        ("Why?", {"deadline_s": float("nan")}, InvalidRequest, "deadline_s"),
        ("Why?", {"models": ("a/one",) * 4}, InvalidRequest, "models"),
        ("Why?", {"models": ("a/none",)}, NotFound, "model"),
        ("Why?", {"follow_up_to": "run_none"}, NotFound, None),
    ],
)
async def test_nothing_begins_with_a_mistake(
    office: Office, prompt: str, options: dict[str, Any], error: type[UltraError], param: str | None
) -> None:
    """A bad request is refused by name, and no run is made of it."""
    with pytest.raises(error) as refused:
        await begun(office, prompt, **options)
    assert refused.value.param == param
    assert office.executor.submitted == []


async def test_a_follow_up_takes_the_verdict_along(office: Office) -> None:
    """The earlier question and verdict stand in the new question."""
    first = await begun(office, "Who?")
    second = await begun(office, "When?", follow_up_to=first.id)
    earlier = second.question.earlier
    assert earlier is not None
    assert (earlier.run_id, earlier.prompt, earlier.verdict) == (first.id, "Who?", "It is so.")


@pytest.mark.parametrize("status", [None, "failed", "cancelled"])
async def test_only_a_verdict_can_be_followed_up(office: Office, status: Any) -> None:
    """A run under way, failed or cancelled has nothing to continue."""
    office.executor.status, office.executor.verdict = status, None
    first = await begun(office)
    with pytest.raises(Conflict):
        await begun(office, follow_up_to=first.id)


async def test_a_run_of_somebody_else_does_not_exist(office: Office) -> None:
    """Looking, following, continuing, cancelling and deleting all answer as for a run that never was."""
    run = await begun(office)
    desk = office.desk
    for deed in (desk.get, desk.result, desk.cancel, partial(desk.delete, source=SOURCE), desk.ended):
        with pytest.raises(NotFound) as refused:
            await deed(SOMEBODY_ELSE, run.id)
        with pytest.raises(NotFound) as missing:
            await deed(SOMEBODY_ELSE, "run_none")
        assert refused.value.message.replace(run.id, "") == missing.value.message.replace("run_none", "")
    assert (await desk.page(SOMEBODY_ELSE, limit=10)).runs == ()


async def test_following_ends_with_the_run(office: Office) -> None:
    """Every event comes once, in order, up to the last one, also for who comes later or halfway."""
    office.executor.script = [NewEvent("run.started", {"flow": "vote"}), NewEvent("cost", {})]
    run = await begun(office)
    seen = [event async for event in office.desk.follow(LOCAL_OPERATOR, run.id)]
    assert [(event.seq, event.type) for event in seen] == [(1, "run.started"), (2, "cost"), (3, "run.done")]
    rest = [event.seq async for event in office.desk.follow(LOCAL_OPERATOR, run.id, after=1)]
    assert rest == [2, 3]
    assert [event async for event in office.desk.follow(LOCAL_OPERATOR, run.id, after=3)] == []


async def test_following_waits_for_what_comes(office: Office) -> None:
    """Who follows a run under way gets what is there, then what is written, and is let go at the end."""
    office.executor.status = None
    office.executor.script = [NewEvent("run.started", {"flow": "vote"})]
    run = await begun(office)
    following = office.desk.follow(LOCAL_OPERATOR, run.id)
    assert (await anext(following)).type == "run.started"
    await office.executor.end(run.id, "complete", Verdict(status="complete", text="x"))
    assert [event.type async for event in following] == ["run.done"]


async def test_a_run_that_has_ended_cannot_be_cancelled(office: Office) -> None:
    """One under way can, once."""
    office.executor.status = None
    run = await begun(office)
    assert (await office.desk.cancel(LOCAL_OPERATOR, run.id)).status == "cancelled"
    with pytest.raises(Conflict, match="cancelled"):
        await office.desk.cancel(LOCAL_OPERATOR, run.id)


async def test_a_finished_run_can_be_deleted(office: Office) -> None:
    """Then it is gone; one under way stays."""
    run = await begun(office)
    await office.desk.delete(LOCAL_OPERATOR, run.id, source=SOURCE)
    with pytest.raises(NotFound):
        await office.desk.get(LOCAL_OPERATOR, run.id)
    office.executor.status = None
    busy = await begun(office)
    with pytest.raises(Conflict):
        await office.desk.delete(LOCAL_OPERATOR, busy.id, source=SOURCE)


async def test_how_late_events_come_is_told_of_those_that_were_waited_for(office: Office) -> None:
    """What stood in the journal before somebody came is late by nobody's fault."""
    office.executor.status = None
    office.executor.script = [NewEvent("run.started", {})]
    run = await begun(office)
    office.system.advance(60)
    seen = []
    async for event in office.desk.follow(LOCAL_OPERATOR, run.id, patience=1):
        seen.append(event.type)
        if event.type == "run.started":
            await office.executor.end(run.id, "complete", office.executor.verdict)
    assert seen == ["run.started", "run.done"]
    (lag,) = [each.lag_s for each in office.observer.noticed if isinstance(each, JournalRead)]
    assert 0 <= lag <= 1


async def test_a_run_that_cannot_be_paid_is_not_begun(office: Office) -> None:
    """It is refused as what it would have been, and nothing of it is kept, whichever way it was asked for."""
    office.means.is_used_up = True
    for store in (True, False):
        with pytest.raises(QuotaExhausted):
            await begun(office, store=store)
    assert [each.panel for each in office.means.judged] == [("d/four", "c/three")] * 2
    assert (office.executor.submitted, office.fleeting.submitted) == ([], [])
    assert (await office.desk.page(LOCAL_OPERATOR, limit=10)).runs == ()


async def test_a_run_that_is_one_too_many_is_not_kept(office: Office) -> None:
    """And one that cannot be kept leaves no place behind."""
    places = office.kept_places
    places.most = 1
    run = await begun(office)
    with pytest.raises(RateLimited):
        await begun(office)
    assert office.executor.submitted == [run]
    places.most = 2
    office.executor.leave()
    with pytest.raises(Unavailable):
        await begun(office)
    assert places.taken == {run.id}


async def test_whose_run_was_reached_for_is_known_to_the_audit_alone(office: Office) -> None:
    """A run of somebody else is refused in the words for one that nobody has, and only its class is another."""
    run = await begun(office)
    fleeting = await begun(office, store=False)
    for there in (run, fleeting):
        with pytest.raises(NotTheirs) as theirs:
            await office.desk.get(SOMEBODY_ELSE, there.id)
        with pytest.raises(NotFound) as nobodys:
            await office.desk.get(SOMEBODY_ELSE, "run_9")
        assert not isinstance(nobodys.value, NotTheirs)
        assert theirs.value.target == there.id
        assert theirs.value.message.replace(there.id, "run_9") == nobodys.value.message
        told = [problem(each.value, request_id="r", show_internals=True).body for each in (theirs, nobodys)]
        assert {name: value for name, value in told[0].items() if name != "detail"} == {
            name: value for name, value in told[1].items() if name != "detail"
        }

"""One desk for whoever answers: a model, or an ensemble."""

import pytest

from tests.fakes.completions import FakeCompletions, Reply
from tests.unit.desk.conftest import Office
from ultra.desk.completions import CompletionDesk
from ultra.desk.ensembles import Ensembles
from ultra.domain.chat import ChatRequest, Message, Text
from ultra.domain.completion import gather
from ultra.domain.errors import InvalidRequest, NetworkFailed
from ultra.domain.identity import LOCAL_OPERATOR

ASKED = (Message("user", (Text("Why?"),)),)


@pytest.fixture
def completions(office: Office) -> FakeCompletions:
    """Script one model."""
    return FakeCompletions(system=office.system, scripts={"a/one": Reply("It is so.", model="a/one")})


@pytest.fixture
def desk(office: Office, completions: FakeCompletions) -> CompletionDesk:
    """Set up the desk over it."""
    ensembles = Ensembles(runs=office.desk)
    return CompletionDesk(
        completions=completions,
        ensembles=ensembles,
        catalogue=office.catalogue,
        system=office.system,
        deadline_s=30,
    )


async def test_a_model_answers_with_its_receipt(
    office: Office, desk: CompletionDesk, completions: FakeCompletions
) -> None:
    """Who asked and until when goes along; who answered and for how much comes back."""
    async with desk.open(LOCAL_OPERATOR, ChatRequest(model="a/one", messages=ASKED), request_id="req_1") as told:
        completion = await gather(told)
    assert completion.text == "It is so."
    assert (told.model, told.extras()["cost_usd"], told.extras()["losses"]) == ("a/one", "0.001", [])
    call = completions.asked[0].call
    assert (call.principal, call.request_id, call.deadline) == ("local", "req_1", office.system.monotonic() + 30)


async def test_an_ensemble_answers_by_a_run(office: Office, desk: CompletionDesk, completions: FakeCompletions) -> None:
    """The names that begin with `ultra/` are Ultra's own."""
    request = ChatRequest(model="ultra/consensus", messages=ASKED)
    async with desk.open(LOCAL_OPERATOR, request, request_id="req_1") as told:
        completion = await gather(told)
    assert (completion.text, told.model) == ("It is so.", "ultra/consensus")
    assert len(office.executor.submitted) == 1
    assert completions.asked == []


@pytest.mark.parametrize("model", ["a/one", "ultra/consensus"])
async def test_nothing_is_asked_without_a_message(desk: CompletionDesk, model: str) -> None:
    """There must be something to answer."""
    with pytest.raises(InvalidRequest) as refused:
        desk.open(LOCAL_OPERATOR, ChatRequest(model=model, messages=()), request_id="req_1")
    assert refused.value.param == "messages"


async def test_what_is_known_of_it_is_left_for_the_log_line(desk: CompletionDesk, office: Office) -> None:
    """Who answered, how often somebody was asked, tokens and money; of a run, which one it was and how it ended."""
    facts: dict[str, object] = {}
    asked = ChatRequest(model="a/one", messages=ASKED)
    async with desk.open(LOCAL_OPERATOR, asked, request_id="req_1", facts=facts) as told:
        await gather(told)
    assert facts == {
        "model": "a/one",
        "provider": "a",
        "attempts": 1,
        "cost_usd": "0.001",
        "input_tokens": 10,
        "output_tokens": 5,
    }
    facts.clear()
    asked = ChatRequest(model="ultra/consensus", messages=ASKED)
    async with desk.open(LOCAL_OPERATOR, asked, request_id="req_1", facts=facts) as told:
        await gather(told)
    assert facts["run_id"] == office.executor.submitted[0].id
    assert (facts["model"], facts["run_status"]) == ("ultra/consensus", "complete")
    assert (facts["answered"], facts["asked"]) == (1, 1)


async def test_a_failure_leaves_its_facts_too(desk: CompletionDesk, completions: FakeCompletions) -> None:
    """How often somebody was asked in vain is what an operator wants to know."""
    completions.scripts["a/one"] = NetworkFailed("gone")
    facts: dict[str, object] = {}
    with pytest.raises(NetworkFailed):
        async with desk.open(
            LOCAL_OPERATOR, ChatRequest(model="a/one", messages=ASKED), request_id="req_1", facts=facts
        ):
            pass
    assert "attempts" in facts

"""kill -9 in the middle of everything: what was acknowledged is carried on, what was paid for is not paid again."""

import json
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.faults.listening import Listener
from tests.journeys.programs import Mock, UltraProcess, fetch, mock_process, provider_toml, ultra_process, until

PANELS = {
    "answering": ["a1", "a2", "a3"],
    "reviewing": ["b1", "b2"],
    "writing": ["c1", "c2"],
    "waiting": ["d1", "d2"],
    "ensemble": ["e1", "e2"],
}
"""A panel for each run, so that the mock's log tells whose call a request was."""
FINISHED = ["a1", "a3", "b1", "b2", "b2", "c1", "c2", "e1"]
STALLED = {"answering": "a2", "reviewing": "b1", "writing": "c1", "ensemble": "e2"}
FLOWS = {"answering": "compare", "reviewing": "council", "writing": "adaptive", "waiting": "compare"}
OPEN = "Why is the sky blue?"
MEMBERS = [f"cast/{name}" for panel in PANELS.values() for name in panel]
TOML = f"[panels]\ndefault = {json.dumps([f'cast/{name}' for name in PANELS['ensemble']])}\n"
SETTINGS = {"ULTRA_RUN_CONCURRENCY": "4"}


@dataclass
class Aftermath:
    """What was there before the kill, and after the next process has done its work."""

    before: list[dict[str, Any]] = field(default_factory=list)
    after: list[dict[str, Any]] = field(default_factory=list)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    journals: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    client: Listener | None = None


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    """Stop four runs at different stages and keep a fifth waiting; kill; start again and let everything end."""
    folder, found = tmp_path_factory.mktemp("ultra"), Aftermath()
    with mock_process(models={"openai": [], "cast": [name for panel in PANELS.values() for name in panel]}) as mock:
        toml = TOML + provider_toml(mock, "cast", [name.removeprefix("cast/") for name in MEMBERS])
        with ultra_process(folder, mock, toml=toml, settings=SETTINGS) as first:
            places = staged(first, mock, found)
            found.before = mock.requests()
            first.signal(signal.SIGKILL)
            assert first.ended() == -signal.SIGKILL
        expire_leases(first.database)
        mock.disarm()
        with ultra_process(folder, mock, toml=toml, settings=SETTINGS) as second:
            watch(second, places, found)
            found.after = mock.requests()[len(found.before) :]
        yield found


def staged(ultra: UltraProcess, mock: Mock, found: Aftermath) -> dict[str, str]:
    """Bring every run to the place where it is to be killed; return where they are."""
    for stalled in STALLED.values():
        mock.arm("stall-after-2-600s", model=stalled, times=1)
    for later in ("b1", "c1"):  # their first call, the answer, goes well: it is the second that stalls
        mock.arm("normal", model=later, times=1)
    places = {}
    for name in ("answering", "reviewing", "writing"):
        places[name] = begin(ultra, name)
    found.client = Listener(
        f"{ultra.url}/v1/chat/completions",
        {"model": "ultra/consensus", "messages": [{"role": "user", "content": OPEN}], "stream": True},
    )
    wanted = Counter(FINISHED)
    until(lambda: has_ended(mock) == wanted, patience=30, what="every other call finished")
    until(lambda: Counter(is_open(mock)) == Counter(STALLED.values()), patience=30, what="four calls in flight")
    for name, count in {"answering": 2, "reviewing": 3, "writing": 2}.items():
        recorded(ultra, places[name], count)
    places["waiting"] = begin(ultra, "waiting")
    (line,) = [each for each in ultra.get("/api/analyses")["data"] if f"cast/{STALLED['ensemble']}" in each["models"]]
    places["ensemble"] = f"/api/analyses/{line['id']}"
    return places


def begin(ultra: UltraProcess, name: str) -> str:
    """Begin a run and return its address."""
    body = {"prompt": OPEN, "flow": FLOWS[name], "models": [f"cast/{each}" for each in PANELS[name]], "deadline_s": 120}
    listener = Listener(f"{ultra.url}/api/analyze", body, prefer="respond-async").to_the_end()
    assert listener.status == 202, listener.heard
    return str(listener.json["location"])


def recorded(ultra: UltraProcess, place: str, count: int) -> None:
    """Wait until everything but the stalled call has reached the journal."""
    until(lambda: len(ultra.get(place)["answers"]) == count, patience=60, what=f"{count} answers at {place}")


def has_ended(mock: Mock) -> Counter[str]:
    """Return how often each model has answered."""
    return Counter(each["model"] for each in mock.requests() if each["outcome"] == "finished")


def is_open(mock: Mock) -> list[str]:
    """Return who is answering now."""
    return [each["model"] for each in mock.requests() if each["outcome"] == "open"]


def expire_leases(database: Path) -> None:
    """Let the time pass after which a dead worker's leases are free."""
    with sqlite3.connect(database) as connection:
        changed = connection.execute("UPDATE runs SET lease_until = created_at WHERE lease_until IS NOT NULL")
        assert changed.rowcount == len(STALLED)


def watch(ultra: UltraProcess, places: dict[str, str], found: Aftermath) -> None:
    """Wait for every run's end, and keep what it is then."""
    for name, place in places.items():
        heard = Listener(f"{ultra.url}{place}/events").to_the_end().heard
        rows = [line.removeprefix(b"data: ") for line in heard.split(b"\n") if line.startswith(b"data: ")]
        found.journals[name] = [json.loads(row) for row in rows]
        found.runs[name] = ultra.get(place)
    assert fetch(f"{ultra.url}/health/ready")[0] == 200


RESUMED = ["answering", "reviewing", "writing"]


@pytest.mark.parametrize("name", [*RESUMED, "waiting"])
def test_the_run_ends_as_if_nothing_had_happened(aftermath, name):
    """What was acknowledged is complete in the end, whether it was under way or still waiting."""
    run = aftermath.runs[name]
    assert (run["status"], run["answered"]) == ("complete", len(PANELS[name]))
    assert run["text"]


@pytest.mark.parametrize("name", RESUMED)
def test_finished_calls_are_not_repeated(aftermath, name):
    """Of all that was asked before, only the call in flight is asked again, with the same words."""
    before = [each for each in aftermath.before if each["model"] in PANELS[name]]
    after = [each for each in aftermath.after if each["model"] in PANELS[name]]
    (stalled,) = [each["body"] for each in before if each["outcome"] == "open"]
    finished = [each["body"] for each in before if each["outcome"] == "finished"]
    sent = [each["body"] for each in after]
    assert sent.count(stalled) == 1
    assert not [body for body in sent if body in finished]


def test_a_waiting_run_is_asked_once(aftermath):
    """A run that nobody had begun is begun by the next process, once."""
    assert not [each for each in aftermath.before if each["model"] in PANELS["waiting"]]
    assert Counter(each["model"] for each in aftermath.after if each["model"] in PANELS["waiting"]) == {
        "d1": 1,
        "d2": 1,
    }
    assert aftermath.runs["waiting"]["cost"]["possible_double_charge"] == 0


@pytest.mark.parametrize("name", RESUMED)
def test_what_may_have_been_paid_twice_is_said(aftermath, name):
    """The repeated call is marked wherever money is told: at the answer, in the sum, and in words."""
    run = aftermath.runs[name]
    stalled = f"cast/{STALLED[name]}"
    marked = [each for each in run["answers"] if each["possible_double_charge"]]
    assert [each["model"] for each in marked] == [stalled]
    assert run["cost"]["possible_double_charge"] == 1
    assert run["cost"]["calls"] == len(run["answers"]) + 1
    assert any("paid twice" in warning and stalled in warning for warning in run["warnings"])


@pytest.mark.parametrize("name", [*RESUMED, "waiting"])
def test_the_journal_has_no_seam(aftermath, name):
    """One journal, numbered without gaps across the kill; every call begun twice says so."""
    journal = aftermath.journals[name]
    assert [each["seq"] for each in journal] == list(range(1, len(journal) + 1))
    assert [each["type"] for each in journal].count("run.started") == 1
    assert journal[-1]["type"] == "run.done"
    begun = [each for each in journal if each["type"] == "call.started"]
    again = [(each["model"], each["attempt"]) for each in begun if each["possible_double_charge"]]
    assert again == ([(f"cast/{STALLED[name]}", 2)] if name in STALLED else [])
    ended = Counter(each["call_key"] for each in journal if each["type"] in ("answer.done", "answer.failed"))
    assert set(ended.values()) == {1}


def test_an_ensemble_is_not_carried_on(aftermath):
    """The client of an ensemble is gone, so nobody is asked on; the run says that it was interrupted."""
    assert aftermath.client.to_the_end().ended == "cut"
    assert b"[DONE]" not in aftermath.client.heard
    run = aftermath.runs["ensemble"]
    assert (run["status"], run["error"]["code"]) == ("failed", "interrupted")
    assert aftermath.journals["ensemble"][-1]["type"] == "run.failed"
    assert not [each for each in aftermath.after if each["model"] in PANELS["ensemble"]]

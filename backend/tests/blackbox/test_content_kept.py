"""D: what is said is kept where that was asked for, and nowhere when it was not."""

import secrets
from typing import Any

from tests.blackbox.asking import until
from tests.blackbox.targets import PANEL, SILENT, House

RUN = {"models": ["acme/alpha", "acme/beta", "acme/gamma"], "flow": "council", "deadline_s": 60}


def canary() -> str:
    """Return a word that nobody else says."""
    return f"quokka{secrets.token_hex(12)}"


def chat(word: str, model: str = "acme/alpha", **more: Any) -> dict[str, Any]:
    """Return a completion that is asked for with the word in every place where a word can stand."""
    said = [
        {"role": "system", "content": f"Remember {word}."},
        {"role": "user", "content": f"Why is {word} blue?"},
    ]
    return {"model": model, "messages": said, "user": word, "metadata": {"note": word}, **more}


def run(word: str, **more: Any) -> dict[str, Any]:
    """Return a run that is asked for with the word."""
    context = [{"name": f"{word}.txt", "text": f"All about {word}."}]
    return {"prompt": f"Why is {word} blue?", "context": context, **RUN, **more}


def is_kept(house: House, word: str) -> bool:
    """Whether the word stands anywhere in the database, its write-ahead log included."""
    return word.encode() in house.database_text()


def once() -> list[tuple[str, str]]:
    """Return the header of a request that may be sent again."""
    return [("Idempotency-Key", secrets.token_hex(8))]


def test_D01_store_false_keeps_no_content(house):
    """Completions, ensembles and runs, whole, streamed, repeated and failed: no word is in the database or the log."""
    word, person = canary(), house.person()
    assert house.mock is not None
    for model in ("acme/alpha", "ultra/consensus"):
        for stream in (False, True):
            person.client.post("/v1/chat/completions", chat(word, model, store=False, stream=stream)).expect(200)
        person.client.post("/v1/chat/completions", chat(word, model, store=False), headers=once()).expect(200)
    for headers in ([], once(), [("Accept", "text/event-stream")]):
        person.client.post("/api/analyze", run(word, store=False), headers=headers).expect(200)
    for scenario in ("html-502", "invalid-json", "reset-before-headers"):
        house.mock.arm(scenario, model="gamma", times=6)
        asked = chat(word, "acme/gamma", store=False)
        person.client.ask("POST", "/v1/chat/completions", json=asked, may_fail=True)
        house.mock.disarm()
        house.mock.arm("silent", model=SILENT.removeprefix("acme/"))  # as the house began
        # panels of other cases need it for their quorum
        until(lambda: _answers(person, asked), 60.0, "a model that is well again")  # noqa: B023 - asked at once
    person.client.post("/v1/chat/completions", chat(word, store=False, temperature="hot")).refused(400)
    person.client.post("/api/analyze", run(word, store=False) | {"flow": 7}).refused(400, 422)
    assert not is_kept(house, word)
    assert word not in house.log()


def _answers(person: Any, asked: dict[str, Any]) -> bool:
    return bool(person.client.ask("POST", "/v1/chat/completions", json=asked, may_fail=True).status == 200)


def test_D01_store_is_a_boolean(house):
    """What could be meant as false is refused, and nothing of it is kept."""
    word, person = canary(), house.person()
    for wish in ("false", "no", "off", 0, 1, "", [], {}):
        person.client.post("/v1/chat/completions", chat(word) | {"store": wish}, headers=once()).refused(400)
        person.client.post("/api/analyze", run(word) | {"store": wish}, headers=once()).refused(400)
        person.client.post("/api/keys", {"name": word, "store": wish}, headers=once()).refused(400)
    assert not is_kept(house, word)


def test_D03_what_is_removed_does_not_come_back(target):
    """Whoever sends the request again after the run was deleted gets another run, and not what was deleted."""
    client = target.person().client
    repeated = once()
    asked = {"prompt": "Why is the sky blue?", "models": PANEL, "flow": "compare"}
    first = client.post("/api/analyze", asked, headers=repeated).expect(200)
    assert client.post("/api/analyze", asked, headers=repeated).expect(200).get("idempotent-replayed") == "true"
    client.ask("DELETE", f"/api/analyses/{first.json['id']}").expect(204)
    again = client.post("/api/analyze", asked, headers=repeated).expect(200)
    assert again.get("idempotent-replayed") is None
    assert again.json["id"] != first.json["id"]


def test_D02_a_key_that_does_not_store_keeps_no_content(house):
    """Whatever the request says about storing, the key decides."""
    word, person = canary(), house.person()
    client = person.with_key(store=False, scopes=["completions:create", "runs:create"])
    client.post("/v1/chat/completions", chat(word, "ultra/consensus", store=True)).expect(200)
    client.post("/api/analyze", run(word, store=True)).expect(200)
    client.post("/v1/chat/completions", chat(word), headers=once()).expect(200)
    assert not is_kept(house, word)


def test_D03_what_is_removed_is_gone(house):
    """A run that was kept is in the database, and in none of its files once it was deleted and the house tidied up."""
    word, person = canary(), house.person()
    asked = [person.client.post("/api/analyze", run(word), headers=once()).expect(200).json["id"]]
    answer = person.client.post("/v1/chat/completions", chat(word, "ultra/consensus"), headers=once()).expect(200)
    asked.append(answer.json["ultra"]["run_id"])
    assert is_kept(house, word)
    for run_id in asked:
        person.client.ask("DELETE", f"/api/analyses/{run_id}").expect(204)
    ended = house.command("db", "purge", "--older-than", "365")
    assert ended.returncode == 0, ended.stderr
    assert not is_kept(house, word)


def test_D04_erasing_leaves_nothing(house):
    """Whoever erases what is kept about them leaves no word in any file, answers that may be repeated included."""
    word, person = canary(), house.person()
    person.client.post("/api/analyze", run(word)).expect(200)
    person.client.post("/api/analyze", run(word), headers=once()).expect(200)
    assert is_kept(house, word)
    person.client.ask("DELETE", "/api/me/data").expect(204)
    assert house.command("db", "purge", "--older-than", "365").returncode == 0
    assert not is_kept(house, word)

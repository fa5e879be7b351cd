"""I, U: texts that mean something elsewhere, headers made to be slow to read, and whose bytes are whose."""

import secrets
import time
from typing import Any

from tests.blackbox.asking import Answer
from tests.blackbox.targets import PANEL, at_once
from tests.blackbox.test_api_keys import question

ME = "/api/auth/me"
CHAT = "/v1/chat/completions"
_QUICK_S = 2.0
"""The promise is a tenth of a second and less; the rest is for a busy machine. What blows up takes minutes."""


def quick(answer: Answer, begun: float) -> Answer:
    """Check that an answer did not take long."""
    assert time.monotonic() - begun < _QUICK_S
    return answer


def test_I17_ranges(target):
    """A request for ten thousand pieces of a file is answered at once, with the file or a refusal."""
    client = target.client()
    whole = client.get("/static/ultra.css").expect(200)
    for ranges in (
        ",".join("0-" for _ in range(10_000)),
        ",".join(f"{number}-{number + 5}" for number in range(5000)),
        ",".join("-1" for _ in range(10_000)),
        f"0-{'9' * 5000}",
        "5-1",
        "a-b",
    ):
        begun = time.monotonic()
        answer = quick(client.get("/static/ultra.css", headers=[("range", f"bytes={ranges}")]), begun)
        answer.expect(200, 206, 400, 416, 431)
        assert answer.status != 200 or answer.body == whole.body


def test_I19_content_types(target):
    """A content type made to be slow to read is refused as soon as any other."""
    client = target.person().client
    for value in (
        "application/x-www-form-urlencoded; !=" + '"' * 30_000,
        "application/json; " + "a=" * 15_000,
        'application/json; charset="' + "\\" * 30_000,
        "multipart/form-data; boundary=" + "a" * 30_000,
        ";" * 30_000,
        "application/json" + " " * 30_000 + "x",
    ):
        for path in (CHAT, "/api/keys"):
            begun = time.monotonic()
            headers = [("content-type", value)]
            quick(client.ask("POST", path, body=b"{}", headers=headers), begun).refused(400, 415, 422, 431)


_TEMPLATES = ("{{7*7}}", "{0.__class__}", "%(x)s", "${x}", "#{x}", "<%= 7*7 %>", "{prompt}", "{{ config }}")


def test_I29_templates_are_text(house):
    """What would be a template elsewhere is text here: it comes back and goes on to models as it was written."""
    person = house.person()
    assert house.mock is not None
    for template in _TEMPLATES:
        prompt = f"Is {template} a number? {secrets.token_hex(6)}"
        asked = {"prompt": prompt, "models": PANEL, "flow": "compare"}
        run = person.client.post("/api/analyze", {**asked, "context": [{"name": template, "text": template}]})
        shown = person.client.get(str(run.expect(200).get("location"))).expect(200)
        assert template in shown.text
        sent = [str(each["body"]) for each in house.mock.requests() if prompt in str(each["body"])]
        assert sent, prompt
        key = person.client.post("/api/keys", {"name": template}).expect(201).json
        assert key["name"] == template


def test_U21_whose_bytes(house):
    """Of many who ask at once, some of whom leave, everybody hears their own words and nobody else's."""
    people = [house.person() for _ in range(4)]
    clients = [each.with_key() for each in people]
    words = [f"word-{secrets.token_hex(8)}" for _ in range(160)]

    def ask(number: int) -> str:
        client = clients[number % 4]
        body = {**question(), "messages": [{"role": "user", "content": f"Say exactly: {words[number]}"}]}
        if number % 3 == 0:
            with client.opened("POST", CHAT, json={**body, "stream": True}) as response:
                return response.read(1).decode()  # and leave
        return client.ask("POST", CHAT, json=body, may_fail=True).text

    answers: list[Any] = []
    for begin in range(0, len(words), 20):
        answers += at_once(20, lambda number, begin=begin: ask(begin + number))
    heard = 0
    for number, text in enumerate(answers):
        assert not any(word in text for word in words if word != words[number]), number
        heard += words[number] in text
    assert heard >= 60, heard

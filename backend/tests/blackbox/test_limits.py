"""R: rates, places and budgets."""

import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Any

from tests.blackbox.asking import Answer, Client, until
from tests.blackbox.houses import small
from tests.blackbox.targets import SILENT, House, at_once
from tests.blackbox.test_api_keys import question

ME = "/api/auth/me"
_ITEM = re.compile(r'"([a-z-]+)"((?:;[a-z]+=(?:\d+|"[a-z]+"))+)')


def fields(answer: Answer, name: str) -> dict[str, dict[str, str]]:
    """Read a structured field of RFC 9651: a list of strings with parameters."""
    text = answer.get(name) or ""
    found = {each[1]: dict(part.split("=") for part in each[2][1:].split(";")) for each in _ITEM.finditer(text)}
    assert ", ".join(each[0] for each in _ITEM.finditer(text)) == text, f"{name}: {text}"
    return found


def test_R01_a_limit_holds(target):
    """Of many requests at once only as many pass as the limit says; the others hear when to come back."""
    person = target.person(requests_per_minute=10)
    answers = at_once(30, lambda _: person.client.get(ME))
    statuses = Counter(each.status for each in answers)
    assert set(statuses) == {200, 429}
    # signing in has asked once already; while they run a little comes back
    assert 8 <= statuses[200] <= 12, statuses


def test_R01_a_key_has_its_own(house):
    """A key's own limit holds over all its requests, and what is refused never reaches a model."""
    client = house.person().with_key(allowance={"requests_per_minute": 6})
    before = house.asked()
    answers = at_once(20, lambda _: client.post("/v1/chat/completions", question()))
    passed = sum(each.status == 200 for each in answers)
    assert 5 <= passed <= 8
    assert {each.status for each in answers} == {200, 429}
    assert house.asked() - before == passed


def test_R05_nobody_is_believed(target):
    """Without trusted proxies, what a client says about its address gives it no new limit."""
    client = target.client()
    statuses = Counter(
        client.get(ME, headers=[("x-forwarded-for", f"198.51.100.{number}")]).status for number in range(75)
    )
    assert statuses[429] >= 5, statuses


def test_R05_a_trusted_proxy_is(tmp_path, upstream):
    """Behind a trusted proxy the address is the right-most one that it does not vouch for; garbage ends the walk."""
    with small(tmp_path, upstream, ULTRA_TRUSTED_PROXIES="127.0.0.0/8, 10.0.0.0/8") as house:
        client = house.client()
        told, own = partial(counted, house, client), client.address
        assert told("203.0.113.1") == "203.0.113.1"
        assert told("1.2.3.4, 203.0.113.2") == "203.0.113.2"
        assert told("1.2.3.4", "203.0.113.3, 10.1.1.1") == "203.0.113.3"
        assert told("203.0.113.4, unknown, 10.1.1.1") == "10.1.1.1"
        assert told("garbage") == own
        assert told("") == own
        assert told("203.0.113.5:4711") == "203.0.113.5"
        assert told("[2001:db8::7]:80") == "2001:db8::7"
        assert told("::ffff:203.0.113.6") == "203.0.113.6"
        assert told(", ".join(["203.0.113.8"] + ["10.0.0.1"] * 150)) == "10.0.0.1"
        assert told("1.2.3.4, 203.0.113.9") == "203.0.113.9"


def counted(house: House, client: Client, *values: str) -> str:
    """Return the address that a refused key is written down under, when these are its `X-Forwarded-For` lines."""
    before = _newest(house)
    client.get(ME, headers=[("x-api-key", "x"), *(("x-forwarded-for", each) for each in values)]).refused(401)
    until(lambda: _newest(house) != before, 10, "a row about it")
    return str(_newest(house)["address"])


def _newest(house: House) -> dict[str, Any]:
    """Return the newest row about a refused key."""
    rows = house.audit("key_rejected")
    return rows[0] if rows else {}


def test_R05_looking_around(target):
    """Who looks for what is not there is nobody, and nobody may ask as often as they like."""
    client = target.client()
    statuses = Counter(client.get(f"/nowhere/{number}").status for number in range(75))
    assert set(statuses) == {404, 429}
    assert statuses[429] >= 5, statuses


def test_R07_other_headers(target):
    """No other header about addresses is looked at either."""
    client = target.client()
    names = ("cf-connecting-ip", "true-client-ip", "x-real-ip", "forwarded", "x-client-ip", "x-cluster-client-ip")
    statuses = Counter(
        client.get(
            ME, headers=[(name, f"for=198.51.100.{number}" if name == "forwarded" else f"198.51.100.{number}")]
        ).status
        for number in range(13)
        for name in names
    )
    assert statuses[429] >= 5, statuses


def test_R09_guessing(target):
    """Guessing is held back both ways; meanwhile others come in, and the owner from a browser they have used before."""
    victim, other = target.person(), target.person()
    browser = victim.browser()
    browser.ask("POST", "/api/auth/logout", json={}).expect(204)
    near = target.client()
    statuses = [_try(near, f"nobody{number}", "a wrong password").status for number in range(25)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    far = at_once(60, lambda _: _try(target.client(), victim.name, "a wrong password").status)
    assert 429 in far
    assert other.tokens().status == 200
    victim.client.get(ME).expect(200)
    assert browser.sign_in(victim.name, victim.password).status == 200


def _try(client: Client, name: str, password: str) -> Answer:
    return client.post("/api/auth/token", {"username": name, "password": password})


def test_R11_what_limits_say(target):
    """Answers tell their limits in fields that parsers read; what is left never grows while nothing comes back."""
    person = target.person(requests_per_minute=5)
    left: list[int] = []
    answer = person.client.get(ME)
    for _ in range(8):
        policy, state = fields(answer, "ratelimit-policy"), fields(answer, "ratelimit")
        assert set(state) <= set(policy)
        for name, told in state.items():
            assert int(told["t"]) <= int(policy[name]["w"])
            assert int(told["r"]) <= int(policy[name]["q"])
        left.append(int(state["principal"]["r"]))
        assert person.id not in str(answer.headers)
        assert person.name not in str(answer.headers)
        if answer.status == 429:
            break
        answer = person.client.get(ME)
    refused = answer.refused(429)
    assert all(after <= before + 1 for before, after in pairwise(left)), left
    wait = refused.get("retry-after") or ""
    assert wait.isdigit()
    assert int(wait) >= int(fields(refused, "ratelimit")["principal"]["t"])
    assert "quota-exceeded" in refused.json["type"]
    assert refused.json["violated-policies"] == ["principal"]


def test_R21_probes_have_room_of_their_own(target):
    """Asking often whether the server lives is never too much, and uses up nothing that others need."""
    client = target.client()
    for path in ("/health/live", "/health/ready"):
        assert {client.get(path).status for _ in range(150)} == {200}
    client.get(ME).expect(401)
    target.client().get("/static/ultra.css").expect(200)


def test_R23_a_flood_keeps_nobody_else_waiting(target):
    """While one address hears nothing but refusals, everybody else is served as before."""
    person = target.person()

    def served() -> float:
        took = []
        for _ in range(40):
            begun = time.perf_counter()
            person.client.get(ME).expect(200)
            took.append(time.perf_counter() - begun)
        return median(took)

    quiet, over = served(), threading.Event()
    flood = target.client()

    def storm() -> Counter[int]:
        heard: Counter[int] = Counter()
        while not over.is_set():
            heard[flood.get(ME).status] += 1
        return heard

    with ThreadPoolExecutor(1) as pool:
        storming = pool.submit(storm)
        try:
            until(lambda: flood.get(ME).status == 429, 30, "refusals")
            loud = served()
        finally:
            over.set()
        assert storming.result()[429] > 40
    # The storm itself runs in this process and takes half of its time.
    assert loud < 4 * quiet + 0.1, (quiet, loud)


def test_R19_budgets(house):
    """Many calls at once cannot spend more than a budget: what does not fit is refused before it is asked."""
    person = house.person()
    budget = Decimal("0.002")
    client = person.with_key(allowance={"daily_budget_usd": str(budget)})
    asked = {**question(), "max_tokens": 200}
    before = house.asked()
    answers = at_once(30, lambda _: client.post("/v1/chat/completions", asked))
    passed = [each for each in answers if each.status == 200]
    assert {each.status for each in answers} <= {200, 402, 429}
    assert passed
    assert len(passed) < 30
    assert house.asked() - before == len(passed)
    spent = sum((Decimal(each.get("x-ultra-cost-usd") or "0") for each in passed), Decimal())
    assert Decimal() < spent <= budget

    def kept() -> Decimal:
        """Return what the usage says; each worker writes its own calls down a moment later."""
        rows = person.client.get("/api/usage?by=key").expect(200).json["data"]
        assert not [row for row in rows if re.fullmatch(r".*\..*0", row["cost_usd"] or "")], "money ends in zeros"
        return sum((Decimal(row["cost_usd"] or "0") for row in rows), Decimal())

    until(lambda: kept() == spent, 10, f"{spent} USD of usage")


def test_R01_runs_at_once(house):
    """A caller's runs are bounded for as long as they last, over all workers, though nobody waits for them."""
    person = house.person(concurrency=2)
    wanted = {"prompt": "Why?", "models": [SILENT], "flow": "route", "deadline_s": 600}
    later = [("prefer", "respond-async")]
    before = len(house.mock.requests(SILENT.removeprefix("acme/")))
    answers = at_once(6, lambda _: person.client.post("/api/analyze", wanted, headers=later).expect(202, 429))
    begun = [each.json["id"] for each in answers if each.status == 202]
    assert len(begun) == 2
    refused = next(each for each in answers if each.status == 429)
    assert refused.json["violated-policies"] == ["concurrency"]
    person.client.post("/v1/chat/completions", question()).refused(429)
    assert len(house.mock.requests(SILENT.removeprefix("acme/"))) - before <= 2
    person.client.post(f"/api/analyses/{begun[0]}/cancel").expect(202)
    until(lambda: person.client.post("/v1/chat/completions", question()).expect(200, 429).status == 200, 10, "a place")
    until(lambda: person.client.post("/api/analyze", wanted, headers=later).expect(202, 429).status == 202, 10, "one")
    for run in person.client.get("/api/analyses?status=running").expect(200).json["data"]:
        person.client.post(f"/api/analyses/{run['id']}/cancel").expect(202)
    alone = house.person(concurrency=1)
    asked = {"prompt": "Why?", "models": ["acme/alpha"], "flow": "route"}
    alone.client.post("/api/analyze", asked).expect(200)  # counted once, its request included


def test_R19_runs_that_cannot_be_paid(house):
    """A run whose first round no budget reaches for is refused as that, however it is asked for; nothing is begun."""
    person = house.person()
    client = person.with_key(allowance={"daily_budget_usd": "0.00001"})
    before = house.asked()
    wanted = {"prompt": "Why is the sky blue?", "models": ["acme/alpha", "acme/beta"]}
    for headers in ((), [("prefer", "respond-async")], [("accept", "text/event-stream")]):
        told = client.post("/api/analyze", wanted, headers=headers).refused(402)
        assert told.json["code"] == "budget_exceeded"
    for streamed in (False, True):
        answer = client.post("/v1/chat/completions", {**question("ultra/consensus"), "stream": streamed}).expect(429)
        assert answer.json["error"]["code"] == "insufficient_quota"
        assert answer.get("x-should-retry") == "false"
    assert person.client.get("/api/analyses").expect(200).json["data"] == []
    assert house.asked() == before


def test_R19_the_tokens_of_runs(house):
    """The calls of a run count like completions: those that do not fit are not asked, and the run says so and ends."""
    client = house.person().with_key(allowance={"tokens_per_minute": 1200})
    panel = ["acme/alpha", "acme/beta", "acme/gamma"]
    before = house.asked()
    run = client.post("/api/analyze", {"prompt": "Why is the sky blue?", "models": panel, "flow": "compare"})
    told = run.expect(200, 429, 502, 503).json
    refused = [each for each in told["answers"] if each["status"] == "failed"]
    assert {each["error_kind"] for each in refused} == {"rate_limited"}
    assert told["status"] in ("single", "partial", "unsynthesised"), told["status"]
    assert house.asked() - before == told["answered"] == 3 - len(refused)
    client.post("/v1/chat/completions", {**question(), "max_tokens": 1000}).refused(429)

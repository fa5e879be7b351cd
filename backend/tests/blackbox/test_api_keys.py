"""K: API keys."""

import functools
import re
import time
from typing import Any

from tests.blackbox.asking import Answer, until
from tests.blackbox.targets import PANEL, House, at_once, bearer, each_worker

ME = "/api/auth/me"


def question(model: str = PANEL[0]) -> dict[str, Any]:
    """Return a question to one model."""
    return {"model": model, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 20}


def spellings(text: str) -> list[list[tuple[str, str]]]:
    """Return every way in which a key may be presented."""
    return [[bearer(text)], [("authorization", f"bearer {text}")], [("x-api-key", text)], [("X-API-KEY", text)]]


def test_K01_shown_once(target):
    """A key's text is in the answer that made it and in no other."""
    person = target.person()
    made = person.key()
    secret = made["key"].split("_")[4]
    for client in (person.client, target.admin.client):
        for path in ("/api/keys", f"/api/keys/{made['id']}", "/api/me/data", "/api/audit?limit=500"):
            answer = client.get(path).expect(200, 403, 404)
            assert secret not in answer.text
            assert 'hash":' not in answer.text.replace('"hash":"', "", 1) or path.startswith("/api/audit")
    shown = person.client.get(f"/api/keys/{made['id']}").expect(200).json
    assert "key" not in shown
    assert not any("hash" in name or "pepper" in name for name in shown)
    assert shown["last4"] == secret[-4:]


def test_K01_made_once(target):
    """Who asks again under the same Idempotency-Key hears which key, user or link it was, and no second one is made."""
    admin = target.person("admin")
    key, user = admin.key()["id"], target.person().id
    made = {}
    for path, body, status in (
        ("/api/keys", {"name": "once"}, 201),
        (f"/api/keys/{key}/rotate", {}, 201),
        ("/api/users", {"username": f"once{admin.name}"}, 201),
        (f"/api/users/{user}/reset", {}, 201),
    ):
        repeated = [("idempotency-key", f"once-{admin.id}{path}")]
        made[path] = admin.client.post(path, body, headers=repeated).expect(status).json["id"]
        again = admin.client.post(path, body, headers=repeated).refused(409)
        assert again.json["code"] == "already_done"
        assert made[path] in again.json["detail"]
    answers = at_once(
        8, lambda _: admin.client.post("/api/keys", {"name": "many"}, headers=[("idempotency-key", f"m-{admin.id}")])
    )
    assert sorted(each.status for each in answers) == [201] + [409] * 7
    names = [each["name"] for each in admin.client.get("/api/keys").expect(200).json["data"]]
    assert (names.count("once"), names.count("many"), names.count("a key")) == (1, 1, 2)


def test_K03_parts_are_no_key(house):
    """Neither what is shown of a key nor what is kept of it opens anything."""
    made = house.person().key()
    text = made["key"]
    head, _, rest = text.rpartition("_")
    parts = [made["prefix"], made["last4"], made["id"], rest, head, text[:-1], *_kept_hashes(house, made["prefix"])]
    parts.append(text.replace(text.split("_")[4], "A" * 43))
    for part in parts:
        client = house.client()
        for way in spellings(part):
            client.get(ME, headers=way).unauthenticated()


def _kept_hashes(house: House, public_id: str) -> list[str]:
    """Return what the database keeps of a key, as whoever has stolen it would see it."""
    text = house.database_text().decode("latin-1")
    around = [text[max(0, found.start() - 1500) : found.end() + 1500] for found in re.finditer(public_id, text)]
    hashes = {each for piece in around for each in re.findall(r"(?=([0-9a-f]{64}))", piece)}
    assert hashes, "The database keeps no hash near this key."
    return sorted(hashes)[:12]


_INJECTIONS = (
    "' OR '1'='1",
    "'; SELECT pg_sleep(5)--",
    '") UNION SELECT * FROM users--',
    "%00",
    "ultra_sk_test_' OR 1=1--_" + "a" * 43 + "_000000",
    "a" * 8000,
)


def test_K05_injections(target):
    """A credential is never part of a statement: each of these is refused, and quickly."""
    for text in _INJECTIONS:
        client = target.client()
        ways = [bearer(text), ("x-api-key", text), ("authorization", f"Basic {text}"), ("cookie", f"ultra={text}")]
        for way in ways:
            begun = time.monotonic()
            answer = client.get(ME, headers=[way]).refused(401, 400)
            assert time.monotonic() - begun < 4
            assert "sleep" not in answer.text


def test_K07_revoked(target):
    """A revoked key is nobody's from the next request on, on every worker; a rotated one when its overlap is over."""
    person = target.person()
    made = person.key()
    client = target.client([bearer(made["key"])])
    for answer in each_worker(target, lambda: client.get(ME)):
        answer.expect(200)
    person.client.ask("DELETE", f"/api/keys/{made['id']}").expect(204)
    for answer in each_worker(target, lambda: client.get(ME)):
        answer.unauthenticated()
    old = person.key()
    new = person.client.post(f"/api/keys/{old['id']}/rotate", {"overlap_s": 0}).expect(201).json
    target.client([bearer(old["key"])]).get(ME).unauthenticated()
    target.client([bearer(new["key"])]).get(ME).expect(200)


def test_K09_scopes(target):
    """A key to read only reads, in whatever header it comes."""
    text = target.person("admin").key(scopes=["runs:read", "models:read"])["key"]
    for way in spellings(text):
        client = target.client()
        client.get("/api/analyses", headers=way).expect(200)
        for method, path in (("POST", "/v1/chat/completions"), ("POST", "/api/analyze"), ("POST", "/api/keys")):
            answer = client.ask(method, path, json=question(), headers=way).refused(403)
            assert 'error="insufficient_scope"' in (answer.get("www-authenticate") or "")
        client.get("/api/users", headers=way).refused(403)


def test_K09_models(house):
    """A key for one model knows no other, and nobody upstream hears of it."""
    text = house.person().key(models=["acme/alpha"])["key"]
    for way in spellings(text):
        client = house.client()
        client.post("/v1/chat/completions", question(), headers=way).expect(200)
        assert house.mock is not None
        before = len(house.mock.requests("beta"))
        answer = client.post("/v1/chat/completions", question("acme/beta"), headers=way).expect(404)
        assert answer.json["error"]["code"] == "model_not_found"
        assert len(house.mock.requests("beta")) == before
        asked = {"prompt": "Why?", "models": ["acme/alpha", "acme/beta"], "flow": "compare"}
        client.post("/api/analyze", asked, headers=way).refused(404, 403)
        listed = client.get("/v1/models", headers=way).expect(200).json["data"]
        assert {each["id"] for each in listed} <= {"acme/alpha"}


def test_K09_networks(target):
    """A key for one network is not taken from another, whatever a header says about the address."""
    text = target.person().key(cidrs=["203.0.113.0/24"])["key"]
    for way in spellings(text):
        client = target.client()
        client.get(ME, headers=way).refused(403)
        claim = [("x-forwarded-for", "203.0.113.7"), ("x-real-ip", "203.0.113.7"), ("forwarded", "for=203.0.113.7")]
        client.get(ME, headers=[*way, *claim]).refused(403)


def test_K11_never_in_a_url(house):
    """A key in the URL, in the body or as a cookie is refused, and stands in no log line."""
    text = house.person().key()["key"]
    client = house.client()
    for name in ("api_key", "key", "access_token", "token", "x"):
        client.get(f"{ME}?{name}={text}").refused(400)
    client.get(f"/api/patterns/{text}", headers=[bearer(text)]).refused(400)
    client.get(f"/health?api_key={text}").refused(400)
    client.get(ME, headers=[("cookie", f"ultra={text}; key={text}; __Host-ultra={text}")]).unauthenticated()
    client.post("/v1/chat/completions", {**question(), "api_key": text}).expect(401)
    client.post("/v1/chat/completions", {**question(), "api_key": text}, headers=[bearer(text)]).expect(400)
    until(lambda: house.audit("credential_in_url", address=client.address), 10, "a row about it")
    assert text.split("_")[4] not in house.log()


def test_K11_in_a_path(house):
    """Tokens of every kind in a path, of a route or of none, are refused and stand in no log line."""
    person = house.person()
    secrets = [person.access, person.refresh, person.key()["key"], "ultra_ln_s_c0ffee-canary.YW5u"]
    for text in secrets:
        for path in (f"/api/analyses/{text}", f"/nope/{text}", f"/nope/x{text}/y", f"/v1/models/{text}"):
            house.client().get(path).expect(400, 401, 404)
    until(lambda: house.audit("credential_in_url"), 10, "a row about it")
    for text in secrets:
        assert text[-12:] not in house.log()
        assert text[12:30] not in house.log()


def test_K17_a_leaked_key(house):
    """Whoever runs the server ends a key of which only the public part is known; nobody else ends anything."""
    person, other = house.person(), house.person("admin")
    made = person.key()
    client = house.client([bearer(made["key"])])
    client.get(ME).expect(200)
    for name in (made["prefix"], made["key"]):
        other.client.ask("DELETE", f"/api/keys/{name}").refused(404, 400)
    client.get(ME).expect(200)
    ended = house.command("keys", "revoke", made["prefix"])
    assert ended.returncode == 0, ended.stderr
    for answer in each_worker(house, lambda: client.get(ME)):
        answer.unauthenticated()
    (row,) = house.audit("key.revoke", target=made["id"])
    assert row["outcome"] == "done"
    assert house.command("keys", "revoke", "nobodys0").returncode != 0


def test_K15_used_without_end(house):
    """A key that is used without end costs no writer its turn, and its last use is kept once a minute at most."""
    person = house.person()
    made = person.key(allowance={"requests_per_minute": 100_000})
    clients = [house.client([bearer(made["key"])]) for _ in range(4)]
    for statuses in at_once(4, lambda number: {clients[number].get(ME).status for _ in range(60)}):
        assert statuses == {200}
    first = person.client.get(f"/api/keys/{made['id']}").expect(200).json["last_used_at"]
    assert first is not None
    clients[0].get(ME).expect(200)
    assert person.client.get(f"/api/keys/{made['id']}").expect(200).json["last_used_at"] == first
    assert "database is locked" not in house.log()


def test_K13_a_key_makes_no_better_key(target):
    """With a key one makes no key that can more, for nobody else, and for no longer than is allowed."""
    person, other = target.person(), target.person()
    maker = person.with_key(scopes=["keys:write", "runs:read"])
    before = [each["id"] for each in person.client.get("/api/keys").expect(200).json["data"]]

    def ask(**wanted: Any) -> Answer:
        return maker.post("/api/keys", {"name": "mine", "scopes": ["runs:read"], **wanted})

    ask(scopes=["runs:read", "completions:create"]).refused(403)
    ask(scopes=["users:write"]).refused(403)
    ask(expires_at="2099-01-01T00:00:00Z").refused(403, 400)
    ask(owner=other.id).refused(400, 422)
    ask(user_id=other.id).refused(400, 422)
    assert [each["id"] for each in person.client.get("/api/keys").expect(200).json["data"]] == before
    assert other.client.get("/api/keys").expect(200).json["data"] == []
    made = ask().expect(201).json
    assert made["scopes"] == ["runs:read"]
    weaker = target.client([bearer(made["key"])])
    weaker.get("/api/analyses").expect(200)
    weaker.post("/api/keys", {"name": "x"}).refused(403)


BOUNDS = {
    "scopes": ["keys:write", "completions:create", "self:read"],
    "models": [PANEL[0]],
    "cidrs": ["127.0.0.0/8", "::1/128"],
    "allowance": {"daily_budget_usd": "0.5", "requests_per_minute": 50},
    "store": False,
}


def test_K13_a_key_stays_within_its_bounds(target):
    """What is made with a key is bounded as that key is; what would be wider in anything is refused."""
    person = target.person()
    bounded, other = person.key(**BOUNDS), person.key()
    maker = target.client([bearer(bounded["key"])])
    child = maker.post("/api/keys", {"name": "child", "allowance": {"requests_per_minute": 999}}).expect(201).json
    for name in ("models", "cidrs", "store", "allowance"):
        assert child[name] == bounded[name], name
    assert child["expires_at"] <= bounded["expires_at"]
    late = bounded["expires_at"].replace("20", "21", 1)
    for wider in ({"cidrs": ["0.0.0.0/0"]}, {"models": list(PANEL[:2])}, {"expires_at": late}):
        maker.post("/api/keys", {"name": "wider", **wider}).refused(403)
    maker.post(f"/api/keys/{other['id']}/rotate", {"overlap_s": 0}).refused(403)
    maker.ask("DELETE", f"/api/keys/{other['id']}").refused(403)
    assert len(person.client.get("/api/keys").expect(200).json["data"]) == 3


def test_K13_children_end_with_their_key(target):
    """A key that leaked takes with it, on every worker, whatever was made with it, its own successor too."""
    person = target.person()
    leaked = person.key(**BOUNDS)
    maker = target.client([bearer(leaked["key"])])
    child = maker.post("/api/keys", {"name": "child", "scopes": BOUNDS["scopes"]}).expect(201).json
    grandchild = target.client([bearer(child["key"])]).post("/api/keys", {"name": "grandchild"}).expect(201).json
    successor = maker.post(f"/api/keys/{leaked['id']}/rotate", {"overlap_s": 60}).expect(201).json
    clients = [target.client([bearer(each["key"])]) for each in (leaked, child, grandchild, successor)]
    for client in clients:
        client.get(ME).expect(200)
    person.client.ask("DELETE", f"/api/keys/{leaked['id']}").expect(204)
    for client in clients:
        for answer in each_worker(target, functools.partial(client.get, ME)):
            answer.unauthenticated()


def test_K13_one_purse(house):
    """What is made with a key, or in its place, spends out of the same purse: money does not multiply."""
    person = house.person()
    asked = {**question(), "max_tokens": 1000}
    first = person.key(**{**BOUNDS, "allowance": {"daily_budget_usd": "0.0022"}})
    client = house.client([bearer(first["key"])])

    def is_used_up() -> bool:
        """Ask until it is refused for what is spent, and not for what the call before has set aside until it ends."""
        if client.post("/v1/chat/completions", asked).expect(200, 429).status == 200:
            return False
        time.sleep(0.5)
        return client.post("/v1/chat/completions", asked).expect(200, 429).status == 429

    until(is_used_up, 60, "the budget is used up")
    child = client.post("/api/keys", {"name": "child"}).expect(201).json
    successor = client.post(f"/api/keys/{first['id']}/rotate", {"overlap_s": 60}).expect(201).json
    for text in (child["key"], successor["key"]):
        answer = house.client([bearer(text)]).post("/v1/chat/completions", asked).expect(429)
        assert answer.json["error"]["code"] == "insufficient_quota", answer.text

"""H: what every answer says, what is not there, and the audit."""

import json
import os
import re
import signal
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.blackbox.asking import Answer, Client, until
from tests.blackbox.houses import small
from tests.blackbox.targets import Browser, each_worker
from tests.blackbox.test_api_keys import question
from tests.blackbox.test_authorization import finished

ME = "/api/auth/me"


def test_H01_https_only(production):
    """In production every answer tells browsers to use https from now on, errors of the server itself too."""
    person = production.person()
    for path in ("/health", "/api/nothing", "/sign-in", "/static/ultra.css", ME, "/api/users", "/v1/models"):
        assert re.match(
            r"max-age=(\d+); includeSubDomains", person.client.get(path).get("strict-transport-security") or ""
        )
    raw = production.client().raw(b"GARBAGE\r\n\r\n").lower()
    assert b"strict-transport-security: max-age=31536000; includesubdomains" in raw


def unchanged(client: Client) -> Answer | None:
    """Return the answer that says that nothing has changed; None when another worker has another list."""
    etag = client.get("/v1/models").expect(200).get("etag")
    answer = client.get("/v1/models", headers=[("if-none-match", str(etag))]).expect(200, 304)
    return answer if answer.status == 304 else None


def test_H03_nosniff(target):
    """No answer of any kind lets a browser guess its type, or be framed, or cached where it must not."""
    person = target.person()
    place = finished(person.client)
    answers = [
        person.client.get(ME).expect(200),
        until(lambda: unchanged(person.client), 10, "the same list twice, from whichever worker"),
        target.client().get(ME).expect(401),
        person.client.get("/nothing").expect(404),
        person.client.ask("PUT", ME, json={}).expect(405),
        person.client.get(f"{place}/events").expect(200),
        target.client().get("/sign-in").expect(200),
        target.client().get("/static/ultra.css").expect(200),
    ]
    for answer in answers:
        assert answer.get("x-content-type-options") == "nosniff"
        assert answer.get("x-frame-options") == "DENY"
        assert answer.get("referrer-policy")
        assert "frame-ancestors 'none'" in (answer.get("content-security-policy") or "")
        assert answer.get("cross-origin-resource-policy") == "same-origin"
    for head in (b"GARBAGE", b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: " + b"a" * 70_000):
        assert b"x-content-type-options: nosniff" in target.client().raw(head + b"\r\n\r\n").lower()


def test_H05_no_product(target):
    """No answer names the software behind it, and its clock is right."""
    person = target.person()
    for answer in (person.client.get(ME), target.client().get("/nothing"), target.client().get("/sign-in")):
        for name in ("server", "x-powered-by", "via", "x-aspnet-version"):
            assert answer.get(name) is None
        date = answer.get("date")
        if date is not None:
            skew = datetime.now(UTC) - datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
            assert abs(skew) < timedelta(seconds=30)
    raw = target.client().raw(b"GARBAGE\r\n\r\n").lower()
    for word in (b"\r\nserver:", b"uvicorn", b"python", b"starlette", b"fastapi", b"httptools"):
        assert word not in raw


def test_H07_nothing_else_is_there(production):
    """In production nobody finds documentation, consoles or metrics: 404, or 401 for what somebody may read."""
    for path in (
        "/docs",
        "/redoc",
        "/openapi.json",
        "/swagger",
        "/swagger.json",
        "/swagger-ui",
        "/graphql",
        "/admin",
        "/debug",
        "/__debug__",
        "/metrics",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.env",
        "/.git/config",
        "/static/../app.py",
        "/static/..%2f..%2fapp.py",
    ):
        production.client().get(path).refused(404, 401)
    production.client().get("/openapi.json").unauthenticated()


def test_H09_every_refusal_is_a_problem(target):
    """Whatever layer refuses, the answer is a whole problem document without anything of the inside."""
    person = target.person()
    client = person.client
    broken = [("content-type", "application/json")]
    statuses = [
        client.get("/nothing").refused(404),
        client.ask("PUT", ME, json={}).refused(405),
        target.client().get(ME).refused(401),
        client.get("/api/users").refused(403),
        client.ask("POST", "/api/keys", body=b"{", headers=broken).refused(400),
        client.ask("POST", "/api/keys", body=b"x", headers=[("content-type", "text/plain")]).refused(415),
        client.post("/api/keys", {"name": ["x"]}).refused(400, 422),
        client.get("/api/analyses?limit=x").refused(400, 422),
        client.get("/api/analyses/run_nothing").refused(404),
        client.get(f"{ME}?api_key=x").refused(400),
        client.get(ME, headers=[("host", "evil.example")]).refused(400),
    ]
    for answer in statuses:
        assert (answer.get("content-type") or "").startswith("application/problem+json")
        assert {"type", "title", "status", "detail", "request_id"} <= set(answer.json)
        if target.environment == "production":
            assert "internals" not in answer.json
    for head in (b"GARBAGE", b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: " + b"a" * 70_000):
        said = target.client().raw(head + b"\r\n\r\n")
        assert b"application/problem+json" in said
        assert b"x-request-id" in said.lower()


def test_H11_other_methods(target):
    """HEAD and conditional requests are let in like GET; OPTIONS tells strangers of other sites nothing."""
    person = target.person()
    for path in (ME, "/api/analyses", "/v1/models", "/api/patterns", "/api/keys"):
        assert person.client.ask("HEAD", path).status == 200
        assert target.client().ask("HEAD", path).status == 401
        assert target.client().get(path, headers=[("if-none-match", "*")]).status == 401
        preflight = [("origin", "https://evil.example"), ("access-control-request-method", "GET")]
        answer = target.client().ask("OPTIONS", path, headers=preflight)
        assert answer.get("access-control-allow-origin") is None
        answer = person.client.get(path, headers=[("origin", "https://evil.example")])
        assert answer.get("access-control-allow-origin") is None
        assert answer.get("access-control-allow-credentials") is None


def test_H15_the_audit(target):
    """Everything that matters leaves one row, with who, what, when and from where, and no secret."""
    person, browser = target.person(), Browser(target)
    browser.sign_in(person.name, person.password).expect(200)
    browser.ask("POST", "/api/auth/logout", json={}).expect(204)
    key = person.key()
    rotated = person.client.post(f"/api/keys/{key['id']}/rotate", {"overlap_s": 0}).expect(201).json
    person.client.ask("DELETE", f"/api/keys/{rotated['id']}").expect(204)
    wrong = target.client()
    wrong.post("/api/auth/token", {"username": person.name, "password": "not the right one"}).refused(401)
    target.admin.client.ask("PATCH", f"/api/users/{person.id}", json={"role": "operator"}).expect(200)
    person.client.get("/api/users").refused(403)
    person.client.get("/api/me/data").expect(200)
    person.client.ask("DELETE", "/api/me/data").expect(204)
    wanted = {
        ("sign_in", "done"): 2,
        ("sign_out", "done"): 1,
        ("key.create", "done"): 1,
        ("key.rotate", "done"): 1,
        ("key.revoke", "done"): 1,
        ("sign_in", "refused"): 1,
        ("denied", "refused"): 1,
        ("data.export", "done"): 1,
        ("data.erase", "done"): 1,
    }
    for (action, outcome), count in wanted.items():
        rows = until(lambda a=action, o=outcome: target.audit(a, actor=person.id, outcome=o), 10, f"{action} {outcome}")
        assert len(rows) == count, (action, outcome, rows)
        for row in rows:
            assert datetime.fromisoformat(row["at"]).utcoffset() == timedelta(0)
            assert row["address"], row
    (changed,) = target.audit("user.change", target=person.id)
    assert changed["actor"] == target.admin.id
    assert changed["facts"]["role"] == "operator"
    everything = json.dumps(target.admin.client.get("/api/audit?limit=500").expect(200).json)
    for secret in (person.password, key["key"].split("_")[4], person.refresh, person.access, "not the right one"):
        assert secret not in everything


def test_H15_runs_limits_and_allowances(target):
    """So do removing a run, reaching for somebody else's, running into a limit, and another allowance."""
    owner, other = target.person(), target.person()
    place = finished(owner.client)
    run, theirs = place.rpartition("/")[2], other.client.get(place).refused(404)
    owner.client.ask("DELETE", place).expect(204)
    other.client.get(place).refused(404)
    limits = {"requests_per_minute": 5}
    target.admin.client.ask("PATCH", f"/api/users/{other.id}", json={"allowance": limits}).expect(200)
    answers = [other.client.get(ME) for _ in range(12)]
    assert answers[-1].status == 429

    def row(action: str, **like: Any) -> dict[str, Any]:
        (found,) = until(lambda: target.audit(action, **like), 10, action)
        return found

    assert row("run.delete", actor=owner.id)["target"] == run
    denied = row("denied", actor=other.id, outcome="refused")
    assert (denied["target"], denied["request_id"]) == (run, theirs.get("x-request-id"))
    assert row("user.change", target=other.id)["facts"]["allowance"] == {
        "requests_per_minute": {"before": None, "after": 5}
    }
    tripped = until(lambda: target.audit("limit.trip", actor=other.id), 10, "a limit that tripped")
    assert len(tripped) <= target.workers  # of the seven, one a minute in each process
    assert tripped[0]["facts"]["cause"] == "principal"
    assert tripped[0]["request_id"] in [each.get("x-request-id") for each in answers if each.status == 429]
    for each in (denied, *tripped):
        assert each["address"], each


def test_H15_refusals_name_their_request(house):
    """The row of a credential that was refused is found from the answer."""
    asked = (
        ("credential_in_url", "/api/analyses?api_key=ultra_sk_x", (), 400),
        ("token_rejected", ME, [("authorization", "Bearer a.b.c")], 401),
    )
    for action, path, headers, status in asked:
        client = house.client()
        name = client.get(path, headers=headers).refused(status).get("x-request-id")
        (row,) = until(lambda a=action, n=name: house.audit(a, request_id=n), 10, action)
        assert row["address"]


def test_H15_another_configuration(house):
    """A reload leaves a row of each process that has read it."""
    before = len(house.audit("config.reload"))
    os.kill(house.pid, signal.SIGHUP)
    until(lambda: len(house.audit("config.reload")) >= before + house.workers, 30, "a row of each worker")
    row = house.audit("config.reload")[0]
    assert (row["actor"], row["outcome"]) == ("local", "done")


def test_H15_a_reused_token(target):
    """A refresh token that comes again leaves a row of its own."""
    person, client = target.person(), target.client()
    second = client.post("/api/auth/refresh", {"refresh_token": person.refresh}).expect(200).json
    client.post("/api/auth/refresh", {"refresh_token": second["refresh_token"]}).expect(200)
    client.post("/api/auth/refresh", {"refresh_token": person.refresh}).refused(401)
    rows = target.admin.client.get(f"/api/audit?actor={person.id}&limit=100").expect(200).json["data"]
    assert any("reuse" in json.dumps(row) for row in rows), rows


def test_H17_a_changed_row(tmp_path, upstream):
    """A row that was changed or taken away is found, by its number; over HTTP nobody removes one."""
    with small(tmp_path, upstream) as house:
        person = house.person()
        for _ in range(3):
            person.key()
        person.client.get("/api/users").refused(403)
        for method in ("DELETE", "PATCH", "PUT"):
            house.admin.client.ask(method, "/api/audit", json={}).refused(405, 404)
            house.admin.client.ask(method, "/api/audit/1", json={}).refused(405, 404)
        time.sleep(0.2)
    assert house.command("audit", "verify").returncode == 0
    database = sqlite3.connect(tmp_path / "var" / "ultra.db")
    database.execute("UPDATE audit SET action = 'nothing' WHERE seq = 3")
    database.commit()
    database.close()
    found = house.command("audit", "verify", "--json")
    assert found.returncode == 1
    assert json.loads(found.stdout)["first_broken"] == 3


def test_H21_whom_to_tell(target):
    """Whoever finds a weakness finds whom to tell, and until when that is so."""
    answer = target.client().get("/.well-known/security.txt").expect(200)
    assert answer.get("content-type") == "text/plain; charset=utf-8"
    lines = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert lines["Contact"].startswith(("mailto:", "https://"))
    left = datetime.fromisoformat(lines["Expires"]) - datetime.now(UTC)
    assert timedelta() < left < timedelta(days=366)


def test_H13_health_tells_one_line(target):
    """Anybody may ask how the server is, gets one line, and asks no model by it."""
    line = {"status", "environment", "version"}
    for answer in each_worker(target, lambda: target.client().get("/health")):
        assert set(answer.expect(200).json) == (line | {"test_mode"} if target.environment == "testing" else line)
    assert target.client().get("/health/live").expect(200).json == {"status": "pass"}
    assert set(target.client().get("/health/ready").expect(200).json) == {"status"}


def test_H13_health_costs_nothing(house):
    """Asking for it often asks nobody upstream."""
    before = house.asked()
    client = house.client()
    for _ in range(50):
        client.get("/health").expect(200)
    assert house.asked() == before
    client.ask("POST", "/v1/chat/completions", json=question()).expect(401)

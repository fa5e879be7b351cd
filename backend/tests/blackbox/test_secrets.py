"""S: what enters and must never come out."""

import base64
import json
from pathlib import Path
from urllib.parse import quote

from tests.blackbox.policy import OPERATIONS, filled
from tests.blackbox.targets import House
from tests.blackbox.test_api_keys import question
from tests.blackbox.test_authorization import finished


def disguises(secret: str) -> set[bytes]:
    """Return the spellings in which a secret might slip out."""
    raw = secret.encode()
    encoded = {base64.b64encode(b" " * shift + raw)[shift + 3 : -4] for shift in range(3)}
    return {
        raw,
        raw[::-1],
        quote(secret, safe="").encode(),
        json.dumps(secret)[1:-1].encode(),
        raw.hex().encode(),
        *encoded,
        *(each.replace(b"+", b"-").replace(b"/", b"_") for each in encoded),
    }


def exercised(house: House) -> dict[str, str]:
    """Ask for everything there is, well and badly, and return the secrets that came into being by it."""
    person = house.person("admin")
    key = person.key()
    browser = person.browser()
    finished(person.client)
    person.client.post("/v1/chat/completions", question()).expect(200)
    person.client.post("/v1/chat/completions", {**question(), "stream": True}).expect(200)
    person.client.post("/v1/chat/completions", question("acme/nothing")).expect(404)
    for method, path in OPERATIONS:
        body = None if method == "GET" else {"unknown": 1}
        if not path.startswith("/api/me/data") and path != "/api/auth/logout" and method != "DELETE":
            person.client.ask(method, filled(path), json=body)
    assert house.mock is not None
    for scenario in ("html-502", "reset-before-headers", "invalid-json"):
        house.mock.arm(scenario, model="gamma", times=6)
        person.client.ask("POST", "/v1/chat/completions", json=question("acme/gamma"), may_fail=True)
    _, cookie = browser.session
    return {
        "password": person.password,
        "access token": person.access,
        "refresh token": person.refresh,
        "key": key["key"].split("_")[4],
        "cookie": cookie,
    }


def test_S01_nothing_comes_out(house):
    """No secret that was configured or came into being stands in the log or in the database, in any disguise.

    Every answer of every case is looked through for the configured ones by the client itself.
    """
    secrets = {**house.seen.secrets, **exercised(house)}
    places = {"log": house.log().encode(), "database": house.database_text()}
    for name, secret in secrets.items():
        for disguise in disguises(secret):
            for place, text in places.items():
                assert disguise not in text, f"the {name} stands in the {place}"


def test_S01_the_command_line_keeps_it_too(house):
    """Nor does the command line print one, not even where it shows what is configured."""
    for words in (("config", "show"), ("keys", "list", "--user", house.admin_name, "--json")):
        ended = house.command(*words)
        assert ended.returncode == 0, ended.stderr
        for name, secret in house.seen.secrets.items():
            assert secret not in ended.stdout + ended.stderr, (name, words)


def test_S13_arguments_hold_no_secret(house):
    """Nobody who lists processes sees one."""
    pids = {house.pid, *children(house.pid)}
    assert len(pids) >= house.workers
    for pid in pids:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        for name, secret in house.seen.secrets.items():
            assert secret.encode() not in words, name


def children(pid: int) -> set[int]:
    """Return the processes that a process has started, and theirs."""
    found = {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    return found.union(*map(children, found)) if found else found


def test_S03_a_password_is_not_repeated(target):
    """A refusal of a badly shaped request does not say the password back."""
    person = target.person()
    secret = "very-Secret-word-4711"
    for body in (
        {"username": person.name, "password": secret, "extra": 1},
        {"username": person.name, "password": [secret]},
        {"username": person.name, "password": {"value": secret}},
        {"username": [secret], "password": secret},
        {"password": secret},
        {"username": "a" * 100, "password": secret},
        {"username": person.name, "password": secret * 100},
        [secret],
        secret,
    ):
        for path in ("/api/auth/token", "/api/auth/reset", "/api/auth/refresh"):
            assert secret not in target.client().post(path, body).refused(400, 401, 422).text
        assert secret not in person.client.post("/api/auth/password", body).refused(400, 401, 403, 422).text
        assert secret not in target.admin.client.post("/api/users", body).refused(400, 422).text

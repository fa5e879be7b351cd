"""The description of the API against the server: schemathesis with every check it has, two administrators in hand."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.blackbox.houses import small
from tests.blackbox.targets import House

OPEN = {"ULTRA_TRUSTED_PROXIES": "127.0.0.0/8", "ULTRA_LIMIT_ANONYMOUS_PER_MINUTE": "0"}
"""Each request comes from an address of its own (`schema_hooks`), or all would soon be refused as too many from one."""
_LIMITS = ["--max-examples", "12", "--max-response-time", "15", "--max-failures", "30"]
_WHOLE = ["--phases", "examples,coverage,fuzzing,stateful", "--seed", "1", "--generation-database", "none"]
_CHECKS = ["--checks", "all", "--exclude-checks", "use_after_free,object_level_authorization"]
"""All; in the place of the two left out `schema_hooks` has the same two, each but for one address.

When it follows links the tool cannot leave a check out for one operation.
"""
_ONE_CREDENTIAL = ["--generation-with-security-parameters", "false"]
"""Ultra refuses two credentials, and the tool would add an invented one beside the token."""
_NO_NUL = ["--generation-allow-x00", "false"]
"""No text of any request may hold NUL, which the description cannot say once for all."""


_SETTINGS = """
[auth.wfc]
path = "who.json"
user = "one"
peers = ["one", "two"]

[checks.positive_data_acceptance]
# 402: what a run costs is not in the description.
expected-statuses = ["2xx", "3xx", "401", "402", "403", "404", "409", "429", "5xx"]

[[operations]]
# With a deadline of almost nothing no model answers in time: that is their failure, and told as such.
include-name = "POST /api/analyze"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "502", "504"]
"""


def who(house: House) -> str:
    """Return the document of two administrators, whose things the other must not see, and how they sign in."""
    token = {
        "extractFrom": "body",
        "extractSelector": "/access_token",
        "sendIn": "header",
        "sendName": "Authorization",
        "sendTemplate": "Bearer {token}",
    }
    people = [house.person("admin") for _ in range(2)]
    entries = [
        {
            "name": name,
            "loginEndpointAuth": {
                "endpoint": "/api/auth/token",
                "verb": "POST",
                "contentType": "application/json",
                "payloadUserPwd": {
                    "username": person.name,
                    "password": person.password,
                    "usernameField": "username",
                    "passwordField": "password",
                },
                "token": token,
            },
        }
        for name, person in zip(("one", "two"), people, strict=True)
    ]
    return json.dumps({"auth": entries})


def schema_tried(house: House, folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    """Run schemathesis as a program against a house for a bounded time."""
    (folder / "who.json").write_text(who(house))
    (folder / "schemathesis.toml").write_text(_SETTINGS)
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{house.url}/openapi.json", *_CHECKS]
    command += [*_LIMITS, *_WHOLE, *_ONE_CREDENTIAL, *_NO_NUL, "--no-color", *more]
    here = str(Path(__file__).parents[2])
    variables = {**os.environ, "PYTHONPATH": here, "TESTS_TARGET": house.url}
    variables["SCHEMATHESIS_HOOKS"] = "tests.blackbox.schema_hooks"
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=200)


def test_the_server_keeps_its_description(upstream, tmp_path):
    """No answer fails, lasts, breaks the description, refuses what it allows or takes what it does not."""
    with small(tmp_path, upstream, **OPEN) as house:
        ended = schema_tried(house, tmp_path)
    assert ended.returncode == 0, ended.stdout[-12000:] + ended.stderr[-2000:]

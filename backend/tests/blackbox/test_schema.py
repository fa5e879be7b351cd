"""The description of the API against the server: schemathesis with all its checks, an administrator's token in hand."""

import os
import subprocess
import sys
from pathlib import Path

from tests.blackbox.houses import small
from tests.blackbox.targets import House

_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,ignored_auth,"
    "use_after_free,ensure_resource_availability,allow_header_conformance"
)
_OWN_END = "/api/auth/(logout|sessions|password)|/api/me/data|/api/users/"
"""What would end the very token that asks."""


_SPREAD = """
import itertools
import schemathesis

addresses = itertools.count()

@schemathesis.hook
def before_call(context, case, kwargs):
    number = next(addresses)
    case.headers["X-Forwarded-For"] = f"10.{number // 250 % 250}.{1 + number % 250}.9"
"""
"""Each request comes from an address of its own, or all would soon be refused as too many from one."""


def schema_tried(house: House, folder: Path, checks: str) -> "subprocess.CompletedProcess[str]":
    """Run schemathesis as a program against a house for a bounded time."""
    (folder / "spread.py").write_text(_SPREAD)
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{house.url}/openapi.json"]
    command += ["--checks", checks, "--max-examples", "4", "--seed", "1", "--phases", "examples,coverage,fuzzing"]
    command += ["--header", f"Authorization: Bearer {house.admin.access}", "--exclude-path-regex", _OWN_END]
    command += ["--generation-database", "none", "--no-color", "--max-failures", "20"]
    variables = {**os.environ, "SCHEMATHESIS_HOOKS": "spread", "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=100)


def test_the_server_keeps_its_description(upstream, tmp_path):
    """No answer is a failure of the server, breaks the description, or ignores that a credential is asked for."""
    with small(tmp_path, upstream, ULTRA_TRUSTED_PROXIES="127.0.0.0/8") as house:
        ended = schema_tried(house, tmp_path, _CHECKS)
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]

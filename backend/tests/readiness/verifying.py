"""Runs `ultra verify` as people do, and reads its report."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.journeys.programs import environment

ADMIN, PASSWORD = "verifier", "a-Password of the tests 8!"


def verify(folder: Path, *words: str, **variables: str) -> "tuple[subprocess.CompletedProcess[str], dict[str, Any]]":
    """Run it in a folder with the report on stdout; returns the finished process and the report, {} without one."""
    command = [sys.executable, "-m", "ultra", "verify", "--json", "-", *words]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**plain_environment(folder), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    return done, json.loads(done.stdout) if done.stdout.startswith("{") else {}


def plain_environment(folder: Path) -> dict[str, str]:
    """Return the variables of a process that has no settings; where temporary folders are made goes along."""
    found = environment(folder)
    del found["ENVIRONMENT"]
    return {**found, **{name: os.environ[name] for name in ("TMPDIR",) if name in os.environ}}


def make_admin(folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Make an administrator where a server runs; returns the variables that `ultra verify` reads."""
    command = [sys.executable, "-m", "ultra", "users", "create", ADMIN, "--admin", "--password-stdin"]
    made = subprocess.run(
        command, cwd=folder, env=dict(variables), input=f"{PASSWORD}\n", capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return {"VERIFY_ADMIN": ADMIN, "VERIFY_PASSWORD": PASSWORD}


def results(report: Mapping[str, Any]) -> dict[str, str]:
    """Return the result of every step by its id."""
    return {step["id"]: step["result"] for step in report["steps"]}

"""kill -9 at any point while an env file is written leaves a whole file, the old one or the one meant."""

import itertools
import random
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.journeys.programs import environment

KILLS = 30
BIG = 200_000

WRITER = f"""
import itertools, sys
from pathlib import Path
from ultra.environments import set_values, switch
folder = Path(sys.argv[1])
print("ready", flush=True)
for number in itertools.count():
    values = {{"ULTRA_PORT": str(number % 9 + 1), "OPENAI_API_KEY": {BIG} * "x"}}
    set_values(folder, "production", values, references=None)
    switch(folder, ("testing", "production")[number % 2], findings=())
"""

STEP = """
import os, signal, sys
from pathlib import Path
import ultra.environments.drafts as drafts
from ultra.environments import set_values
steps = iter(range(1000))
def dying(call):
    def step(*given, **named):
        if next(steps) == int(sys.argv[2]): os.kill(os.getpid(), signal.SIGKILL)
        done = call(*given, **named)
        if next(steps) == int(sys.argv[2]): os.kill(os.getpid(), signal.SIGKILL)
        return done
    return step
os.fsync, os.fchmod, os.open, os.replace, os.rename = map(dying, (os.fsync, os.fchmod, os.open, os.replace, os.rename))
set_values(Path(sys.argv[1]), "production", {"ULTRA_PORT": "2"}, references=None)
"""


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """Write a local file whose lines would be missed."""
    path = tmp_path / ".env.production.local"
    path.write_text("# mine\nULTRA_PORT=1\nOPENAI_API_KEY=sk\n# end\n")
    path.chmod(0o600)
    return path


def test_killed_at_any_time_the_files_are_whole(local: Path) -> None:
    """Thirty writers are killed at thirty moments; nobody ever finds half a file, and the next one tidies up."""
    whole = re.compile(rf"# mine\nULTRA_PORT=[1-9]\nOPENAI_API_KEY=(sk|x{{{BIG}}})\n# end\n")
    moment = random.Random(7)
    for _ in range(KILLS):
        command = [sys.executable, "-c", WRITER, str(local.parent)]
        with subprocess.Popen(command, env=environment(local.parent), stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(moment.uniform(0, 0.05))
            writer.send_signal(signal.SIGKILL)
        assert whole.fullmatch(local.read_text())
        assert stat.S_IMODE(local.stat().st_mode) == 0o600
        switched = local.with_name(".env")
        assert not switched.exists() or re.fullmatch(r"#.*\nENVIRONMENT=(testing|production)\n", switched.read_text())
    left = {each.name for each in local.parent.iterdir()} - {local.name, ".env"}
    assert left <= {".env.production.draft.local", ".env.draft.local"}
    subprocess.run(
        [*command[:2], WRITER.replace("itertools.count()", "[1]"), command[3]],
        check=True,
        env=environment(local.parent),
        stdout=subprocess.PIPE,
    )
    assert {each.name for each in local.parent.iterdir()} == {local.name, ".env"}


def test_killed_at_every_step_the_file_is_old_or_meant(local: Path) -> None:
    """Before and behind every call that touches the disk: what is found is one of the two."""
    before, after = local.read_text(), local.read_text().replace("ULTRA_PORT=1", "ULTRA_PORT=2")
    found = []
    for step in itertools.count():
        local.write_text(before)
        command = [sys.executable, "-c", STEP, str(local.parent), str(step)]
        done = subprocess.run(command, env=environment(local.parent), check=False, capture_output=True)
        found.append(local.read_text())
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert step > 8
    assert found == sorted(found, key=[before, after].index)
    assert set(found) == {before, after}
    assert [each.name for each in local.parent.iterdir()] == [local.name]

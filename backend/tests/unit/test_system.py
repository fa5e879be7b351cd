"""Names that sort by time, and chance that is never given twice."""

import re
import subprocess
import sys
import threading
from pathlib import Path

import ultra
from ultra.system import System


def test_ids_sort_by_time_and_are_never_the_same() -> None:
    """An id is its prefix and 26 letters of Crockford's alphabet; a later millisecond sorts later."""
    ids = [System().new_id("run") for _ in range(2000)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"run_[0-9a-hjkmnp-tv-z]{26}", each) for each in ids)
    assert [each[:14] for each in ids] == sorted(each[:14] for each in ids)


def test_threads_share_no_chance() -> None:
    """Names made in several threads at once differ."""
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.extend(System().new_id("x") for _ in range(500))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 2000


def test_a_copy_of_the_process_draws_its_own_chance() -> None:
    """After a fork the child has none of what its parent had drawn."""
    program = """
import os
from ultra import system
system.System().new_id("x")
assert system._drawn
child = os.fork()
if child == 0:
    os._exit(len(system._drawn))
assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", program], cwd=Path(ultra.__file__).parents[1], check=True)


async def test_an_alarm_goes_off_once_unless_it_is_cancelled() -> None:
    """What is to be done later is done, and a cancelled alarm is silent."""
    done: list[str] = []
    real = System()
    real.call_later(0.01, lambda: done.append("kept"))
    real.call_later(0.0, lambda: done.append("cancelled")).cancel()
    await real.sleep(0.05)
    assert done == ["kept"]

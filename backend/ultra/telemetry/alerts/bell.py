"""Rings: hears facts, tells each change once over all workers, and never lets a dead channel hold anybody up."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from ultra.domain.alerts import Alert, AlertBook
from ultra.domain.errors import UltraError
from ultra.domain.observations import Observation
from ultra.system import System
from ultra.telemetry.alerts.channels import Channels, Delivery
from ultra.telemetry.alerts.messages import Message, message_of
from ultra.telemetry.alerts.rules import Rules

_log = logging.getLogger("ultra.alerts")

RETRY_S: Final[Sequence[float]] = (2.0, 10.0, 60.0, 300.0)
"""How long is waited before each further try of a channel; then the message is given up, and a log line says so."""

_HOLD: Final = timedelta(seconds=90)
_LOOK_EVERY_S: Final = 15.0
_MOST_WAITING: Final = 200


class Bell:
    """Keeps the promise of `Observer`; open it with `async with`.

    Facts are taken at once and judged at once; whatever asks the database or a channel happens in tasks of its own.
    Each channel has its own queue, so that a dead one delays no other. Where the book of alerts cannot be asked, this
    worker tells by itself: an alert may then come once from every worker, which is better than not at all.
    """

    def __init__(
        self,
        *,
        rules: Rules,
        book: AlertBook,
        channels: Channels,
        system: System,
        holder: str,
        environment: str,
        patience_s: float = 2.0,
    ) -> None:
        self._rules = rules
        self._book = book
        self._channels = channels
        self._system = system
        self._holder = holder
        self._environment = environment
        self._patience_s = patience_s
        self._changes: asyncio.Queue[Alert] = asyncio.Queue(_MOST_WAITING)
        self._queues: dict[str, asyncio.Queue[Message]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.lost = 0
        """Alerts and messages that could not be told."""

    async def __aenter__(self) -> Self:
        self._tasks |= {asyncio.ensure_future(self._ring()), asyncio.ensure_future(self._watch())}
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience_s):
                await self._changes.join()
                for queue in self._queues.values():
                    await queue.join()
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    def notice(self, observation: Observation) -> None:
        """Take one fact; returns at once and never raises."""
        for alert in self._rules.hear(observation):
            self._take(alert)

    def _take(self, alert: Alert) -> None:
        try:
            self._changes.put_nowait(alert)
        except asyncio.QueueFull:
            self.lost += 1
            _log.error("too many alerts at once: %s %s is not told", alert.name, alert.subject)

    async def _watch(self) -> None:
        """Now and then: what is over by itself, and what a dead worker left behind."""
        while True:
            await self._system.sleep(_LOOK_EVERY_S)
            for alert in self._rules.look():
                self._take(alert)
            try:
                now = self._system.now()
                await self._book.renew(holder=self._holder, until=now + _HOLD)
                left = await self._book.abandoned(now=now)
            except UltraError:
                continue  # the database is away; that is an alert of its own
            for each in left:
                self._tell(Alert(each.name, each.subject, False, "Nobody sees it any more.", now))

    async def _ring(self) -> None:
        while True:
            alert = await self._changes.get()
            try:
                if await self._is_news(alert):
                    self._tell(alert)
            except Exception:  # noqa: BLE001 - the next alert has its turn
                self.lost += 1
                _log.exception("an alert could not be told: %s %s", alert.name, alert.subject)
            finally:
                self._changes.task_done()

    async def _is_news(self, alert: Alert) -> bool:
        if alert.passes:
            return True
        try:
            if alert.is_raised:
                return await self._book.hold(alert, holder=self._holder, until=self._system.now() + _HOLD)
            return await self._book.release(alert.name, alert.subject, holder=self._holder)
        except UltraError:
            return True

    def _tell(self, alert: Alert) -> None:
        message = message_of(alert, environment=self._environment)
        (_log.warning if alert.is_raised else _log.info)("alert: %s", message.title)
        for channel in self._channels.names():
            if channel not in self._queues:
                self._queues[channel] = asyncio.Queue(_MOST_WAITING)
                self._tasks.add(asyncio.ensure_future(self._deliver(channel, self._queues[channel])))
            try:
                self._queues[channel].put_nowait(message)
            except asyncio.QueueFull:
                self.lost += 1
                _log.error("channel %s has too much waiting: %s is not told", channel, message.title)

    async def _deliver(self, channel: str, queue: "asyncio.Queue[Message]") -> None:
        while True:
            message = await queue.get()
            try:
                await self._try(channel, message)
            finally:
                queue.task_done()

    async def _try(self, channel: str, message: Message) -> None:
        delivery = await self._told(channel, message)
        for pause in RETRY_S:
            if delivery.is_told:
                return
            _log.warning("channel %s %s; trying again in %.0f s", channel, delivery.reason, pause)
            await self._system.sleep(pause)
            delivery = await self._told(channel, message)
        if not delivery.is_told:
            self.lost += 1
            _log.error("channel %s %s: %s is not told", channel, delivery.reason, message.title)

    async def _told(self, channel: str, message: Message) -> Delivery:
        return await self._channels.tell(channel, title=message.title, body=message.body, tone=message.tone)

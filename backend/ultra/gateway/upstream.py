"""One upstream call as the caller reads it: a context manager and the stream it gives."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import replace
from types import TracebackType
from typing import Self

from ultra.domain.chat import Event, Finished, Started
from ultra.domain.errors import Truncated, UltraError
from ultra.domain.models import Model
from ultra.domain.ports import EventStream
from ultra.domain.receipts import Receipt
from ultra.gateway.account import Account
from ultra.gateway.breakers import Outcome, Permit
from ultra.gateway.deadline import Deadline
from ultra.gateway.metering import Meter


class UpstreamCall:
    """Passes a vendor's events on, one at a time and only when asked for, and keeps the accounts on the way.

    Entering returns with the first event at hand. The call is settled the moment it ends: at `Finished`, at an error,
    or, when the caller leaves before either, as cancelled. After an error, iterating raises the same error again, and
    a stream that ends without `Finished` raises `Truncated`: nothing incomplete looks complete. What goes wrong after
    `Finished` no longer matters.
    """

    __slots__ = (
        "_account", "_ask", "_deadline", "_error", "_events", "_first", "_is_finished", "_meter", "_model", "_opening",
        "_permit", "_take",
    )  # fmt: skip

    def __init__(
        self,
        ask: Callable[[], EventStream],
        *,
        model: Model,
        meter: Meter,
        permit: Permit,
        account: Account,
        deadline: Deadline,
    ) -> None:
        self._ask = ask
        self._opening: EventStream | None = None
        self._model = model
        self._meter = meter
        self._permit = permit
        self._account = account
        self._deadline = deadline
        self._events: AsyncIterator[Event] | None = None
        self._take: Callable[[], Event | None] | None = None
        self._first: Event | None = None
        self._is_finished = False
        self._error: UltraError | None = None

    @property
    def receipt(self) -> Receipt:
        """The account of the completion so far."""
        return self._account.receipt()

    async def __aenter__(self) -> Self:
        self._deadline.start()
        try:
            with self._deadline:
                opening = self._ask()
                self._events = await opening.__aenter__()
                self._opening = opening
            self._take = getattr(self._events, "ready", None)  # offered by some, promised by none
            first = await self.__anext__()
        except BaseException as error:
            self._break_off(error)
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        self._account.accepted(self._model, self._meter, first.losses if isinstance(first, Started) else ())
        self._first = first
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadline.stop()
        self._settle("cancelled")
        events, self._events, self._take = self._events, None, None
        if events is None or self._opening is None:
            return
        try:
            if isinstance(events, AsyncGenerator):
                await events.aclose()
        finally:
            await self._opening.__aexit__(kind, error, trace)

    def __aiter__(self) -> Self:
        return self

    def ready(self) -> Event | None:
        """Return the next event if it is there already; None says only that it must be awaited."""
        if self._take is None or self._first is not None or self._is_finished or self._error is not None:
            return None
        event = self._take()
        return None if event is None else self._heard(event)

    async def __anext__(self) -> Event:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        if self._error is not None:
            raise self._error
        if self._events is None:
            raise StopAsyncIteration
        if self._is_finished:
            await self._drain(self._events)
            raise StopAsyncIteration
        try:
            event = await self._deadline.over(self._events.__anext__())
        except StopAsyncIteration:
            error = Truncated("The answer ended before its end was announced.")
            self._break_off(error)
            raise error from None
        except BaseException as error:
            self._break_off(error)
            raise
        return self._heard(event)

    def _heard(self, event: Event) -> Event:
        self._meter.hear(event)
        if isinstance(event, Finished):
            self._is_finished = True
            self._settle("ok")
        elif isinstance(event, Started) and event.provider != self._model.provider:
            return replace(event, provider=self._model.provider)
        return event

    async def _drain(self, events: AsyncIterator[Event]) -> None:
        """Let the vendor's stream come to its end, so that its connection can serve again."""
        try:
            await self._deadline.over(events.__anext__())
        except (StopAsyncIteration, UltraError):
            return

    def _break_off(self, error: BaseException) -> None:
        if isinstance(error, UltraError):
            error.provider = error.provider or self._model.provider
            error.model = error.model or self._model.id
            self._error = error
            self._settle("failed", error)
        elif isinstance(error, Exception):
            # A mistake of ours, not the vendor's: it is written down, and the breaker learns nothing from it.
            self._meter.settle("failed", kind="internal")
            self._permit.end("cancelled", None)

    def _settle(self, outcome: Outcome, error: UltraError | None = None) -> None:
        self._meter.settle(outcome, error)
        self._permit.end(outcome, error)

"""Where alerts go: webhooks, chat rooms, mail, through apprise. A channel's address is a secret and is never shown."""

import asyncio
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    import apprise

Tone: TypeAlias = Literal["failure", "warning", "success", "info"]

LONGEST_S: Final = 30.0
"""A channel that takes longer has failed; its own sockets give up after a few seconds."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How telling one channel went. `channel` is its place in the list and its kind, never its address."""

    channel: str
    is_told: bool
    reason: str | None = None


class Channels:
    """Tells the channels of `read()`: apprise addresses separated by blanks or commas; read anew for each message.

    A channel is known by its place and the kind of its address (`1 slack`). Nothing of apprise is loaded before the
    first message, and then in a thread: it looks through a hundred services for a second.
    """

    def __init__(self, *, read: Callable[[], str | None]) -> None:
        self._read = read

    def names(self) -> tuple[str, ...]:
        """Return the channels that are configured now, those that cannot be understood included."""
        return tuple(self._addresses())

    async def tell(self, channel: str, *, title: str, body: str, tone: Tone) -> Delivery:
        """Tell one channel; never raises for what the channel does."""
        address = self._addresses().get(channel)
        if address is None:
            return Delivery(channel, is_told=False, reason="is not configured any more")
        try:
            async with asyncio.timeout(LONGEST_S):
                server = await asyncio.to_thread(_server, address)
                if server is None:
                    return Delivery(channel, is_told=False, reason="has an address that apprise does not understand")
                told = await server.async_notify(title=title, body=body, notify_type=tone)
        except TimeoutError:
            return Delivery(channel, is_told=False, reason=f"did not answer within {LONGEST_S:.0f} s")
        except Exception as error:  # noqa: BLE001 - a hundred services, each with errors of its own; none may end us
            return Delivery(channel, is_told=False, reason=type(error).__name__)
        return Delivery(channel, is_told=bool(told), reason=None if told else "refused, or could not be reached")

    def _addresses(self) -> dict[str, str]:
        addresses = (self._read() or "").replace(",", " ").split()
        return {f"{number} {_kind(address)}": address for number, address in enumerate(addresses, 1)}


def _kind(address: str) -> str:
    kind, separator, _ = address.partition("://")
    return kind.lower() if separator and kind.isalnum() else "unknown"


def _server(address: str) -> "apprise.NotifyBase | None":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its services look for modules of older Pythons
        import apprise  # noqa: PLC0415 - what a server without channels does not pay for

        # It writes addresses into its own log lines.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        return apprise.Apprise.instantiate(address)

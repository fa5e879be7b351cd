"""A run's journal as server-sent events: what is written, what was written, and what comes next are one stream."""

from collections.abc import Mapping

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ultra.desk.desk import Desk
from ultra.domain.analysis import JournalEvent
from ultra.domain.errors import UltraError
from ultra.domain.identity import Principal
from ultra.gate.events import EventResponse
from ultra.protocols.failures import message
from ultra.system import System

_HEARTBEAT = b": heartbeat\n\n"


class JournalResponse(Response):
    """Streams the events with `seq > after`; each event's id is its `seq`, so that `Last-Event-ID` resumes."""

    media_type = "text/event-stream"

    def __init__(
        self,
        desk: Desk,
        system: System,
        principal: Principal,
        run_id: str,
        *,
        after: int,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__()
        self._desk = desk
        self._system = system
        self._principal = principal
        self._run_id = run_id
        self._after = after
        self._extra = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the gate has read it
        """Send the stream."""
        opening = EventResponse(
            send, system=self._system, keepalive=_HEARTBEAT, explain=trouble, headers=self._extra, every=10.0
        )
        async with opening as response:
            async for event in self._desk.runs.follow(self._principal, self._run_id, after=self._after):
                await response.write([frame(event)])


def frame(event: JournalEvent) -> bytes:
    """Return one event as it goes over the wire."""
    data = orjson.dumps({"seq": event.seq, "type": event.type, "at": event.at.isoformat(), **event.data})
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.seq, event.type.encode(), data)


def trouble(error: UltraError) -> list[bytes]:
    """Return the end of a stream that is not the run's end; without an id, since it stands in no journal."""
    body = orjson.dumps({"type": error.code, "code": error.code, "detail": message(error)})
    return [b"event: error\ndata: " + body + b"\n\n"]

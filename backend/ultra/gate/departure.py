"""Notices a client that leaves, and ends the work that was done for it."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Departure:
    """Cancels a request's work when its client disconnects: before the first byte, mid-stream, or not streaming.

    It must stand inside whatever reads the body: from then on the only thing `receive` can say is goodbye. The
    cancellation travels down the onion, and each skin closes what it opened, the vendor's socket last. The route runs
    in the request's own task and only the watch has one of its own: a task costs more than a small route.

    Others cancel requests as well: the vigil, and a server that shuts down. That passes on upwards, to be told there.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        first = await receive()
        work = _own_task()
        answered = left = False

        async def send_watched(message: Message) -> None:
            nonlocal answered
            if left:
                return
            await send(message)
            answered = message["type"] == "http.response.body" and not message.get("more_body", False)

        async def watch() -> None:
            nonlocal left
            await _gone(receive)
            if not answered:  # whoever has the whole answer may go; what is left is our own tidying
                left = True
                work.cancel()

        watcher = asyncio.ensure_future(watch())
        try:
            await self._app(scope, _once(first), send_watched)
        except asyncio.CancelledError:
            if not left:
                raise
            scope["ultra.facts"]["client_left"] = True
            if work.cancelling() > 1:
                raise
        finally:
            watcher.cancel()
            if left:
                work.uncancel()


def _own_task() -> "asyncio.Task[object]":
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("A request is served by a task.")
    return task


def _once(first: Message) -> Receive:
    pending: list[Message] = [first]

    async def receive() -> Message:
        if pending:
            return pending.pop()
        return await asyncio.Future()

    return receive


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue

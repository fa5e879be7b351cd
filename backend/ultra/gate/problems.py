"""Turns everything that goes wrong into the shape its caller's protocol expects; nothing else writes errors."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ultra.domain.errors import InvalidRequest, MethodNotAllowed, NotFound, RateLimited, UltraError, Unavailable
from ultra.gate.audience import is_person
from ultra.protocols import anthropic_messages, gemini_generate, openai_chat, problems
from ultra.protocols.failures import Reply
from ultra.protocols.fields import shortened

_log = logging.getLogger("ultra.gate")

Explain = Callable[..., Reply]

_MOST_NAMED = 20
"""Bad fields that one error names: whoever has more of them reads no further."""


def explainer(path: str, *, show_internals: bool) -> Explain:
    """Return who words an error for this path: the vendor's wire, or problem+json for everything else."""
    vendor = vendor_of(path)
    if vendor is not None:
        return vendor

    def explain(error: UltraError, *, request_id: str | None) -> Reply:
        return problems.problem(error, request_id=request_id, show_internals=show_internals)

    return explain


def vendor_of(path: str) -> Explain | None:
    """Return who words an error on a vendor's wire, None for every path that is on none."""
    if path.startswith("/v1/messages"):
        return anthropic_messages.error
    if path.startswith("/v1/"):
        return openai_chat.error
    return gemini_generate.error if path.startswith("/gemini/") else None


class Problems:
    """Answers for everything below that raises. A fault of Ultra's own is logged whole and answered without its inside.

    `page` shows a problem document to a person; programs read the document itself.

    Once a response has begun its status cannot change: what is raised then was already told in-band by whoever
    streams, and is only logged here.
    """

    def __init__(self, app: ASGIApp, *, show_internals: bool, page: Callable[[Reply], Response]) -> None:
        self._app = app
        self._show_internals = show_internals
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_watched)
        except UltraError as error:
            await self._answer(error, scope, send, begun=begun)
        except asyncio.CancelledError:
            # Only the server cancels whole requests, when its patience with the last ones is over.
            leaving = Unavailable("The server is shutting down.", code="shutting_down", retry_after=1.0)
            await self._answer(leaving, scope, send, begun=begun)
            raise
        except Exception as error:  # noqa: BLE001 - the last line of defence: whatever it is, the caller gets an answer
            _log.exception("request %s failed inside Ultra", scope["ultra.request_id"])
            internal = UltraError("Ultra itself failed; the log has the details under this request id.")
            internal.__cause__ = error
            await self._answer(internal, scope, send, begun=begun)

    async def _answer(self, error: UltraError, scope: Scope, send: Send, *, begun: bool) -> None:
        _note(error, scope["ultra.facts"])
        if begun:
            return
        explain = explainer(scope["path"], show_internals=self._show_internals)
        reply = explain(error, request_id=scope["ultra.request_id"])
        body, headers = self._written(reply, scope)
        await send(
            {
                "type": "http.response.start",
                "status": reply.status,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            }
        )
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _written(self, reply: Reply, scope: Scope) -> tuple[bytes, Mapping[str, str]]:
        if is_person(scope):
            page = self._page(reply)
            return bytes(page.body), {**reply.headers, **page.headers}
        body = orjson.dumps(reply.body)
        return body, {"content-type": "application/json", **reply.headers, "content-length": str(len(body))}


def _note(error: UltraError, facts: dict[str, Any]) -> None:
    """Leave for the log line what went wrong, at which provider, and which of Ultra's own limits said no."""
    facts["error"] = error.kind
    if error.provider is not None:
        facts["provider"] = error.provider
    if isinstance(error, RateLimited) and error.violated:
        facts["limited"] = list(error.violated)


async def refuse_route(request: Request, error: Exception) -> NoReturn:
    """Translate the router's own refusals (no such route, wrong method) into errors of the house."""
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 405:
        allowed = ", ".join(sorted(_methods_at(request)))
        request.scope.setdefault("ultra.headers", {})["allow"] = allowed
        raise MethodNotAllowed(f"{request.method} is not possible here.", hint=f"Use {allowed}.") from error
    raise NotFound(
        "There is nothing at this address.", code="route_not_found", hint="The routes are listed in the API reference."
    ) from error


def _methods_at(request: Request) -> set[str]:
    """Return every method that has a route at this address: the framework names those of the first route alone."""
    found: set[str] = set()
    for route in request.app.routes:
        if route.matches(dict(request.scope))[0] is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return found


async def refuse_fields(_: Request, error: Exception) -> NoReturn:
    """Translate the framework's list of bad fields into one error that names some, and says how many more there are."""
    if not isinstance(error, RequestValidationError):
        raise error
    bad = error.errors()
    found = [(_place(each["loc"]), each["msg"]) for each in bad[:_MOST_NAMED]]
    sentences = [f"{place}: {message}" for place, message in found]
    if len(bad) > len(found):
        sentences.append(f"and {len(bad) - len(found)} more")
    raise InvalidRequest(
        f"The request is not valid. {'; '.join(sentences)}.", param=found[0][0] if found else None
    ) from error


def _place(location: Sequence[int | str]) -> str:
    """Write a field's place the way callers write it: `context[0].name`."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{shortened(part)}" for part in location[1:])
    return place.removeprefix(".") or str(location[0])

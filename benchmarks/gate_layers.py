"""The gate, layer by layer: what each takes around a completion whose vendor answers at once, all in process.

Each layer is asked with everything outside it and nothing inside; what is printed is the difference to the one before.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ultra import app as application
from ultra.app import create_app
from ultra.config import Loaded
from ultra.desk.desk import set_up
from ultra.domain.chat import (
    ChatRequest,
    Delta,
    Event,
    Finished,
    PartEnded,
    PartStarted,
    Started,
    Usage,
    UsageReported,
)
from ultra.gate.admission import Room
from ultra.gate.body import Body, BodyCaps
from ultra.gate.departure import Departure
from ultra.gate.flooding import Flooding
from ultra.gate.guard import Guard
from ultra.gate.idempotency import Repeats
from ultra.gate.keepers import keepers_of
from ultra.gate.need import Need
from ultra.gate.threshold import Threshold
from ultra.gate.vigil import Vigil, Watched
from ultra.services import Services
from ultra.system import System
from ultra.wire.chat_completions import ChatCompletions

COMPLETIONS = "/v1/chat/completions"
BODY = b'{"model": "openai/gpt-6-astra", "messages": [{"role": "user", "content": "' + b"x" * 900 + b'"}]}'

Act = Callable[[], Awaitable[object] | object]
Skin = tuple[str, Callable[[ASGIApp], ASGIApp]]


@dataclass(frozen=True, slots=True)
class Layer:
    """Something whose time is measured; `less` names another whose time is taken off."""

    act: Act
    less: str | None = None


class Vendor:
    """A provider that answers at once: what it takes is nearly nothing."""

    name = "openai"

    def __init__(self, model: str = "") -> None:
        self._events = iter(_answer(model))

    def open(self, request: ChatRequest, *, deadline: float) -> "Vendor":
        """Take a request."""
        del deadline
        return Vendor(request.model)

    async def list_models(self) -> tuple[()]:
        """List nothing."""
        return ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close nothing."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        event = next(self._events, None)
        if event is None:
            raise StopAsyncIteration
        return event

    def ready(self) -> Event | None:
        """Return the next event."""
        return next(self._events, None)


def _answer(model: str) -> Sequence[Event]:
    return (
        Started(id="a1", provider="openai", model=model),
        PartStarted(0, "text"),
        Delta(0, "Because it is so."),
        PartEnded(0),
        UsageReported(Usage(input_total=250, output_total=5)),
        Finished("stop", "stop"),
    )


class Asking:
    """Puts requests to applications as a server would, with a key, and sees that each is answered well."""

    def __init__(self, state: Mapping[str, Any], key: str) -> None:
        self._state = state
        self._headers = [
            (b"host", b"127.0.0.1:8080"),
            (b"authorization", f"Bearer {key}".encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(BODY)).encode()),
        ]

    def of(self, app: ASGIApp, *, method: str = "POST", path: str = COMPLETIONS) -> Act:
        """Return one request to an application."""

        async def ask() -> None:
            body = [BODY] if method == "POST" else [b""]
            status = 0

            async def receive() -> Message:
                if body:
                    return {"type": "http.request", "body": body.pop(), "more_body": False}
                await asyncio.Event().wait()
                raise AssertionError

            async def send(message: Message) -> None:
                nonlocal status
                status = message.get("status", status)

            await app(self._scope(method, path), receive, send)
            if status != 200:
                raise RuntimeError(f"{path} answered {status}")

        return ask

    def _scope(self, method: str, path: str) -> Scope:
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "server": ("127.0.0.1", 8080),
            "root_path": "",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": self._headers,
            "client": ("127.0.0.1", 50000),
            "state": dict(self._state),
        }


async def _nothing(_scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without having done anything."""
    del receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def gate_layers(loaded: Loaded, services: Services, vigil: Vigil, key: str) -> dict[str, Layer]:
    """Return the layers of the gate from the socket inwards, and what whole requests take."""
    framework = create_app(loaded, system=services.system)
    state = {
        "services": services,
        "desk": set_up(services),
        "keepers": application._keepers(services, vigil),  # noqa: SLF001 - the app's own wiring is what is measured
    }
    asked = Asking(state, key)
    skins = [*_outer(loaded, services.system), *_inner(loaded, services.system)]
    layers = {"nothing": Layer(asked.of(_nothing))}
    before = "nothing"
    for count, (name, _) in enumerate(skins, start=1):
        layers[name] = Layer(asked.of(_around(skins[:count], _nothing)), less=before)
        before = name
    direct = asked.of(_around(skins, ChatCompletions()))
    layers["wire, desk, gateway; the vendor answers at once"] = Layer(direct, less=before)
    layers["router, for a completion"] = Layer(
        asked.of(framework), less="wire, desk, gateway; the vendor answers at once"
    )
    layers["a whole completion"] = Layer(asked.of(framework))
    layers["another route, framework and all: /health/live"] = Layer(
        asked.of(framework, method="GET", path="/health/live")
    )
    layers["another route, framework and all: /v1/models"] = Layer(asked.of(framework, method="GET", path="/v1/models"))
    return layers


def _outer(loaded: Loaded, system: System) -> list[Skin]:
    """Return what every request passes, as the application orders it."""
    outer = application._outer_gate(loaded.settings, system, [], Room(most=1000, reserved=50))  # noqa: SLF001 - the order is decided there
    return [
        (_words(each.cls.__name__), lambda app, each=each: each.cls(app, *each.args, **each.kwargs)) for each in outer
    ]


def _inner(loaded: Loaded, system: System) -> list[Skin]:
    """Return what stands before a completion once it is found; `ultra.app` puts them together in this order."""
    caps = BodyCaps(max_bytes=loaded.settings.max_body_bytes, max_seconds=30.0)
    need: Need = application._COMPLETE  # noqa: SLF001 - what a completion asks of its caller
    store = application._idempotency  # noqa: SLF001 - as above
    flooding = Flooding(system=system)

    def repeats(app: ASGIApp) -> ASGIApp:
        return Repeats(app, store=store, caps=caps, finishes=False, shows_secret=False, system=system)

    return [
        ("guard, key remembered", lambda app: Guard(app, need=need, caps=caps, flooding=flooding, system=system)),
        ("vigil", lambda app: Watched(app, vigil=lambda scope: keepers_of(scope).vigil, at_once=True)),
        ("threshold", lambda app: Threshold(app, is_closed=application._is_closed)),  # noqa: SLF001 - as above
        ("body, strict JSON of 1 KB", lambda app: Body(app, caps=caps)),
        ("repeats, no key for them", repeats),
        ("departure", Departure),
    ]


def _around(skins: Sequence[Skin], app: ASGIApp) -> ASGIApp:
    for _, skin in reversed(skins):
        app = skin(app)
    return app


def _words(name: str) -> str:
    """Write a class's name as words: `ClientAddress` is `client address`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()

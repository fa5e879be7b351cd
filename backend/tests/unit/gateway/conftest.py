"""A gateway among fakes, with one provider `a` and one provider `b`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from tests.fakes.catalogue import FakeCatalogue, model
from tests.fakes.ledger import FakeLedger
from tests.fakes.observer import FakeObserver
from tests.fakes.providers import FakeProvider, Line
from tests.fakes.system import FakeSystem
from ultra.domain.chat import (
    ChatRequest,
    Delta,
    Finished,
    Message,
    PartEnded,
    PartStarted,
    Started,
    Text,
    Usage,
    UsageReported,
)
from ultra.domain.completion import Completion, gather
from ultra.domain.ports import CallContext, Provider
from ultra.domain.pricing import Price
from ultra.domain.receipts import Receipt
from ultra.gateway.completion import Gateway
from ultra.gateway.policy import Policy

USED = Usage(100, output_total=10)
PRICE = Price(input=1, output=2)  # type: ignore[arg-type]  # whole dollars are exact either way


def spoken(text: str = "hello", *, wait: float = 0.0, usage: Usage | None = USED) -> list[Line]:
    """Return a good answer's script: accepted at once, said after `wait` seconds."""
    told = [] if usage is None else [UsageReported(usage)]
    said: list[Line] = [Started("id-1", "vendor", "as-the-vendor-says"), PartStarted(0, "text")]
    return [*said, wait, Delta(0, text), PartEnded(0), *told, Finished("stop", "stop")]


@dataclass
class Bench:
    """The gateway under test, and what stands around it. `script` maps a provider's model to what happens."""

    system: FakeSystem = field(default_factory=FakeSystem)
    policy: Policy = field(default_factory=Policy)
    scripts: dict[str, Callable[[ChatRequest], Sequence[Line]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ledger = FakeLedger()
        self.observer = FakeObserver()
        self.catalogue = FakeCatalogue(
            model("a/one", price=PRICE),
            model("a/two", price=PRICE),
            model("b/one", price=PRICE),
            lists={"best": ("a/one", "b/one"), "all": ("a/one", "a/two", "b/one")},
        )
        self.a = FakeProvider("a", self._follow("a"), system=self.system)
        self.b = FakeProvider("b", self._follow("b"), system=self.system)
        self.providers: dict[str, Provider] = {"a": self.a, "b": self.b}
        self.gateway = Gateway(
            providers=self.providers,
            catalogue=self.catalogue,
            ledger=self.ledger,
            observer=self.observer,
            system=self.system,
            policy=self.policy,
        )

    def plan(self, name: str, *tries: Sequence[Line]) -> None:
        """Say what happens at each call of this model; the last plan is repeated."""
        left = list(tries)
        self.scripts[name] = lambda _: left.pop(0) if len(left) > 1 else left[0]

    def call(self, seconds: float = 100.0, *, fall_back: bool = True) -> CallContext:
        """Return a context whose deadline is that far away."""
        return CallContext("somebody", "req_1", self.system.monotonic() + seconds, "run_1", "ask", fall_back=fall_back)

    def request(self, name: str, **fields: object) -> ChatRequest:
        """Return a request of ten bytes for a model."""
        said = (Message("user", (Text("0123456789"),)),)
        return ChatRequest(name, said, **fields)  # type: ignore[arg-type]  # the test names fields

    async def ask(self, name: str, *, call: CallContext | None = None, **fields: object) -> Completion:
        """Ask and read to the end."""
        completion, self.receipt = await self.asked(name, call=call, **fields)
        return completion

    async def asked(
        self, name: str, *, call: CallContext | None = None, **fields: object
    ) -> tuple[Completion, Receipt]:
        """Ask, read to the end, and return the receipt too."""
        async with self.gateway.open(self.request(name, **fields), call or self.call()) as stream:
            return await gather(stream), stream.receipt

    @property
    def outcomes(self) -> list[tuple[str, str, str | None]]:
        """How the upstream calls ended: model, outcome, kind of error."""
        return [
            (row.entry.model, row.settlement.outcome, row.settlement.error_kind)
            for row in self.ledger.rows
            if row.settlement is not None
        ]

    def _follow(self, provider: str) -> Callable[[ChatRequest], Sequence[Line]]:
        def script(request: ChatRequest) -> Sequence[Line]:
            plan = self.scripts.get(f"{provider}/{request.model}")
            return plan(request) if plan is not None else spoken()

        return script


@pytest.fixture
def bench() -> Bench:
    """Return a gateway among fakes, on time that jumps."""
    return Bench()


@pytest.fixture
def make_bench() -> type[Bench]:
    """Return the way to build one with other numbers."""
    return Bench


@pytest.fixture
def answer() -> Callable[..., list[Line]]:
    """Return the way to script a good answer."""
    return spoken

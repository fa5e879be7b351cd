"""Worst cases are counted before calls, facts after them."""

from decimal import Decimal

from hypothesis import given, strategies

from tests.fakes.catalogue import FakeCatalogue, model
from ultra.analysis.spending import Account, fit, input_tokens
from ultra.domain.analysis import Answer, PanelCall, Prompt
from ultra.domain.chat import Image, Message, Text
from ultra.domain.pricing import Price

PRICED = FakeCatalogue(model("p/m", price=Price(input=Decimal(1), output=Decimal(10))), "p/unpriced")


def call(name: str = "p/m", text: str = "Why?") -> PanelCall:
    """Make a call to that model."""
    return PanelCall("member-1", name, Prompt("Be good.", text))


def ended(cost: str | None) -> Answer:
    """Make an answer that cost so much."""
    return Answer("member-1", "p/m", "answer", "ok", "Yes.", cost_usd=None if cost is None else Decimal(cost))


def test_everything_sent_counts_as_input() -> None:
    """History, instructions and images make a call larger."""
    plain = input_tokens(call())
    history = (Message("user", (Text("x" * 300),)),)
    rich = PanelCall(
        "member-1",
        "p/m",
        Prompt("Be good.", "Why?"),
        instructions=(Text("y" * 300),),
        images=(Image(),),
        history=history,
    )
    assert input_tokens(rich) >= plain + 2200


def test_an_unknown_cost_commits_its_worst_case() -> None:
    """What nobody knows is not zero for the budget, and not invented for the report."""
    account = Account(Decimal(1))
    account.settle(ended(None), Decimal("0.4"))
    account.settle(ended("0.1"), Decimal("0.4"))
    account.abandon(Decimal("0.2"))
    assert (account.spent, account.left, account.unknown, account.calls) == (Decimal("0.1"), Decimal("0.3"), 2, 3)
    assert account.total == Decimal("0.1")


def test_a_run_without_calls_cost_nothing() -> None:
    """Zero is known; after calls of which no cost is known, nothing is."""
    account = Account()
    assert account.total == Decimal(0)
    account.settle(ended(None), None)
    assert account.total is None


def test_without_a_budget_everything_fits_unlimited() -> None:
    """No output limit is invented where no budget asks for one."""
    allowance = fit(Account(), [call("p/unpriced")], model=PRICED.get, output_tokens=None)
    assert allowance is not None
    assert (allowance.output_tokens, allowance.worst) == (None, (None,))


def test_the_callers_limit_is_not_changed() -> None:
    """A round that does not fit with the caller's own limit does not fit."""
    assert fit(Account(Decimal("0.001")), [call()], model=PRICED.get, output_tokens=5000) is None


@given(budget=strategies.decimals(0, 2, places=4), calls=strategies.integers(1, 6), share=strategies.floats(0.1, 1))
def test_a_round_that_fits_stays_within_the_budget(budget: Decimal, calls: int, share: float) -> None:
    """The worst cases of an admitted round never exceed what is left."""
    allowance = fit(Account(budget), [call()] * calls, model=PRICED.get, output_tokens=None, share=share)
    if allowance is not None:
        assert sum(each for each in allowance.worst if each is not None) <= budget
        assert allowance.output_tokens in (4096, 2048, 1024, 512, 256)

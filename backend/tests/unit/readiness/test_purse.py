"""Nothing is asked that might cost more than is left."""

from decimal import Decimal

import pytest

from ultra.readiness import NotRun
from ultra.readiness.offers import Offer
from ultra.readiness.purse import Purse


def test_what_an_answer_cost_is_counted() -> None:
    """The estimate is put aside meanwhile, and replaced by the cost that was told."""
    purse = Purse(Decimal("0.10"))
    with purse.paying(Decimal("0.06")) as bill:
        assert purse.left == Decimal("0.04")
        bill.read("0.01")
    assert (purse.spent, purse.left) == (Decimal("0.01"), Decimal("0.09"))


def test_what_nobody_tells_costs_the_estimate() -> None:
    """Also when the call breaks: it may have been paid."""
    purse = Purse(Decimal("0.10"))
    with pytest.raises(ValueError, match="broken"), purse.paying(Decimal("0.06")):
        raise ValueError("broken")
    assert purse.spent == Decimal("0.06")


def test_the_cap_holds() -> None:
    """A call that might go beyond it is not made; both amounts are said."""
    purse = Purse(Decimal("0.10"))
    refused = pytest.raises(NotRun, match=r"\$0\.0500 with \$0\.0400 left")
    with purse.paying(Decimal("0.06")), refused, purse.paying(Decimal("0.05")):
        pytest.fail("It was asked.")


def test_an_estimate_is_on_the_high_side() -> None:
    """Every second character counts as a token, and the answer is as long as it may be."""
    offer = Offer("a/b", "a", Decimal(1), Decimal(2), None, None)
    asked = {"model": "a/b", "messages": [{"role": "user", "content": "x" * 2000}], "max_tokens": 100}
    assert Decimal("0.0012") < offer.most(asked) < Decimal("0.0013")


def test_an_unknown_price_is_no_price() -> None:
    """A model of which nobody knows what it costs is not asked."""
    offer = Offer("a/b", "a", None, Decimal(2), None, None)
    assert offer.price == Decimal("Infinity")
    with pytest.raises(NotRun, match="Nobody knows what a/b costs"):
        offer.most({"max_tokens": 1})

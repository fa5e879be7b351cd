"""What a key made with a key may be at most."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ultra.auth.key_lines import TooMuch, end_within, models_within, networks_within, stricter
from ultra.domain.identity import Allowance

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_the_smaller_of_two_counts_member_by_member() -> None:
    """What either leaves open, the other bounds; what both leave open stays open."""
    wanted = Allowance(requests_per_minute=10, tokens_per_minute=5, daily_budget_usd=Decimal(2))
    allowed = Allowance(requests_per_minute=5, concurrency=1, daily_budget_usd=Decimal(3))
    assert stricter(wanted, allowed) == Allowance(5, 5, 1, Decimal(2), None)
    assert stricter(allowed, wanted) == stricter(wanted, allowed)
    assert stricter(Allowance(), allowed) == allowed


@pytest.mark.parametrize(
    ("wanted", "allowed", "found"),
    [
        (None, None, None),
        (("10.0.0.0/8",), None, ("10.0.0.0/8",)),
        (None, ("10.0.0.0/8",), ("10.0.0.0/8",)),
        (("10.1.2.3",), ("192.0.2.0/24", "10.0.0.0/8"), ("10.1.2.3",)),
        (("10.0.0.0/8",), ("10.0.0.0/8",), ("10.0.0.0/8",)),
        (("2001:db8:1::/48",), ("2001:db8::/32",), ("2001:db8:1::/48",)),
        ((), ("10.0.0.0/8",), ()),
    ],
)
def test_networks_lie_within_networks(wanted, allowed, found) -> None:
    """Left out they are the maker's own; none at all is narrower than any."""
    assert networks_within(wanted, allowed) == found


@pytest.mark.parametrize("wanted", [("0.0.0.0/0",), ("10.0.0.0/7",), ("10.1.0.0/16", "192.0.2.1"), ("::/0",)])
def test_wider_networks_are_too_much(wanted) -> None:
    """Also when only one of several is, and when they are of the other family."""
    with pytest.raises(TooMuch):
        networks_within(wanted, ("10.0.0.0/8",))


def test_models_lie_within_models() -> None:
    """Left out they are the maker's own."""
    assert models_within(None, ("a/one",)) == ("a/one",)
    assert models_within(("a/one",), None) == ("a/one",)
    assert models_within((), ("a/one",)) == ()
    with pytest.raises(TooMuch):
        models_within(("a/one", "a/two"), ("a/one",))


def test_nothing_outlives_its_maker() -> None:
    """The usual end is brought forward, a later one that was asked for is too much."""
    assert end_within(None, NOW + 2 * DAY, NOW + DAY) == NOW + DAY
    assert end_within(None, NOW + DAY, NOW + 2 * DAY) == NOW + DAY
    assert end_within(NOW + DAY, NOW, NOW + DAY) == NOW + DAY
    with pytest.raises(TooMuch):
        end_within(NOW + 2 * DAY, NOW, NOW + DAY)

"""Tests of repeatable chance."""

from ultra.mock.chance import number, pick, share, shuffle


def test_depends_on_words_and_their_order_only():
    """The same words give the same number, others another."""
    assert number("a", "b") == number("a", "b")
    assert len({number("a", "b"), number("b", "a"), number("ab"), number("a", "b", "")}) == 4


def test_shares_are_even():
    """Shares lie in [0, 1) and spread evenly."""
    shares = [share("x", str(index)) for index in range(2000)]
    assert all(0 <= value < 1 for value in shares)
    assert 0.45 < sum(shares) / len(shares) < 0.55


def test_picks_and_shuffles_all():
    """Every item can be picked; a shuffle keeps all of them."""
    assert {pick("abc", str(index)) for index in range(50)} == set("abc")
    assert sorted(shuffle(range(9), "seed")) == list(range(9))

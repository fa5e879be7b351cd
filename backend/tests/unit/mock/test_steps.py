"""Tests of rewriting the steps of an answer."""

from ultra.mock.steps import Head, Reset, Send, Wait, after_tokens, among_tokens, half

STEPS = [Head(200), Send(b"start"), Send(b"a", token=True), Send(b"b", token=True), Send(b"end", last=True)]


def test_cuts_after_so_many_pieces():
    """Exactly so many pieces of the answer pass, then what replaces the rest."""
    assert list(after_tokens(STEPS, 1, [Reset()])) == [*STEPS[:3], Reset()]
    assert list(after_tokens(STEPS, 0, [Reset()])) == [*STEPS[:2], Reset()]


def test_cuts_short_answers_before_their_end():
    """An answer with fewer pieces is cut before it announces its end."""
    assert list(after_tokens(STEPS, 99, [Reset()])) == [*STEPS[:4], Reset()]


def test_puts_a_step_in_and_goes_on():
    """Exactly so many pieces pass before it, and everything else passes behind it."""
    assert list(among_tokens(STEPS, 1, Wait(9))) == [*STEPS[:3], Wait(9), *STEPS[3:]]
    assert list(among_tokens(STEPS, 99, Wait(9))) == [*STEPS[:4], Wait(9), *STEPS[4:]]


def test_half_is_never_nothing():
    """Half of an event is at least a byte."""
    assert (half(b"x"), half(b"abcd")) == (b"x", b"ab")

"""Interleaved parts come out one after the other."""

from ultra.domain.chat import Delta, PartEnded, PartStarted
from ultra.protocols.part_order import PartOrder


def test_what_belongs_to_a_later_part_waits() -> None:
    """The first part is passed on at once; the second follows whole, and the third goes on live."""
    order = PartOrder()
    first, second, third = (PartStarted(index, "text") for index in range(3))
    assert order.take(first) == [first]
    assert order.take(second) == []
    assert order.take(Delta(1, "b")) == []
    assert order.take(Delta(0, "a")) == [Delta(0, "a")]
    assert order.take(PartEnded(1)) == []
    assert order.take(third) == []
    assert order.take(PartEnded(0)) == [PartEnded(0), second, Delta(1, "b"), PartEnded(1), third]
    assert order.take(Delta(2, "c")) == [Delta(2, "c")]


def test_a_part_that_nobody_ended_is_ended_at_the_close() -> None:
    """Nothing that was said is lost."""
    order = PartOrder()
    first, second = PartStarted(0, "text"), PartStarted(1, "text")
    order.take(first)
    order.take(second)
    order.take(Delta(1, "b"))
    assert order.close() == [PartEnded(0), second, Delta(1, "b"), PartEnded(1)]
    assert order.close() == []

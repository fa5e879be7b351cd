"""Owners take turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.work.fair_queue import FairQueue

owners = st.lists(st.sampled_from("abc"), max_size=30)


def emptied(queue: FairQueue) -> list[tuple[str, str]]:
    """Take everything out."""
    return [queue.pop() for _ in range(len(queue))]


def test_nobody_waits_behind_all_of_somebody_else() -> None:
    """One owner's ten runs do not delay another's first."""
    queue = FairQueue()
    for number in range(10):
        queue.put("busy", f"b{number}")
    queue.put("patient", "p0")
    assert [item for _, item in emptied(queue)][:3] == ["b0", "p0", "b1"]


@given(owners=owners)
def test_everything_comes_out_once_and_in_its_owners_order(owners: list[str]) -> None:
    """Nothing is lost or doubled, and no owner's later item overtakes an earlier one."""
    queue = FairQueue()
    for number, owner in enumerate(owners):
        queue.put(owner, f"{number}")
    out = emptied(queue)
    assert len(queue) == 0
    for owner in "abc":
        assert [item for by, item in out if by == owner] == [f"{n}" for n, by in enumerate(owners) if by == owner]


@given(owners=owners)
def test_the_next_owner_is_another_while_others_wait(owners: list[str]) -> None:
    """The same owner comes twice in a row only when nobody else waits."""
    queue = FairQueue()
    for number, owner in enumerate(owners):
        queue.put(owner, f"{number}")
    out = [by for by, _ in emptied(queue)]
    for at in range(1, len(out)):
        if out[at] == out[at - 1]:
            assert set(out[at:]) == {out[at]}


@given(owners=owners.filter(bool), at=st.integers(0))
def test_removing_takes_one_item_out_of_its_line(owners: list[str], at: int) -> None:
    """The others come out as if it had never been there."""
    gone = at % len(owners)
    with_it, without_it = FairQueue(), FairQueue()
    for number, owner in enumerate(owners):
        with_it.put(owner, f"{number}")
        if number != gone:
            without_it.put(owner, f"{number}")
    assert with_it.remove(f"{gone}")
    assert not with_it.remove(f"{gone}")
    assert sorted(emptied(with_it)) == sorted(emptied(without_it))


def test_what_is_put_back_is_next() -> None:
    """Taking and putting back changes nothing for that item, with or without others of its owner."""
    queue = FairQueue()
    for owner, item in (("a", "a0"), ("a", "a1"), ("b", "b0")):
        queue.put(owner, item)
    queue.put_back(*queue.pop())
    assert [item for _, item in emptied(queue)] == ["a0", "b0", "a1"]
    queue.put("a", "a0")
    queue.put_back(*queue.pop())
    assert emptied(queue) == [("a", "a0")]


def test_an_empty_queue_has_nothing() -> None:
    """Taking from it is a mistake of the caller."""
    with pytest.raises(IndexError):
        FairQueue().pop()

"""A crowd that asks for versions asks once, and hears what was true after it asked."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from ultra.auth.joint_versions import JointVersions
from ultra.domain.errors import Unavailable


class Slow:
    """A keeper of versions that answers when it is told to, with what is true then."""

    def __init__(self) -> None:
        self.now = {"a": 1, "b": 1, "c": 1}
        self.asked: list[list[str]] = []
        self.may_answer = asyncio.Event()
        self.trouble: Exception | None = None

    async def of(self, user_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the versions."""
        self.asked.append(list(user_ids))
        read = {each: self.now[each] for each in user_ids if each in self.now}
        await self.may_answer.wait()
        if self.trouble is not None:
            raise self.trouble
        return read


def crowd(joint: JointVersions, *names: str) -> list[asyncio.Task[Mapping[str, int]]]:
    """Ask for several users at once."""
    return [asyncio.create_task(joint.of([name])) for name in names]


async def test_who_is_alone_asks_at_once() -> None:
    """One caller after the other is answered by a question of its own."""
    slow = Slow()
    slow.may_answer.set()
    joint = JointVersions(slow)
    assert [await joint.of(["a"]), await joint.of(["b"])] == [{"a": 1}, {"b": 1}]
    assert slow.asked == [["a"], ["b"]]


async def test_a_crowd_is_asked_for_together() -> None:
    """All who come while a question is under way share the next one."""
    slow = Slow()
    joint = JointVersions(slow)
    asking = crowd(joint, "a", "b", "c", "b", "gone")
    await asyncio.sleep(0)
    slow.may_answer.set()
    answers = await asyncio.gather(*asking)
    assert slow.asked == [["a"], ["b", "c", "gone"]]
    assert [answer.get(name) for answer, name in zip(answers, "abcb", strict=False)] == [1, 1, 1, 1]
    assert "gone" not in answers[-1]


async def test_what_changed_before_the_asking_is_always_seen() -> None:
    """A caller never gets what was read before it asked."""
    slow = Slow()
    joint = JointVersions(slow)
    (first,) = crowd(joint, "a")
    await asyncio.sleep(0)
    slow.now["a"] = 2
    (second,) = crowd(joint, "a")
    await asyncio.sleep(0)
    slow.may_answer.set()
    assert (await first, await second) == ({"a": 1}, {"a": 2})


@pytest.mark.parametrize("leaving", [0, 1])
async def test_who_leaves_keeps_nobody_waiting(leaving: int) -> None:
    """A caller that is cancelled, whether it asks or waits, does not take the others with it."""
    slow = Slow()
    joint = JointVersions(slow)
    asking = crowd(joint, "a", "b", "c")
    await asyncio.sleep(0)
    asking[leaving].cancel()
    await asyncio.sleep(0)
    slow.may_answer.set()
    answers = await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), 5)
    assert isinstance(answers.pop(leaving), asyncio.CancelledError)
    assert all(isinstance(answer, Mapping) for answer in answers)
    assert await joint.of(["a"]) == {"a": 1}


async def test_trouble_is_told_to_each() -> None:
    """Where the versions cannot be read, everybody who asked hears so, and later callers are answered again."""
    slow = Slow()
    slow.trouble = Unavailable("away")
    joint = JointVersions(slow)
    asking = crowd(joint, "a", "b", "c")
    await asyncio.sleep(0)
    slow.may_answer.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(answer, Unavailable) for answer in answers)
    slow.trouble = None
    assert await joint.of(["a"]) == {"a": 1}


async def test_nobody_waits_twice_for_a_store_that_is_away() -> None:
    """Whoever waited while it was found out hears it too; the store is not asked again for them."""
    slow = Slow()
    slow.trouble = Unavailable("away", code="store_unreachable", retry_after=1.0)
    joint = JointVersions(slow)
    asking = crowd(joint, "a", "b", "c")
    await asyncio.sleep(0)
    slow.may_answer.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert slow.asked == [["a"]]
    assert [(each.code, each.retry_after) for each in answers if isinstance(each, Unavailable)] == [
        ("store_unreachable", 1.0)
    ] * 3
    assert len({id(answer) for answer in answers}) == 3


async def test_other_trouble_is_met_by_each() -> None:
    """What is no absence of the store is not passed on: each asks for itself."""
    slow = Slow()
    slow.trouble = ValueError("odd")
    joint = JointVersions(slow)
    asking = crowd(joint, "a", "b", "c")
    await asyncio.sleep(0)
    slow.may_answer.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError] * 3
    assert slow.asked == [["a"], ["b", "c"], ["b"], ["c"]]

"""Passwords at rest."""

import asyncio
import threading

import pytest

from ultra.auth.passwords import CHEAPEST, STANDARD, Passwords, Profile
from ultra.domain.errors import InvalidRequest, Overloaded


async def test_a_password_fits_its_own_hash_only(passwords) -> None:
    """Verbatim: no case, no trimming, no normalisation."""
    kept = await passwords.hash("Violin harbour é")
    assert kept.startswith("$argon2id$v=19$")
    assert await passwords.verify(kept, "Violin harbour é")
    for other in ("violin harbour é", "Violin harbour é ", "Violin harbour e\u0301", "Violin harbour", ""):
        assert not await passwords.verify(kept, other)


async def test_long_passwords_are_not_cut(passwords) -> None:
    """Neither after 72 bytes nor at a NUL."""
    long = "a" * 72 + "bcd" * 40
    kept = await passwords.hash(long)
    assert await passwords.verify(kept, long)
    assert not await passwords.verify(kept, "a" * 72)
    assert not await passwords.verify(kept, long[:-1])
    kept = await passwords.hash("before\0after")
    assert not await passwords.verify(kept, "before")
    assert not await passwords.verify(kept, "before\0other")


async def test_every_hash_has_its_own_salt(passwords) -> None:
    """Two users with one password do not show it."""
    assert await passwords.hash("the same password") != await passwords.hash("the same password")


@pytest.mark.parametrize("password", ["a" * 1025, "\ud800" * 12, "é" * 513])
async def test_what_cannot_be_a_password_is_never_right(passwords, password) -> None:
    """Too long or half a character: refused when hashing, wrong when verifying."""
    with pytest.raises(InvalidRequest):
        await passwords.hash(password)
    assert not await passwords.verify(await passwords.hash("something else"), password)


async def test_1024_bytes_are_a_password(passwords) -> None:
    """The bound itself is allowed."""
    assert await passwords.verify(await passwords.hash("a" * 1024), "a" * 1024)


async def test_nothing_fits_where_there_is_no_hash(passwords) -> None:
    """Without a hash the answer is no, for every password; a hash that is damaged fits nothing either."""
    for password in ("", "anything at all", "\ud800"):
        assert not await passwords.verify(None, password)
    assert not await passwords.verify("$argon2id$damaged", "anything at all")
    assert not await passwords.verify("plain text", "plain text")


async def test_dummy_work_is_the_same_work(passwords, monkeypatch) -> None:
    """Unknown users, impossible passwords and wrong ones cost one verification of equal parameters each."""
    seen = []
    original = passwords._hasher.__class__.verify

    def watched(hasher, kept, password):
        seen.append(kept.rsplit("$", 2)[0])
        return original(hasher, kept, password)

    monkeypatch.setattr(type(passwords._hasher), "verify", watched)
    kept = await passwords.hash("something else")
    for hashed, password in ((kept, "wrong"), (None, "wrong"), (kept, "x" * 2000), (None, "\ud800")):
        assert not await passwords.verify(hashed, password)
    assert seen == [kept.rsplit("$", 2)[0]] * 4


async def test_parameters_that_aged_are_noticed(passwords) -> None:
    """A hash of other parameters should be made again, one of today's not."""
    kept = await passwords.hash("something else")
    later = Passwords(profile=Profile(memory_kib=16, passes=1))
    assert not passwords.needs_rehash(kept)
    assert later.needs_rehash(kept)
    assert await later.verify(kept, "something else")
    assert passwords.needs_rehash("not a hash")
    later.close()


def test_the_standard_costs_what_is_recommended() -> None:
    """At least 19 MiB, two passes, one lane."""
    assert (STANDARD.memory_kib, STANDARD.passes, STANDARD.lanes) == (19_456, 2, 1)


async def test_the_standard_profile_works() -> None:
    """Hashing and dummy work at the real cost."""
    made = Passwords(concurrency=1)
    kept = await made.hash("something else")
    assert "$m=19456,t=2,p=1$" in kept
    assert await made.verify(kept, "something else")
    assert not await made.verify(None, "something else")
    made.close()


async def test_a_flood_is_turned_away() -> None:
    """Beyond those at work and those in line, callers get `Overloaded` at once; places come free again."""
    made = Passwords(profile=CHEAPEST, concurrency=1, waiting=1)
    gate, entered = threading.Event(), threading.Event()

    def block() -> bool:
        entered.set()
        return gate.wait(10)

    working = asyncio.ensure_future(made._run(block))
    await asyncio.to_thread(entered.wait, 10)
    waiting = asyncio.ensure_future(made.hash("something else"))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded) as caught:
        await made.verify(None, "something else")
    assert caught.value.retry_after
    gate.set()
    await asyncio.gather(working, waiting)
    await asyncio.to_thread(made._pool.submit(int).result)
    assert await made.hash("something else")
    made.close()


async def test_a_caller_who_leaves_keeps_the_place_until_the_work_ends() -> None:
    """Cancelling does not make room for more work than the bound allows."""
    made = Passwords(profile=CHEAPEST, concurrency=1, waiting=0)
    gate, entered = threading.Event(), threading.Event()

    def block() -> bool:
        entered.set()
        return gate.wait(10)

    working = asyncio.ensure_future(made._run(block))
    await asyncio.to_thread(entered.wait, 10)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    with pytest.raises(Overloaded):
        await made.hash("something else")
    gate.set()
    made.close()

"""Refresh tokens: used once, in families."""

import asyncio

import pytest

from ultra.auth.encodings import fingerprint
from ultra.auth.refresh import GRACE_S, LIFETIME, PREFIX


async def begun(house) -> str:
    """Begin a family and return its first token."""
    await house.user()
    _, text = await house.refresh_tokens.begin("user_ann", house.entry)
    return text


async def test_a_token_is_kept_as_its_hash(house) -> None:
    """Neither the first token nor a successor stands anywhere in the store."""
    first = await begun(house)
    second = (await house.refresh_tokens.exchange(first, house.entry)).text
    assert first.startswith(PREFIX)
    assert second != first
    assert set(house.tokens.rows) == {fingerprint(first), fingerprint(second)}
    assert first not in repr(house.tokens.rows)
    assert second not in repr(house.tokens.rows)


async def test_a_chain_goes_on(house) -> None:
    """Each token gives the next."""
    text = await begun(house)
    for _ in range(5):
        done = await house.refresh_tokens.exchange(text, house.entry)
        assert done.outcome == "new"
        text = done.text


async def test_a_lost_answer_is_given_again(house) -> None:
    """Within ten seconds the same token gives the very same successor, as often as it is asked."""
    first = await begun(house)
    second = (await house.refresh_tokens.exchange(first, house.entry)).text
    house.system.advance(GRACE_S - 0.1)
    for _ in range(3):
        again = await house.refresh_tokens.exchange(first, house.entry)
        assert (again.outcome, again.text) == ("repeated", second)


async def test_reuse_after_the_grace_ends_the_family(house) -> None:
    """Ten seconds later somebody else must hold the token: nothing of the family is good any more."""
    first = await begun(house)
    second = (await house.refresh_tokens.exchange(first, house.entry)).text
    house.system.advance(GRACE_S)
    assert (await house.refresh_tokens.exchange(first, house.entry)).outcome == "reused"
    assert (await house.refresh_tokens.exchange(second, house.entry)).outcome == "unknown"
    assert ("token.reused", "refused") in house.actions()


async def test_reuse_after_the_successor_was_used_ends_the_family(house) -> None:
    """The grace is over at once when the successor has been used."""
    first = await begun(house)
    second = (await house.refresh_tokens.exchange(first, house.entry)).text
    third = (await house.refresh_tokens.exchange(second, house.entry)).text
    done = await house.refresh_tokens.exchange(first, house.entry)
    assert (done.outcome, done.text) == ("reused", None)
    assert (await house.refresh_tokens.exchange(third, house.entry)).outcome == "unknown"


async def test_twenty_at_once_get_one_successor(house) -> None:
    """Parallel refreshes of one token never begin two lineages."""
    first = await begun(house)
    done = await asyncio.gather(*(house.refresh_tokens.exchange(first, house.entry) for _ in range(20)))
    assert sorted({each.outcome for each in done}) == ["new", "repeated"]
    assert len({each.text for each in done}) == 1
    assert len(house.tokens.rows) == 2


async def test_a_family_ends_after_thirty_days(house) -> None:
    """However often it was refreshed."""
    text = await begun(house)
    house.system.advance(LIFETIME.total_seconds() - 1)
    text = (await house.refresh_tokens.exchange(text, house.entry)).text
    house.system.advance(1)
    assert (await house.refresh_tokens.exchange(text, house.entry)).outcome == "unknown"


@pytest.mark.parametrize("text", ["", "x", PREFIX, PREFIX + "é", PREFIX + "a b", PREFIX + "A" * 129, "\ud800", "\0"])
async def test_what_is_no_token_is_not_looked_up(house, text) -> None:
    """A shape that no token has is unknown without a question to the store."""

    async def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the store was asked")

    house.tokens.exchange = house.tokens.family_of = refuse
    assert (await house.refresh_tokens.exchange(text, house.entry)).outcome == "unknown"
    assert await house.refresh_tokens.family_of(text) is None


async def test_the_hash_of_a_token_is_no_token(house) -> None:
    """What the store holds cannot be used."""
    first = await begun(house)
    for text in (fingerprint(first), PREFIX + fingerprint(first)):
        assert (await house.refresh_tokens.exchange(text, house.entry)).outcome == "unknown"

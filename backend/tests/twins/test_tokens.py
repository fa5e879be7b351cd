"""Refresh tokens, on both databases and in memory."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.twins.accounts import Accounts, enrol, entry, link_after, open_family, stored
from tests.twins.shelf import ShiftedSystem
from ultra.domain.access import TokenFamily
from ultra.domain.errors import NotFound
from ultra.store.database import Database, open_database

GRACE_S = 10.0


async def exchange(accounts: Accounts, used: str, successor: str, *, at: datetime | None = None) -> str:
    """Use a token and return in one word how that ended."""
    word, _, _ = await accounts.tokens.exchange(
        used,
        link_after(accounts, successor),
        at=at or accounts.now,
        grace_s=GRACE_S,
        audit=entry("token.refresh", actor="user_ada"),
    )
    return word


async def is_live(accounts: Accounts, family: TokenFamily) -> bool:
    """Say whether the family is still in force."""
    found = await accounts.tokens.family(family.id)
    assert found is not None
    return found[0].revoked_at is None


async def test_a_token_gives_way_to_its_successor(accounts: Accounts) -> None:
    """The successor joins the family whatever it says itself, and can be used in its turn."""
    user = await enrol(accounts)
    family = await open_family(accounts)
    assert await accounts.tokens.family(family.id) == (family, user)
    word, found, kept = await accounts.tokens.exchange(
        "fam_1-0", link_after(accounts, "b"), at=accounts.now, grace_s=GRACE_S, audit=entry("token.refresh")
    )
    assert (word, found) == ("new", family)
    assert kept is not None
    assert (kept.hash, kept.family_id, kept.used_at, kept.sealed_successor) == ("b", family.id, None, None)
    assert await accounts.tokens.family_of("b") == family
    assert await exchange(accounts, "b", "c") == "new"
    assert await accounts.actions() == ["user.create", "token.issue", "token.refresh", "token.refresh"]
    assert await accounts.version("user_ada") == 1


async def test_a_retry_gets_the_earlier_answer(accounts: Accounts) -> None:
    """Within the grace, while the successor is unused, the used token's row comes back with what it had sealed."""
    await enrol(accounts)
    family = await open_family(accounts)
    at = accounts.now
    await exchange(accounts, "fam_1-0", "b", at=at)
    retried = at + timedelta(seconds=GRACE_S - 0.001)
    word, found, row = await accounts.tokens.exchange(
        "fam_1-0", link_after(accounts, "other"), at=retried, grace_s=GRACE_S, audit=entry()
    )
    assert (word, found) == ("repeated", family)
    assert row is not None
    assert (row.hash, row.used_at, row.successor_hash, row.sealed_successor) == ("fam_1-0", at, "b", b"sealed b")
    assert await accounts.tokens.family_of("other") is None
    assert await exchange(accounts, "b", "c") == "new"


@pytest.mark.parametrize(("late", "is_successor_used"), [(True, False), (False, True)])
async def test_a_reuse_ends_the_family(accounts: Accounts, late: bool, is_successor_used: bool) -> None:
    """Too late, or once the successor was used: whoever has the lineage, thief or owner, has it no longer."""
    await enrol(accounts)
    family = await open_family(accounts)
    other = await open_family(accounts, 2)
    at = accounts.now
    await exchange(accounts, "fam_1-0", "b", at=at)
    if is_successor_used:
        await exchange(accounts, "b", "c", at=at)
    again = at + timedelta(seconds=GRACE_S if late else 1)
    assert await exchange(accounts, "fam_1-0", "x", at=again) == "reused"
    assert not await is_live(accounts, family)
    assert await is_live(accounts, other)
    for token in ("fam_1-0", "b", "c", "x"):
        assert await exchange(accounts, token, f"after {token}", at=again) == "unknown"
    rows = await accounts.audit.page(limit=10, before=None, action="token.reused", actor=None)
    (told,) = [row.entry for row in rows]
    assert (told.outcome, told.target, told.actor, told.address) == ("refused", family.id, "user_ada", "192.0.2.1")
    assert await accounts.version("user_ada") == 2


async def test_unknown_expired_and_revoked_are_the_same(accounts: Accounts) -> None:
    """Nothing is given, and nothing is written."""
    await enrol(accounts)
    family = await open_family(accounts)
    assert await exchange(accounts, "never", "b") == "unknown"
    assert await exchange(accounts, "fam_1-0", "b", at=family.expires_at) == "unknown"
    assert await accounts.tokens.revoke(family.id, entry("sign_out"), owner="user_ada") == 1
    assert await exchange(accounts, "fam_1-0", "b") == "unknown"
    assert await accounts.tokens.family_of("never") is None
    assert await accounts.tokens.family("fam_9") is None
    assert await accounts.actions() == ["user.create", "token.issue", "sign_out"]


async def test_one_family_ends_or_all_of_an_owner(accounts: Accounts) -> None:
    """Nobody ends another's, and what has ended does not end again."""
    await enrol(accounts)
    await enrol(accounts, "bob")
    first, second = await open_family(accounts, 1), await open_family(accounts, 2)
    other = await open_family(accounts, 3, user="user_bob")
    revoke = accounts.tokens.revoke
    assert await revoke(other.id, entry("sign_out"), owner="user_ada") == 0
    assert await revoke(first.id, entry("sign_out"), owner="user_ada") == 1
    assert await revoke(None, entry("sign_out"), owner="user_ada") == 1
    assert await revoke(None, entry("sign_out"), owner="user_ada") == 0
    assert [await is_live(accounts, each) for each in (first, second, other)] == [False, False, True]
    assert (await accounts.actions()).count("sign_out") == 2
    assert await accounts.version("user_ada") == 3
    with pytest.raises(NotFound):
        await open_family(accounts, 4, user="user_gone")


async def test_twenty_refreshes_at_once_make_one_successor(
    database: Database, database_url: str, system: ShiftedSystem
) -> None:
    """Over two pools, as from two workers: one is new, all others are told of the same successor, none is reuse."""
    async with open_database(url=database_url, system=system) as second:
        workers = stored(database, system), stored(second, system)
        await enrol(workers[0])
        family = await open_family(workers[0])
        at = system.now()

        async def refresh(number: int) -> tuple[str, str | None]:
            word, _, row = await workers[number % 2].tokens.exchange(
                "fam_1-0", link_after(workers[0], f"next-{number}"), at=at, grace_s=GRACE_S, audit=entry("refresh")
            )
            assert row is not None
            return word, row.hash if word == "new" else row.successor_hash

        outcomes = await asyncio.gather(*(refresh(number) for number in range(20)))
        assert sorted(word for word, _ in outcomes) == ["new"] + ["repeated"] * 19
        assert len({successor for _, successor in outcomes}) == 1
        assert (await workers[0].actions()).count("refresh") == 1
        assert await is_live(workers[1], family)
        assert await workers[1].audit.verify() is None


async def test_late_reuses_at_once_end_the_family_once(
    database: Database, database_url: str, system: ShiftedSystem
) -> None:
    """One finds the reuse, and it stands in the audit once; all others find nothing."""
    async with open_database(url=database_url, system=system) as second:
        workers = stored(database, system), stored(second, system)
        await enrol(workers[0])
        await open_family(workers[0])
        await exchange(workers[0], "fam_1-0", "b")
        late = workers[0].later(GRACE_S + 1)
        words = await asyncio.gather(
            *(exchange(workers[number % 2], "fam_1-0", f"x{number}", at=late) for number in range(10))
        )
        assert sorted(words) == ["reused"] + ["unknown"] * 9
        assert (await workers[0].actions()).count("token.reused") == 1


@dataclass
class Model:
    """What a family of refresh tokens should do, in the plainest words."""

    is_revoked: bool = False
    used_at: dict[int, float | None] = field(default_factory=lambda: {0: None})
    heir: dict[int, int] = field(default_factory=dict)

    def use(self, token: int, at: float) -> str:
        """Use a token; a new one gets the next number."""
        if self.is_revoked or token not in self.used_at:
            return "unknown"
        used_at = self.used_at[token]
        if used_at is None:
            self.used_at[token], self.heir[token] = at, len(self.used_at)
            self.used_at[self.heir[token]] = None
            return "new"
        if at < used_at + GRACE_S and self.used_at[self.heir[token]] is None:
            return "repeated"
        self.is_revoked = True
        return "reused"


_FAMILIES = iter(range(1, 1_000_000))


@given(steps=st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0, 1, 6, 11])), max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_of_uses_does_what_the_model_does(accounts: Accounts, steps: list[tuple[int, int]]) -> None:
    """Whatever is used when, keeper and model agree in every answer, and on whether the family lives."""
    if await accounts.users.get("user_ada") is None:
        await enrol(accounts)
    family = await open_family(accounts, next(_FAMILIES))
    model, start, seconds = Model(), accounts.now, 0
    for token, pause in steps:
        seconds += pause
        successor = f"{family.id}-{len(model.used_at)}"
        expected = model.use(token, seconds)
        at = start + timedelta(seconds=seconds)
        assert await exchange(accounts, f"{family.id}-{token}", successor, at=at) == expected
        assert await is_live(accounts, family) is not model.is_revoked

"""Out of which purses a caller pays, and which tokens it uses up."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from tests.fakes.keys import FakeKeys
from tests.fakes.system import FakeSystem
from tests.fakes.users import FakeUsers
from ultra.domain.access import ApiKey, AuditEntry, User
from ultra.domain.identity import Allowance, Role
from ultra.domain.limits import Purse
from ultra.limits import LimitPolicy, Rates
from ultra.services.allowances import Allowances
from ultra.services.purses import AccountPurses, AccountRations

ENTRY = AuditEntry("test", "done", actor=None)
POOR = Allowance(daily_budget_usd=Decimal(1), monthly_budget_usd=Decimal(20))
KEYS_OWN = Allowance(daily_budget_usd=Decimal("0.5"))


class House:
    """A user, a key of theirs, and the purses of both."""

    def __init__(self, *, user: Allowance, key: Allowance) -> None:
        self.system = FakeSystem(jumps=False)
        self.users = FakeUsers(system=self.system)
        self.keys = FakeKeys(users=self.users)
        now = self.system.now()
        self.user = User(id="user_ann", username="ann", role=Role.MEMBER, created_at=now, allowance=user)
        self.key = ApiKey(
            id="key_1", public_id="p1", owner="user_ann", name="ci", secret_hash="h", pepper_id="p", last4="abcd",
            scopes=frozenset(), created_at=now, expires_at=now + timedelta(days=1), allowance=key,
        )  # fmt: skip
        self.allowances = Allowances(users=self.users, keys=self.keys, system=self.system)
        self.purses = AccountPurses(allowances=self.allowances)
        self.rations = AccountRations(allowances=self.allowances, policy=LimitPolicy(rates=Rates(tokens=900)))

    async def charged(self, principal: str, credential_id: str | None) -> list[tuple[str, int, int]]:
        """Return what ten tokens are charged to: limit, its amount, weight."""
        charges = await self.rations.of(principal, credential_id, 10)
        return [(each.limit.name, each.limit.amount, each.weight) for each in charges]

    async def move_in(self) -> "House":
        """Put user and key into their stores."""
        await self.users.create(self.user, ENTRY)
        await self.keys.create(self.key, ENTRY)
        return self


async def test_a_key_pays_out_of_its_own_purse_and_its_users() -> None:
    """Every bound counts: the user's day and month, and the key's day."""
    house = await House(user=POOR, key=KEYS_OWN).move_in()
    of_user = (Purse("user:user_ann", "day", Decimal(1)), Purse("user:user_ann", "month", Decimal(20)))
    assert tuple(await house.purses.of("user_ann", "key_1")) == (*of_user, Purse("key:key_1", "day", Decimal("0.5")))
    assert tuple(await house.purses.of("user_ann", "sess_1")) == of_user
    assert tuple(await house.purses.of("user_ann", None)) == of_user


async def test_keys_of_one_line_pay_out_of_one_purse() -> None:
    """Each as far as it may empty it, and their tokens are counted together too."""
    house = await House(user=Allowance(), key=KEYS_OWN).move_in()
    bounds = Allowance(daily_budget_usd=Decimal("0.1"), tokens_per_minute=50)
    await house.keys.create(
        replace(house.key, id="key_2", public_id="p2", made_with="key_1", line="key_1", allowance=bounds), ENTRY
    )
    assert tuple(await house.purses.of("user_ann", "key_1")) == (Purse("key:key_1", "day", Decimal("0.5")),)
    assert tuple(await house.purses.of("user_ann", "key_2")) == (Purse("key:key_1", "day", Decimal("0.1")),)
    first = replace(house.key, id="key_3", public_id="p3", allowance=bounds)
    await house.keys.create(first, ENTRY)
    await house.keys.create(replace(first, id="key_4", public_id="p4", line="key_3"), ENTRY)
    keys = {(await house.rations.of("user_ann", each, 10))[1].key for each in ("key_3", "key_4")}
    assert len(keys) == 1


async def test_nothing_is_bounded_where_nobody_says_so() -> None:
    """Without budgets, and for somebody who is not in the book, there is no purse; a stranger's key is no purse."""
    house = await House(user=Allowance(), key=KEYS_OWN).move_in()
    assert not await house.purses.of("user_ann", None)
    assert not await house.purses.of("local", None)
    assert not await house.purses.of("user_bob", "key_1")


async def test_a_changed_budget_counts_within_five_seconds() -> None:
    """What was read is believed for a moment only."""
    house = await House(user=POOR, key=Allowance()).move_in()
    before = await house.purses.of("user_ann", None)
    await house.users.change("user_ann", ENTRY, allowance=replace(POOR, monthly_budget_usd=None))
    assert await house.purses.of("user_ann", None) == before
    house.system.advance(5)
    assert tuple(await house.purses.of("user_ann", None)) == (Purse("user:user_ann", "day", Decimal(1)),)


async def test_tokens_count_for_the_user_and_for_the_key() -> None:
    """The user's own number, or the usual one, whatever it is made with; the key's own beside it."""
    house = await House(user=Allowance(tokens_per_minute=50), key=Allowance(tokens_per_minute=30)).move_in()
    assert await house.charged("user_ann", "sess_1") == [("tokens", 50, 10)]
    assert await house.charged("user_ann", "key_1") == [("tokens", 50, 10), ("key-tokens", 30, 10)]
    charges = [await house.rations.of("user_ann", each, 10) for each in ("sess_1", "key_1")]
    assert charges[0][0].key == charges[1][0].key != charges[1][1].key


async def test_who_has_no_account_has_the_usual_tokens() -> None:
    """Nobody gets around a limit by being unknown, but for this machine's own command line."""
    house = await House(user=Allowance(), key=Allowance()).move_in()
    assert await house.charged("user_ann", "key_1") == await house.charged("test_user", None) == [("tokens", 900, 10)]
    assert await house.charged("local", None) == []

"""Which limits there are, and what each kind of request is charged."""

from dataclasses import replace

import pytest

from tests.fakes.limiter import FakeLimiter
from tests.fakes.system import FakeSystem
from ultra.domain.identity import LOCAL_OPERATOR, Allowance, Principal
from ultra.domain.limits import Charge, Limit
from ultra.limits.policy import LimitPolicy, Rates, hashed

POLICY = LimitPolicy(rates=Rates())
USER = Principal(id="user_1", kind="user", credential="session", credential_id="session_1", name="ada")
KEY = Principal(id="user_1", kind="service", credential="key", credential_id="key_1", name="ada's key")
OFF = Rates(**dict.fromkeys(Rates.__slots__))  # type: ignore[arg-type]  # every one of them may be None


def _amounts(charges: tuple[Charge, ...]) -> dict[str, tuple[int, int]]:
    return {each.limit.name: (each.limit.amount, each.weight) for each in charges}


def test_a_caller_is_charged_by_address_person_and_cost() -> None:
    """One request of a session: itself, and what such a route costs."""
    charges = POLICY.caller(USER, address="192.0.2.1", route="completion")
    assert _amounts(charges) == {"address": (3000, 1), "principal": (1200, 1), "cost": (12_000, 10)}


@pytest.mark.parametrize(("route", "weight"), [("read", 1), ("write", 5), ("completion", 10), ("run", 100)])
def test_dear_routes_cost_more(route: str, weight: int) -> None:
    """A run weighs more than a completion, which weighs more than a look."""
    charges = POLICY.caller(USER, address=None, route=route)  # type: ignore[arg-type]  # all are route classes
    assert [each.weight for each in charges if each.limit.name == "cost"] == [weight]


def test_a_key_is_charged_beside_its_owner() -> None:
    """The key's own allowance under the key, the owner's (or the usual) under the owner, whom sessions share."""
    key = replace(KEY, allowance=Allowance(requests_per_minute=7, tokens_per_minute=500))
    charges = POLICY.caller(key, address="192.0.2.1", route="completion", tokens=90)
    assert _amounts(charges) == {
        "address": (3000, 1),
        "principal": (1200, 1),
        "cost": (12_000, 10),
        "key": (7, 1),
        "tokens": (2_000_000, 90),
        "key-tokens": (500, 90),
    }
    of_somebody = replace(key, owner_allowance=Allowance(requests_per_minute=30))
    owned = POLICY.caller(of_somebody, address="192.0.2.1", route="completion")
    assert _amounts(owned)["principal"] == (30, 1)
    of_user = {each.limit.name: each.key for each in POLICY.caller(USER, address="192.0.2.1", route="read")}
    of_key = {each.limit.name: each.key for each in charges}
    assert of_user["principal"] == of_key["principal"] != of_key["key"]


def test_an_allowance_replaces_the_usual() -> None:
    """A user's own numbers hold for all that he does by session or token."""
    allowance = Allowance(requests_per_minute=3, tokens_per_minute=4, concurrency=2)
    user = replace(USER, allowance=allowance)
    assert _amounts(POLICY.caller(user, address=None, route="read", tokens=1))["principal"] == (3, 1)
    assert _amounts(POLICY.tokens(user, 1)) == {"tokens": (4, 1)}
    assert [(place.most, place.name) for place in POLICY.places(user)] == [(2, "concurrency")]


def test_a_key_takes_its_owners_place_and_its_own() -> None:
    """Many keys do not multiply what one person may do at once."""
    places = POLICY.places(replace(KEY, allowance=Allowance(concurrency=3)))
    assert [(place.most, place.name) for place in places] == [(64, "concurrency"), (3, "key-concurrency")]
    assert places[0].key == POLICY.places(USER)[0].key != places[1].key


def test_whoever_is_not_known_has_little() -> None:
    """Anonymous requests count against the address, and against what strangers there are allowed."""
    assert _amounts(POLICY.anonymous("192.0.2.1")) == {"address": (3000, 1), "anonymous": (60, 1)}
    here = {each.limit.name: each.key for each in POLICY.anonymous("::ffff:192.0.2.1")}
    assert here["address"] == POLICY.caller(USER, address="192.0.2.1", route="read")[0].key


def test_health_and_files_have_a_counter_of_their_own() -> None:
    """A storm on them takes nothing from anybody's requests."""
    assert _amounts(POLICY.public("192.0.2.1")) == {"public": (1200, 1)}


def test_this_machines_command_line_is_not_limited() -> None:
    """Whoever may run it could change the limits as well."""
    assert POLICY.caller(LOCAL_OPERATOR, address=None, route="run", tokens=10) == ()
    assert POLICY.tokens(LOCAL_OPERATOR, 10) == ()
    assert POLICY.places(LOCAL_OPERATOR) == ()


def test_a_limit_that_is_off_is_not_charged() -> None:
    """With every one off nothing is; what a key is allowed still is."""
    policy = LimitPolicy(rates=OFF)
    key = replace(KEY, allowance=Allowance(requests_per_minute=5))
    assert (policy.public(None), policy.anonymous(None), policy.places(USER)) == ((), (), ())
    assert policy.caller(USER, address=None, route="run", tokens=5) == ()
    assert _amounts(policy.caller(key, address=None, route="run", tokens=5)) == {"key": (5, 1)}
    assert policy.sign_in("ada", address=None) == policy.sign_in("ada", address=None, device="d") == ()


def test_counters_hold_no_names() -> None:
    """Neither accounts, addresses, ids nor devices can be read in any key."""
    charges = [
        *POLICY.caller(replace(KEY, allowance=Allowance(requests_per_minute=1)), address="192.0.2.1", route="read"),
        *POLICY.sign_in("ada", address="192.0.2.1"),
        *POLICY.sign_in("ada", address="192.0.2.1", device="device"),
    ]
    keys = [each.key for each in charges] + [each.key for each in POLICY.places(USER)]
    assert all(len(key) == 32 and set(key) <= set("0123456789abcdef") for key in keys)


def test_hashes_keep_purposes_and_parts_apart() -> None:
    """The same text for another purpose, or cut elsewhere, is another key."""
    assert len({hashed("a", "b"), hashed("b", "a"), hashed("ab"), hashed("a", "b", ""), hashed("a", "", "b")}) == 5
    assert hashed("a", "\ud800") == hashed("a", "\ud800")


class Door:
    """Sign-ins as the desk does them: charge, look at the password, give back when it was right."""

    def __init__(self) -> None:
        self.limiter = FakeLimiter(system=FakeSystem(jumps=False))

    async def attempt(
        self,
        username: str,
        address: str,
        *,
        right: bool = False,
        device: str | None = None,
        knows_network: bool = False,
    ) -> bool | str:
        """Return whether the password was right, or the name of the limit that kept it from being looked at."""
        charges = POLICY.sign_in(username, address=address, device=device, knows_network=knows_network)
        decision = await self.limiter.charge(charges)
        if not decision.allowed:
            return decision.violated[0]
        if right:
            for charge in charges:
                await self.limiter.correct(charge, 0)
        return right


async def test_one_address_cannot_try_many_accounts() -> None:
    """After twenty failures, whatever the accounts, the address is refused; another address is not."""
    door = Door()
    results = [await door.attempt(f"user-{number}", "192.0.2.1") for number in range(100)]
    assert results == [False] * 20 + ["sign-in-address"] * 80
    assert await door.attempt("user-1", "198.51.100.1") is False


async def test_many_addresses_cannot_try_one_account() -> None:
    """A hundred addresses of one neighbourhood, or of a hundred, are refused soon."""
    door = Door()
    near = [await door.attempt("ada", f"192.0.2.{number}") for number in range(100)]
    assert near == [False] * 10 + ["sign-in-network"] * 90
    far = [await door.attempt("bob", f"10.0.{number}.1") for number in range(100)]
    assert far == [False] * 50 + ["sign-in-account"] * 50


async def test_nobody_is_locked_out_by_somebody_else() -> None:
    """While strangers guess, whoever signed in before gets in: from a known neighbourhood, or with a known device."""
    door = Door()
    for number in range(100):
        await door.attempt("ada", f"10.0.{number}.1")
        await door.attempt("ada", "192.0.2.66")
    assert await door.attempt("ada", "198.51.100.1", right=True) == "sign-in-account"
    assert await door.attempt("ada", "198.51.100.1", right=True, knows_network=True) is True
    assert await door.attempt("ada", "192.0.2.7", right=True, knows_network=True) == "sign-in-network"
    assert await door.attempt("ada", "192.0.2.66", right=True, device="her phone") is True


async def test_a_known_device_is_no_way_to_guess_without_end() -> None:
    """It has a limit of its own, and it is known to one account only."""
    door = Door()
    results = [await door.attempt("ada", "192.0.2.1", device="stolen") for _ in range(30)]
    assert results == [False] * 10 + ["sign-in-device"] * 20
    assert await door.attempt("bob", "192.0.2.1", device="stolen") is False


async def test_signing_in_rightly_costs_nothing() -> None:
    """However often somebody signs in with the right password, nothing stays counted."""
    door = Door()
    assert [await door.attempt("ada", "192.0.2.1", right=True) for _ in range(100)] == [True] * 100


async def test_one_spelling_of_a_name_is_as_good_as_another() -> None:
    """Case and compatibility forms do not give fresh counters."""
    door = Door()
    for number, name in enumerate(["ada", "Ada", "ADA", "ａｄａ", "aDa"] * 2):
        assert await door.attempt(name, f"192.0.2.{number}") is False
    assert await door.attempt("adA", "192.0.2.200") == "sign-in-network"


def test_rates_are_limits_that_can_be_counted() -> None:
    """Every default gives a limit with a positive amount."""
    charges = [*POLICY.public(None), *POLICY.anonymous(None), *POLICY.sign_in("a", address=None)]
    charges += POLICY.caller(USER, address=None, route="read", tokens=1)
    assert all(isinstance(each.limit, Limit) and each.limit.amount > 0 for each in charges)


def test_other_rates_count_from_the_next_request_on() -> None:
    """A reload changes the limits without forgetting whose counters they are."""
    policy = LimitPolicy(rates=Rates())
    before = policy.caller(USER, address="192.0.2.1", route="read")
    policy.replace_rates(Rates(principal=7))
    after = policy.caller(USER, address="192.0.2.1", route="read")
    assert _amounts(after)["principal"] == (7, 1)
    assert [each.key for each in before] == [each.key for each in after]

"""API keys: their text, their proof, their state."""

import re
import zlib
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.system import FakeSystem
from ultra.auth.api_keys import LONGEST_LIFE, PATTERN, ApiKeys, judge, judge_networks, judge_wanted
from ultra.auth.encodings import DIGITS, base62
from ultra.auth.key_ring import KeyRing, read_ring
from ultra.domain.identity import LOCAL_OPERATOR, Allowance, Permission, Principal, Role, permitted
from ultra.system import System

PEPPERS = read_ring("new:" + "n3w-" + "abcdefghijklmnopqrstuvwxyz012345,old:0ld-abcdefghijklmnopqrstuvwxyz012345")
SCOPES = frozenset({Permission.RUNS_READ, Permission.MODELS_READ})


@pytest.fixture
def system() -> FakeSystem:
    """Stop the clock."""
    return FakeSystem(jumps=False)


@pytest.fixture
def codec(system) -> ApiKeys:
    """Keys of the testing environment."""
    return ApiKeys(peppers=PEPPERS, environment="testing", system=system)


@pytest.fixture
def minted(codec, system):
    """Make a key and its text."""
    until = system.now() + timedelta(days=30)
    return codec.mint(owner="user_ann", name="ci", scopes=SCOPES, expires_at=until)


def test_a_key_has_the_published_shape(minted) -> None:
    """Prefix, environment, 8, 43 and 6 base62 characters; the last four of the secret are remembered."""
    assert re.fullmatch(PATTERN, minted.text)
    prefix, public_id, secret, _ = minted.text.rsplit("_", 3)
    assert (prefix, public_id, secret[-4:]) == ("ultra_sk_test", minted.key.public_id, minted.key.last4)


def test_the_text_is_nowhere_in_what_is_kept(minted) -> None:
    """What is stored neither holds the secret nor is shown with it."""
    secret = minted.text.split("_")[4]
    assert secret not in repr(minted.key)
    assert secret not in repr(minted)


def test_a_key_is_unbounded_unless_said_otherwise(minted) -> None:
    """Every model, every address, content kept, the server's own allowance."""
    key = minted.key
    assert (key.models, key.cidrs, key.stores, key.allowance) == (None, None, True, Allowance())
    assert timedelta(days=366) == LONGEST_LIFE


def test_the_environment_is_in_the_text(minted, system) -> None:
    """A key says where it belongs and is no key elsewhere."""
    for environment, short in (("development", "dev"), ("testing", "test"), ("production", "prod")):
        codec = ApiKeys(peppers=PEPPERS, environment=environment, system=system)
        text = codec.mint(owner="u", name="n", scopes=SCOPES, expires_at=system.now()).text
        assert text.startswith(f"ultra_sk_{short}_")
        assert codec.parse(text) is not None
        assert (codec.parse(minted.text) is None) == (environment != "testing")


def test_real_chance_makes_other_keys_every_time() -> None:
    """Public ids and secrets use the whole alphabet and differ."""
    codec = ApiKeys(peppers=PEPPERS, environment="testing", system=System())
    texts = [codec.mint(owner="u", name="n", scopes=SCOPES, expires_at=System().now()).text for _ in range(300)]
    parts = [text.split("_") for text in texts]
    assert len({part[3] for part in parts}) == len({part[4] for part in parts}) == 300
    assert set("".join(part[3] for part in parts)) == set("".join(part[4] for part in parts)) == set(DIGITS)


def test_the_checksum_is_crc_32_of_all_before_it(codec, minted) -> None:
    """A scanner can tell a key without asking Ultra."""
    bare, _, checksum = minted.text.rpartition("_")
    assert checksum == base62(zlib.crc32(bare.encode()), 6)


def test_a_changed_character_fails_the_checksum(codec, minted) -> None:
    """Every single typing error is noticed before the store is asked."""
    text = minted.text
    assert codec.parse(text) is not None
    for place in range(len(text)):
        for other in ("A", "b", "_", "é"):
            if text[place] != other:
                assert codec.parse(text[:place] + other + text[place + 1 :]) is None


@pytest.mark.parametrize("change", [" {}", "{} ", "{}\n", "{}x", "Bearer {}", "{}_", "{}%00"])
def test_nothing_may_stand_around_a_key(codec, minted, change) -> None:
    """The whole text is the key."""
    assert codec.parse(change.format(minted.text)) is None


@given(text=st.one_of(st.text(max_size=100), st.from_regex(PATTERN, fullmatch=True)))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """No text breaks the parser, and a guessed checksum is practically never right."""
    assert ApiKeys(peppers=PEPPERS, environment="testing", system=FakeSystem()).parse(text) is None


@pytest.mark.parametrize("text", ["' OR '1'='1", "'; SELECT pg_sleep(5)--", '") UNION SELECT', "%00", "x" * 8192, ""])
def test_what_tries_to_be_something_else_is_no_key(codec, text) -> None:
    """Never looked up, so it reaches no query."""
    assert codec.parse(text) is None
    assert codec.parse(f"ultra_sk_test_{text}") is None


def test_the_secret_proves_the_key(codec, minted) -> None:
    """The right secret only, for the right key only."""
    parsed = codec.parse(minted.text)
    assert codec.proves(parsed, minted.key)
    assert not codec.proves(replace(parsed, secret=parsed.secret[::-1]), minted.key)
    assert not codec.proves(parsed, replace(minted.key, secret_hash="0" * 64))


@pytest.mark.parametrize("name", ["secret_hash", "public_id", "last4", "id"])
def test_what_is_stored_is_no_secret(codec, minted, name) -> None:
    """Neither the hash nor an id is accepted in place of the secret."""
    parsed = codec.parse(minted.text)
    stored = getattr(minted.key, name)
    assert not codec.proves(replace(parsed, secret=stored), minted.key)
    assert codec.parse(stored) is None


def test_an_unknown_key_costs_the_same_work(codec, minted, monkeypatch) -> None:
    """Without a row the secret is hashed and compared all the same, and never fits."""
    calls = []
    original = ApiKeys._hash
    monkeypatch.setattr(ApiKeys, "_hash", lambda *args: calls.append(args[1:]) or original(*args))
    parsed = codec.parse(minted.text)
    assert codec.proves(parsed, minted.key)
    assert not codec.proves(parsed, None)
    assert calls == [("new", parsed.secret)] * 2


def test_a_row_of_zeros_is_no_way_in(codec, minted) -> None:
    """The dummy row matches nothing, even where a hash were all zeros."""
    assert not codec.proves(codec.parse(minted.text), None)


def test_peppers_rotate(codec, system, minted) -> None:
    """A key of an older pepper stays good while that one is in the ring, and new keys use the first."""
    turned = KeyRing({"old": PEPPERS.secrets["old"], "new": PEPPERS.secrets["new"]})
    later = ApiKeys(peppers=turned, environment="testing", system=system)
    parsed = later.parse(minted.text)
    assert minted.key.pepper_id == "new"
    assert later.proves(parsed, minted.key)
    assert later.mint(owner="u", name="n", scopes=SCOPES, expires_at=system.now()).key.pepper_id == "old"
    without = ApiKeys(peppers=KeyRing({"old": PEPPERS.secrets["old"]}), environment="testing", system=system)
    assert not without.proves(parsed, minted.key)
    assert not codec.proves(parsed, replace(minted.key, pepper_id="gone")), (
        "the first is no stand-in for one that is gone"
    )
    renamed = replace(minted.key, pepper_id="old")
    assert not later.proves(parsed, renamed)


def test_a_successor_has_the_same_rights_and_another_secret(codec, system, minted) -> None:
    """Rotation changes id, text and times, nothing that the key may do."""
    key = replace(
        minted.key,
        models=("ultra/consensus",),
        cidrs=("10.0.0.0/8",),
        allowance=Allowance(concurrency=2),
        stores=False,
        overlap_until=system.now(),
        last_used_at=system.now(),
    )
    system.advance(5)
    following = codec.mint_successor(key)
    kept = ("owner", "name", "scopes", "models", "cidrs", "allowance", "stores", "expires_at")
    assert all(getattr(following.key, name) == getattr(key, name) for name in kept)
    assert following.key.rotated_from == key.id != following.key.id
    assert following.key.public_id != key.public_id
    assert following.key.created_at == system.now()
    assert (following.key.overlap_until, following.key.last_used_at) == (None, None)
    parsed = codec.parse(following.text)
    assert codec.proves(parsed, following.key)
    assert not codec.proves(parsed, key)
    assert (following.key.line, following.key.made_with) == (key.id, None)


def test_a_key_made_with_a_bounded_key_is_of_its_line(codec, minted) -> None:
    """Whatever lies between, and however often one was rotated; with an unbounded key it begins a line of its own."""
    bounds = {"owner": "user_1", "name": "x", "scopes": minted.key.scopes, "expires_at": minted.key.expires_at}
    first = replace(minted.key, allowance=Allowance(concurrency=2))
    child = codec.mint(**bounds, maker=first).key
    assert (child.made_with, child.line) == (first.id, first.id)
    following = codec.mint_successor(child, made_with=child.id).key
    assert (following.made_with, following.line) == (child.id, first.id)
    assert codec.mint_successor(child).key.made_with == first.id
    assert codec.mint(**bounds, maker=following).key.line == first.id
    alone = codec.mint(**bounds, maker=replace(first, allowance=Allowance())).key
    assert (alone.made_with, alone.line) == (first.id, None)


async def test_state_is_judged_to_the_second(house, codec, minted) -> None:
    """Disabled, revoked, expired and rotated keys are not good from that very moment on."""
    user, key, now = await house.user(), minted.key, minted.key.created_at
    second = timedelta(seconds=1)
    assert judge(key, user, address=None, now=now) is None
    assert judge(key, replace(user, disabled_at=now), address=None, now=now) == "disabled"
    assert judge(replace(key, revoked_at=now), user, address=None, now=now) == "revoked"
    assert judge(key, user, address=None, now=key.expires_at - second) is None
    assert judge(key, user, address=None, now=key.expires_at) == "expired"
    rotated = replace(key, overlap_until=now + second)
    assert judge(rotated, user, address=None, now=now) is None
    assert judge(rotated, user, address=None, now=now + second) == "rotated"


@pytest.mark.parametrize(
    ("address", "is_inside"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::7", True),
        ("11.1.2.3", False),
        ("2001:db9::7", False),
        ("::ffff:11.1.2.3", False),
        (None, False),
        ("", False),
        ("ten", False),
        ("10.1.2.3, 10.1.2.4", False),
    ],
)
async def test_a_key_may_be_bound_to_networks(house, minted, address, is_inside) -> None:
    """From elsewhere, or from nowhere known, it is not good."""
    key = replace(minted.key, cidrs=("10.0.0.0/8", "2001:db8::/32"))
    user = await house.user()
    assert judge(key, user, address=address, now=key.created_at) == (None if is_inside else "address")
    nowhere = replace(key, cidrs=())
    assert judge(nowhere, user, address="10.1.2.3", now=key.created_at) == "address"


def caller(scopes=None, credential="session", role=Role.MEMBER) -> Principal:
    """Return a caller who may make keys."""
    return Principal(
        id="user_ann", kind="user", role=role, credential=credential, permissions=permitted(role, credential, scopes)
    )


@pytest.mark.parametrize(
    ("principal", "changes", "is_fine"),
    [
        (caller(), {}, True),
        (caller(), {"scopes": permitted(Role.MEMBER, "session")}, True),
        (caller(), {"scopes": frozenset()}, False),
        (caller(), {"scopes": SCOPES | {Permission.USERS_READ}}, False),
        (caller(), {"owner": "user_bob"}, False),
        (LOCAL_OPERATOR, {"owner": "user_bob"}, False),
        (caller(), {"days": 0}, False),
        (caller(), {"days": -1}, False),
        (caller(), {"days": LONGEST_LIFE.days}, True),
        (caller(), {"days": LONGEST_LIFE.days + 1}, False),
        (caller(frozenset({Permission.KEYS_WRITE}), "key"), {}, False),
        (caller(frozenset({Permission.KEYS_WRITE}), "key"), {"scopes": frozenset({Permission.KEYS_WRITE})}, True),
        (caller(SCOPES | {Permission.KEYS_WRITE}, "key"), {}, True),
    ],
)
def test_nobody_hands_out_more_than_they_have(system, principal, changes, is_fine) -> None:
    """Scopes within one's own, for oneself, for a bounded time."""
    reason = judge_wanted(
        principal,
        owner=changes.get("owner", "user_ann"),
        scopes=changes.get("scopes", SCOPES),
        expires_at=system.now() + timedelta(days=changes.get("days", 30)),
        now=system.now(),
    )
    assert (reason is None) == is_fine


def test_networks_are_checked_when_they_are_given() -> None:
    """A network with host bits, a name or nothing is none."""
    assert judge_networks(["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"]) is None
    for wrong in ("10.0.0.1/8", "example.org", "", "10.0.0.0/33"):
        assert judge_networks(["10.0.0.0/8", wrong]) is not None

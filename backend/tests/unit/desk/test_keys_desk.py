"""Keys are made within what their maker may do, shown once, and belong to one person."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.desk.entry import SOURCE, Entry, caller, entry
from ultra.auth.schemes import of_key
from ultra.desk.keys import LONGEST_OVERLAP, WantedKey
from ultra.domain.errors import Forbidden, InvalidRequest, NotFound
from ultra.domain.identity import Allowance, Permission, Principal, Role


@pytest.fixture
async def here(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Entry]:
    """Open accounts."""
    async with entry(tmp_path) as opened:
        yield opened


async def test_a_key_left_to_itself_does_what_a_key_may(here: Entry) -> None:
    """All of its maker's rights that a key may use, but none to make further keys; ninety days; the text once."""
    ann = caller(await here.enrol("ann"))
    made = await here.keys.create(ann, WantedKey("laptop"), source=SOURCE)
    assert made["key"].startswith("ultra_sk_")
    assert "completions:create" in made["scopes"]
    assert not {"keys:write", "keys:read", "password:change", "users:write"} & set(made["scopes"])
    (listed,) = await here.keys.of(ann)
    assert listed == {name: value for name, value in made.items() if name != "key"}
    assert made["key"][-4:] == made["last4"] or made["last4"] in made["key"]
    assert ("key.create", "token") in await here.actions()


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (WantedKey("  "), InvalidRequest),
        (WantedKey("x", scopes=frozenset({Permission.USERS_WRITE})), Forbidden),
        (WantedKey("x", scopes=frozenset({Permission.AUDIT_READ})), Forbidden),
        (WantedKey("x", cidrs=("not a network",)), InvalidRequest),
    ],
)
async def test_what_may_not_be_is_not_made(here: Entry, wanted: WantedKey, error: type[Exception]) -> None:
    """Nobody hands out what they have not got, and nothing is left behind."""
    ann = caller(await here.enrol("ann"))
    with pytest.raises(error):
        await here.keys.create(ann, wanted, source=SOURCE)
    assert not await here.keys.of(ann)


MAKER = WantedKey(
    "maker",
    scopes=frozenset({Permission.KEYS_WRITE, Permission.MODELS_READ}),
    models=("a/one",),
    cidrs=("10.0.0.0/8",),
    allowance=Allowance(requests_per_minute=50, daily_budget_usd=Decimal("0.5")),
    stores=False,
)


async def _with_key(here: Entry, user_id: str, wanted: WantedKey) -> Principal:
    """Make a key and return its user as they are with it."""
    made = await here.keys.create(caller(user_id), wanted, source=SOURCE)
    key = await here.access.stores.keys.get(made["id"], owner=user_id)
    user = await here.access.stores.users.get(user_id)
    assert key is not None
    assert user is not None
    return of_key(key, user)


async def test_a_key_made_with_a_key_stays_within_it(here: Entry) -> None:
    """It has its scopes, models, networks, bounds and end, keeps as little, and is counted with it."""
    maker = await _with_key(here, await here.enrol("ann"), MAKER)
    wider = Allowance(requests_per_minute=60, concurrency=3, daily_budget_usd=Decimal("0.1"))
    made = await here.keys.create(maker, WantedKey("child", allowance=wider), source=SOURCE)
    assert (made["models"], made["cidrs"], made["store"]) == (["a/one"], ["10.0.0.0/8"], False)
    assert (made["scopes"], made["made_with"]) == (["models:read"], maker.credential_id)
    assert {name: value for name, value in made["allowance"].items() if value is not None} == {
        "requests_per_minute": 50,
        "concurrency": 3,
        "daily_budget_usd": "0.1",
    }
    assert maker.expires_at is not None
    assert datetime.fromisoformat(made["expires_at"]) <= maker.expires_at
    kept = await here.access.stores.keys.get(made["id"], owner=maker.id)
    assert kept is not None
    assert kept.line == maker.credential_id
    narrower = WantedKey("narrower", cidrs=("10.1.0.0/16",), models=())
    assert (await here.keys.create(maker, narrower, source=SOURCE))["cidrs"] == ["10.1.0.0/16"]


@pytest.mark.parametrize(
    "wanted",
    [
        WantedKey("other", models=("a/two",)),
        WantedKey("anywhere", cidrs=("0.0.0.0/0",)),
        WantedKey("elsewhere", cidrs=("10.0.0.0/9", "::/0")),
        WantedKey("scoped", scopes=frozenset({Permission.COMPLETIONS_CREATE})),
        WantedKey("forever", expires_at=datetime.now(UTC) + timedelta(days=100)),
    ],
)
async def test_a_wider_key_is_not_made_with_a_key(here: Entry, wanted: WantedKey) -> None:
    """It is refused whatever it is wider in, and nothing is left behind."""
    ann = await here.enrol("ann")
    maker = await _with_key(here, ann, MAKER)
    with pytest.raises(Forbidden):
        await here.keys.create(maker, wanted, source=SOURCE)
    assert len(await here.keys.of(caller(ann))) == 1


async def test_a_key_reaches_itself_and_what_was_made_with_it(here: Entry) -> None:
    """It rotates and ends those alone, and they end with it; whoever is signed in reaches all."""
    ann = await here.enrol("ann")
    maker = await _with_key(here, ann, MAKER)
    sibling = await here.keys.create(caller(ann), MAKER, source=SOURCE)
    for attempt in (
        here.keys.rotate(maker, sibling["id"], overlap=timedelta(), source=SOURCE),
        here.keys.revoke(maker, sibling["id"], source=SOURCE),
    ):
        with pytest.raises(Forbidden):
            await attempt
    child = await here.keys.create(maker, WantedKey("child"), source=SOURCE)
    grandchild = await here.keys.rotate(maker, child["id"], overlap=timedelta(), source=SOURCE)
    successor = await here.keys.rotate(maker, str(maker.credential_id), overlap=timedelta(hours=1), source=SOURCE)
    assert {grandchild["made_with"], successor["made_with"]} == {maker.credential_id}
    await here.keys.revoke(caller(ann), str(maker.credential_id), source=SOURCE)
    live = [each["id"] for each in await here.keys.of(caller(ann)) if each["revoked_at"] is None]
    assert set(live) == {sibling["id"], child["id"]}  # the child was over already when its maker ended


async def test_somebody_elses_key_does_not_exist(here: Entry) -> None:
    """Not to be read, rotated or ended, whatever one's role."""
    ann, root = caller(await here.enrol("ann")), caller(await here.enrol("root", Role.ADMIN), Role.ADMIN)
    key = await here.keys.create(ann, WantedKey("laptop"), source=SOURCE)
    for attempt in (
        here.keys.get(root, key["id"]),
        here.keys.revoke(root, key["id"], source=SOURCE),
        here.keys.rotate(root, key["id"], overlap=timedelta(), source=SOURCE),
    ):
        with pytest.raises(NotFound):
            await attempt
    await here.keys.revoke(ann, key["id"], source=SOURCE)
    assert (await here.keys.get(ann, key["id"]))["revoked_at"] is not None
    with pytest.raises(NotFound):
        await here.keys.revoke(ann, key["id"], source=SOURCE)


async def test_rotation_leaves_the_old_key_its_time(here: Entry) -> None:
    """The successor has the same rights and another text; longer than seven days nobody overlaps."""
    ann = caller(await here.enrol("ann"))
    old = await here.keys.create(ann, WantedKey("ci", models=("a/one",)), source=SOURCE)
    with pytest.raises(InvalidRequest):
        await here.keys.rotate(ann, old["id"], overlap=LONGEST_OVERLAP + timedelta(seconds=1), source=SOURCE)
    fresh = await here.keys.rotate(ann, old["id"], overlap=timedelta(hours=1), source=SOURCE)
    assert fresh["key"] != old["key"]
    assert (fresh["rotated_from"], fresh["models"], fresh["scopes"]) == (old["id"], ["a/one"], old["scopes"])
    assert (await here.keys.get(ann, old["id"]))["overlap_until"] == fresh["old_key_until"]


async def test_nobody_rotates_more_rights_than_they_have(here: Entry) -> None:
    """Whoever has become less than they were cannot renew a key from before."""
    user = await here.enrol("ann")
    wide = await here.keys.create(caller(user), WantedKey("wide"), source=SOURCE)
    with pytest.raises(Forbidden):
        await here.keys.rotate(caller(user, Role.VIEWER), wide["id"], overlap=timedelta(), source=SOURCE)

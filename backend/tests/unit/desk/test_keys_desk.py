"""Keys are made within what their maker may do, shown once, and belong to one person."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.desk.entry import SOURCE, Entry, caller, entry
from ultra.desk.keys import LONGEST_OVERLAP, WantedKey
from ultra.domain.errors import Forbidden, InvalidRequest, NotFound
from ultra.domain.identity import Permission, Role


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


async def test_a_key_made_with_a_key_stays_within_it(here: Entry) -> None:
    """Its models, its scopes, and that it keeps nothing."""
    ann = await here.enrol("ann")
    scopes = frozenset({Permission.KEYS_WRITE, Permission.MODELS_READ})
    maker = caller(ann, credential="key", credential_id="key_1", permissions=scopes, models=("a/one",), stores=False)
    made = await here.keys.create(maker, WantedKey("child"), source=SOURCE)
    assert (made["models"], made["store"], made["scopes"]) == (["a/one"], False, ["models:read"])
    with pytest.raises(Forbidden):
        await here.keys.create(maker, WantedKey("other", models=("a/two",)), source=SOURCE)


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
    """A key within fewer scopes cannot renew a sibling with more."""
    user = await here.enrol("ann")
    wide = await here.keys.create(caller(user), WantedKey("wide"), source=SOURCE)
    narrow = caller(user, credential="key", credential_id="key_2", permissions=frozenset({Permission.KEYS_WRITE}))
    with pytest.raises(Forbidden):
        await here.keys.rotate(narrow, wide["id"], overlap=timedelta(), source=SOURCE)

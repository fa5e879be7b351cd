"""Whether a principal is still what it was."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ultra.auth.schemes import of_family, of_key, of_session
from ultra.domain.identity import LOCAL_OPERATOR, Permission, Role


@pytest.fixture
async def three(house):
    """Return a user by session, by token and by key, and the command line."""
    await house.user("root", Role.ADMIN)
    user = await house.user(role=Role.OPERATOR)
    opened = await house.browser_sessions.open(user, house.entry)
    family, _ = await house.refresh_tokens.begin(user.id, house.entry)
    until = house.system.now() + timedelta(days=300)
    scopes = frozenset({Permission.RUNS_READ, Permission.HEALTH_READ})
    key = house.codec.mint(owner=user.id, name="ci", scopes=scopes, expires_at=until, cidrs=("10.0.0.0/8",)).key
    await house.keys.create(key, house.entry)
    return [of_session(opened.session, user), of_family(family, user), of_key(key, user), LOCAL_OPERATOR]


async def test_what_stands_stands(house, three) -> None:
    """Nothing has ended, and nobody asked has nothing to say."""
    assert await house.standing.ended(three) == frozenset()
    assert await house.standing.ended([]) == frozenset()
    house.users.of = None
    assert (
        await house.standing.ended([LOCAL_OPERATOR, replace(three[0], credential="test", id="nobody")]) == frozenset()
    )


async def test_one_that_ended_ends_alone(house, three) -> None:
    """The version of a user grows for each of their credentials; the others go on."""
    session, token, key, _ = three
    await house.sessions.revoke(session.credential_id, house.entry, owner=session.id)
    assert await house.standing.ended(three) == {0}
    await house.tokens.revoke(token.credential_id, house.entry, owner=token.id)
    assert await house.standing.ended(three) == {0, 1}
    await house.keys.revoke(key.credential_id, house.entry, owner=key.id, at=house.system.now())
    assert await house.standing.ended(three) == {0, 1, 2}


async def test_another_role_ends_what_it_changes(house, three) -> None:
    """A demoted user's streams end; a promoted one's too, and begin again with the new role."""
    await house.users.change(three[0].id, house.entry, role=Role.VIEWER)
    assert await house.standing.ended(three) == {0, 1, 2}


async def test_another_role_ends_a_key_that_may_do_the_same(house, three) -> None:
    """Its scopes cut both roles down to the same permissions, but it is not what it was."""
    await house.users.change(three[0].id, house.entry, role=Role.ADMIN)
    assert 2 in await house.standing.ended(three)


@pytest.mark.parametrize("change", [{"scopes": frozenset({Permission.RUNS_READ})}, {"models": ("openai/x",)}])
async def test_a_key_that_may_do_less_ends(house, three, change) -> None:
    """Other scopes or models count as another key."""
    key = house.keys.rows[three[2].credential_id]
    house.keys.rows[key.id] = replace(key, **change)
    assert await house.standing.ended(three) == frozenset(), "nothing says that something changed"
    house.users.raise_version(key.owner)
    assert await house.standing.ended(three) == {2}


async def test_what_is_not_there_has_ended(house, three) -> None:
    """A credential that no store knows, or whose user is disabled while its row still looks alive."""
    lost = [replace(each, credential_id=f"{each.credential_id}x", version=0) for each in three[:3]]
    assert await house.standing.ended(lost) == {0, 1, 2}
    house.users.raise_version("user_ann")
    house.users.rows["user_ann"] = replace(house.users.rows["user_ann"], disabled_at=house.system.now())
    assert await house.standing.ended(three) == {0, 1, 2}


async def test_a_new_allowance_ends_nothing(house, three) -> None:
    """What a stream may do is the same."""
    await house.users.change(three[0].id, house.entry, allowance=three[0].allowance)
    assert await house.standing.ended(three) == frozenset()


@pytest.mark.parametrize("how", ["disable", "delete"])
async def test_all_of_a_user_ends_with_the_user(house, three, how) -> None:
    """Disabled or deleted."""
    if how == "disable":
        await house.users.change(three[0].id, house.entry, disabled=True)
    else:
        await house.users.delete(three[0].id, house.entry)
    assert await house.standing.ended(three) == {0, 1, 2}


async def test_expiry_needs_no_version(house, three) -> None:
    """Each ends at its own time, and no row has to change for it."""
    for at, hours in ((0, 12), (1, 24 * 30), (2, 24 * 300)):
        house.system.advance(three[at].expires_at.timestamp() - house.system.now().timestamp() - 1)
        assert at not in await house.standing.ended(three)
        house.system.advance(1)
        assert at in await house.standing.ended(three)
        assert (house.system.now() - house.users.rows["user_ann"].created_at) == timedelta(hours=hours)


async def test_a_rotated_key_goes_on_until_its_overlap_ends(house, three) -> None:
    """A stream of the old key outlives the rotation as long as the key does."""
    key = house.keys.rows[three[2].credential_id]
    following = house.codec.mint_successor(key).key
    await house.keys.rotate(key.id, following, house.entry, overlap_until=house.system.now() + timedelta(seconds=5))
    assert await house.standing.ended(three) == frozenset()
    house.system.advance(5)
    assert await house.standing.ended(three) == {2}


async def test_many_streams_of_many_users_are_one_question(house, three) -> None:
    """Versions are asked for once, whatever the number of principals."""
    asked = []
    original = house.users.of

    async def of(user_ids):
        asked.append(list(user_ids))
        return await original(user_ids)

    house.users.of = of
    assert await house.standing.ended(three * 50) == frozenset()
    assert asked == [["user_ann"]]

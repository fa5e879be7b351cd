"""What people may do with their own account, and administrators with those of others."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.desk.entry import PASSWORD, SOURCE, Entry, caller, entry
from ultra.domain.errors import Conflict, Forbidden, NotFound, RateLimited, Unauthenticated
from ultra.domain.identity import LOCAL_OPERATOR, Allowance, Role
from ultra.domain.observations import SignInFailed


@pytest.fixture
async def here(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Entry]:
    """Open accounts."""
    async with entry(tmp_path) as opened:
        yield opened


async def test_sessions_are_ones_own(here: Entry) -> None:
    """They are listed and ended by whom they belong to; somebody else's do not exist."""
    ann, bob = await here.enrol("ann"), await here.enrol("bob")
    opened = await here.accounts.sign_in("ann", PASSWORD, source=SOURCE)
    me = caller(ann, credential="session", credential_id=opened.session.public_id)
    (shown,) = await here.accounts.sessions(me)
    assert (shown["id"], shown["current"], shown["address"]) == (opened.session.public_id, True, "203.0.113.9")
    assert opened.text not in str(shown)
    with pytest.raises(NotFound):
        await here.accounts.end_sessions(caller(bob), opened.session.public_id, source=SOURCE)
    assert await here.accounts.end_sessions(me, opened.session.public_id, source=SOURCE) == 1
    assert not await here.accounts.sessions(me)
    assert ("session.end", "session") in await here.actions()


async def test_ending_all_ends_tokens_too(here: Entry) -> None:
    """Signed out everywhere means programs as well."""
    ann = await here.enrol("ann")
    await here.accounts.sign_in("ann", PASSWORD, source=SOURCE)
    pair = await here.accounts.tokens("ann", PASSWORD, source=SOURCE)
    assert await here.accounts.end_sessions(caller(ann), None, source=SOURCE) == 2
    with pytest.raises(Unauthenticated):
        await here.accounts.refresh(pair.refresh_token, source=SOURCE)


async def test_a_password_is_changed_by_who_knows_it(here: Entry) -> None:
    """The old one is asked for and is no good afterwards; a browser stays signed in, under a fresh id."""
    ann = await here.enrol("ann")
    opened = await here.accounts.sign_in("ann", PASSWORD, source=SOURCE)
    me = caller(ann, credential="session", credential_id=opened.session.public_id, name="ann")
    with pytest.raises(Forbidden):
        await here.accounts.change_password(me, old="wrong", wanted="plum orchard tides 71", source=SOURCE)
    fresh = await here.accounts.change_password(me, old=PASSWORD, wanted="plum orchard tides 71", source=SOURCE)
    assert fresh is not None
    assert fresh.session.public_id != opened.session.public_id
    assert [each["id"] for each in await here.accounts.sessions(me)] == [fresh.session.public_id]
    with pytest.raises(Unauthenticated):
        await here.accounts.sign_in("ann", PASSWORD, source=SOURCE)


async def test_a_user_without_a_password_gets_a_link_once(here: Entry) -> None:
    """It sets a password, once; a reset that an administrator hands out does the same."""
    user, link = await here.accounts.create_user(
        LOCAL_OPERATOR, username="cleo", role=Role.VIEWER, password=None, allowance=Allowance(), source=SOURCE
    )
    assert link is not None
    assert not user["has_password"]
    await here.accounts.reset_password(link, PASSWORD, source=SOURCE)
    with pytest.raises(Unauthenticated):
        await here.accounts.reset_password(link, PASSWORD, source=SOURCE)
    assert (await here.accounts.sign_in("cleo", PASSWORD, source=SOURCE)).user.id == user["id"]
    again = await here.accounts.reset_link(LOCAL_OPERATOR, user["id"], source=SOURCE)
    await here.accounts.reset_password(again, "plum orchard tides 71", source=SOURCE)


async def test_administrators_change_and_remove_users(here: Entry) -> None:
    """Role, state and allowance; never the last administrator; who is not there cannot be changed."""
    root, ann = await here.enrol("root", Role.ADMIN), await here.enrol("ann")
    admin = caller(root, Role.ADMIN)
    changes = {"role": Role.OPERATOR, "allowance": Allowance(concurrency=2)}
    changed = await here.accounts.change_user(admin, ann, changes=changes, source=SOURCE)
    assert (changed["role"], changed["allowance"]["concurrency"]) == ("operator", 2)
    disabled = await here.accounts.change_user(admin, ann, changes={"disabled": True}, source=SOURCE)
    assert disabled["disabled_at"] is not None
    with pytest.raises(Unauthenticated):
        await here.accounts.sign_in("ann", PASSWORD, source=SOURCE)
    with pytest.raises(Conflict):
        await here.accounts.change_user(admin, root, changes={"role": Role.VIEWER}, source=SOURCE)
    await here.accounts.delete_user(admin, ann, source=SOURCE)
    for nobody in (here.accounts.user(ann), here.accounts.delete_user(admin, ann, source=SOURCE)):
        with pytest.raises(NotFound):
            await nobody
    users, following = await here.accounts.users(limit=10, cursor=None)
    assert ([each["username"] for each in users], following) == (["root"], None)
    assert "password_hash" not in str(users)


async def test_a_key_has_no_session_to_end(here: Entry) -> None:
    """Signing out with a key says where keys are ended."""
    ann = await here.enrol("ann")
    with pytest.raises(NotFound, match="no session"):
        await here.accounts.sign_out(caller(ann, credential="key", credential_id="key_1"), source=SOURCE)


async def test_guessing_is_held_back_and_being_right_is_not(here: Entry) -> None:
    """Right passwords are given back; wrong ones add up until even the right one has to wait."""
    await here.enrol("ann")
    for _ in range(25):
        await here.accounts.sign_in("ann", PASSWORD, source=SOURCE)
    for _ in range(10):
        with pytest.raises(Unauthenticated):
            await here.accounts.sign_in("ann", "wrong", source=SOURCE)
    with pytest.raises(RateLimited) as refusal:
        await here.accounts.sign_in("ann", PASSWORD, source=SOURCE)
    assert refusal.value.retry_after is not None
    assert refusal.value.retry_after > 0


async def test_settings_set_the_limits(tmp_path: Path) -> None:
    """A number replaces the usual one, and 0 takes the limit away."""
    settings = {"ULTRA_LIMIT_REQUESTS_PER_MINUTE": "7", "ULTRA_LIMIT_COST_PER_MINUTE": "0"}
    async with entry(tmp_path, **settings, ULTRA_LIMIT_CONCURRENCY="0", ULTRA_LIMIT_TOKENS_PER_MINUTE="0") as there:
        charges = there.access.limits.caller(caller("user_ann"), address="203.0.113.9", route="completion")
        assert {each.limit.name: each.limit.amount for each in charges} == {"address": 3000, "principal": 7}
        assert not there.access.limits.places(caller("user_ann"))
        assert not there.access.limits.tokens(caller("user_ann"), 5)


async def test_failed_attempts_are_heard_of(here: Entry) -> None:
    """Wrong passwords, and attempts that were not even looked at; nothing about who it was."""
    await here.enrol("ann")
    for _ in range(40):
        with suppress(Unauthenticated, RateLimited):
            await here.accounts.sign_in("ann", "wrong", source=SOURCE)
    causes = [each.cause for each in here.observer.noticed if isinstance(each, SignInFailed)]
    assert len(causes) == 40
    assert set(causes) == {"password", "throttled"}


async def test_a_browser_has_one_session(here: Entry) -> None:
    """The one it comes with ends when it signs in again, whoever it was and is; other browsers' stay."""
    ann, bob = await here.enrol("ann"), await here.enrol("bob")
    elsewhere = await here.accounts.sign_in("ann", PASSWORD, source=SOURCE)
    before = await here.accounts.sign_in("ann", PASSWORD, source=SOURCE)
    now = await here.accounts.sign_in("bob", PASSWORD, source=replace(SOURCE, session=before.text))
    assert [each["id"] for each in await here.accounts.sessions(caller(ann))] == [elsewhere.session.public_id]
    for stray in ("", "nobodys", before.text, now.text[:-1]):
        await here.accounts.sign_in("bob", PASSWORD, source=replace(SOURCE, session=stray))
    assert now.session.public_id in [each["id"] for each in await here.accounts.sessions(caller(bob))]
    assert [action for action in await here.actions() if action[0] == "session.end"] == [("session.end", "session")]


async def test_a_link_ends_the_session_before(here: Entry) -> None:
    """As a password does."""
    await here.access.accounts.ensure_first_admin()
    link = await here.access.accounts.ensure_first_admin()
    assert link is not None
    ann = await here.enrol("ann")
    before = await here.accounts.sign_in("ann", PASSWORD, source=SOURCE)
    await here.accounts.sign_in_by_link(link, source=replace(SOURCE, session=before.text))
    assert not await here.accounts.sessions(caller(ann))


async def test_a_failed_sign_in_ends_nothing(here: Entry) -> None:
    """Whoever mistypes stays who they were."""
    ann = await here.enrol("ann")
    before = await here.accounts.sign_in("ann", PASSWORD, source=SOURCE)
    with pytest.raises(Unauthenticated):
        await here.accounts.sign_in("ann", "wrong", source=replace(SOURCE, session=before.text))
    assert len(await here.accounts.sessions(caller(ann))) == 1

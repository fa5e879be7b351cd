"""Users and their passwords."""

import asyncio
from dataclasses import replace

import pytest

from ultra.auth.accounts import FIRST_ADMIN, USED_UP
from ultra.auth.links import LIFETIMES
from ultra.domain.errors import Conflict, Forbidden, InvalidRequest, NotFound, Unauthenticated
from ultra.domain.identity import LOCAL_OPERATOR, Allowance, Role

WANTED = "seven grey herons on ice"


async def principal_of(house, opened):
    """Return who a session's cookie is."""
    return await house.authenticator().authenticate(house.approach((b"cookie", f"__Host-ultra={opened.text}".encode())))


async def signed_in(house, password=None):
    """Sign ann in."""
    return await house.sign_in.open_session("ann", password or house.password, source=house.source)


async def test_a_user_is_made(house) -> None:
    """With a hashed password, a role and an allowance; audited with who did it, without the password."""
    user = await house.accounts.create_user(
        "ann",
        Role.VIEWER,
        password=WANTED,
        actor=LOCAL_OPERATOR,
        source=house.source,
        allowance=Allowance(concurrency=1),
    )
    assert house.users.rows[user.id] == user
    assert (user.role, user.allowance.concurrency, user.version) == (Role.VIEWER, 1, 1)
    assert (await signed_in(house, WANTED)).user == user
    entry = house.audit.entries[0]
    assert (entry.action, entry.actor, entry.credential, entry.target) == ("user.create", "local", "local", user.id)
    assert entry.facts == {"role": "viewer"}
    assert WANTED not in repr(house.audit.entries)


async def test_a_user_without_a_password_cannot_sign_in_with_one(house) -> None:
    """They come in by a link."""
    user = await house.accounts.create_user(
        "ann", Role.MEMBER, password=None, actor=LOCAL_OPERATOR, source=house.source
    )
    assert user.allowance == Allowance()
    for password in ("", "None"):
        with pytest.raises(Unauthenticated):
            await signed_in(house, password or " ")
    text = await house.accounts.hand_out(user.id, "sign-in", actor=LOCAL_OPERATOR, source=house.source)
    assert (await house.accounts.sign_in_by_link(text, source=house.source)).user == user


@pytest.mark.parametrize(
    ("name", "password", "error"),
    [
        ("an n", WANTED, InvalidRequest),
        ("", WANTED, InvalidRequest),
        ("bob", "short", InvalidRequest),
        ("wilhelmina", "wilhelmina-77", InvalidRequest),
        ("ANN", WANTED, Conflict),
    ],
)
async def test_a_bad_name_or_password_makes_no_user(house, name, password, error) -> None:
    """Odd or taken names, weak passwords."""
    await house.user("ann")
    with pytest.raises(error):
        await house.accounts.create_user(
            name, Role.MEMBER, password=password, actor=LOCAL_OPERATOR, source=house.source
        )
    assert await house.users.count() == 1
    assert house.actions() == []


async def test_a_changed_password_ends_everything_else(house) -> None:
    """All sessions and tokens end; the browser that changed it gets a fresh session."""
    await house.user()
    before, other = await signed_in(house), await signed_in(house)
    pair = await house.sign_in.open_tokens("ann", house.password, source=house.source)
    me = await principal_of(house, before)
    after = await house.accounts.change_password(me, old=house.password, wanted=WANTED, source=house.source)
    assert after.text not in (before.text, other.text)
    assert [each.public_id for each in await house.sessions.of("user_ann")] == [after.session.public_id]
    assert (await principal_of(house, after)).id == "user_ann"
    for gone in (before, other):
        with pytest.raises(Unauthenticated):
            await principal_of(house, gone)
    with pytest.raises(Unauthenticated):
        await house.sign_in.refresh(pair.refresh_token, source=house.source)
    with pytest.raises(Unauthenticated):
        await signed_in(house)
    await signed_in(house, WANTED)
    assert ("password.change", "done") in house.actions()
    assert WANTED not in repr(house.audit.entries)


async def test_a_program_that_changed_it_signs_in_again(house) -> None:
    """Only a browser gets a session."""
    user = await house.user()
    opened = await signed_in(house)
    me = replace(await principal_of(house, opened), credential="token")
    assert await house.accounts.change_password(me, old=house.password, wanted=WANTED, source=house.source) is None
    assert await house.sessions.of(user.id) == ()


@pytest.mark.parametrize("old", ["wrong", "", None])
async def test_the_old_password_is_needed(house, old) -> None:
    """A session that somebody found open is not enough; the attempt is written down."""
    await house.user()
    me = await principal_of(house, await signed_in(house))
    with pytest.raises(Forbidden) as caught:
        await house.accounts.change_password(me, old=old, wanted=WANTED, source=house.source)
    assert caught.value.code == "wrong_password"
    assert house.actions()[-1] == ("password.change", "refused")
    assert await principal_of(house, await signed_in(house))


@pytest.mark.parametrize("wanted", ["violin harbour ninety lamps", "short", "Password1234!", "ann-ann-1999"])
async def test_a_weak_or_the_same_password_is_refused(house, wanted) -> None:
    """And nothing ends."""
    await house.user()
    me = await principal_of(house, await signed_in(house))
    with pytest.raises(InvalidRequest) as caught:
        await house.accounts.change_password(me, old=house.password, wanted=wanted, source=house.source)
    assert (caught.value.param, caught.value.code) == ("password", "weak_password")
    assert wanted not in f"{caught.value.message}{caught.value.hint}"
    assert len(await house.sessions.of("user_ann")) == 1


async def test_whoever_came_by_link_sets_a_first_password(house) -> None:
    """Where there is none, none is asked for; afterwards it is."""
    link = await house.accounts.ensure_first_admin()
    opened = await house.accounts.sign_in_by_link(link, source=house.source)
    me = await principal_of(house, opened)
    fresh = await house.accounts.change_password(me, old=WANTED, wanted=WANTED, source=house.source)
    me = await principal_of(house, fresh)
    with pytest.raises(Forbidden):
        await house.accounts.change_password(me, old=None, wanted="eight grey herons on ice", source=house.source)


async def test_nobody_has_no_password(house) -> None:
    """A principal without a user, such as the command line's, and a link for nobody."""
    with pytest.raises(NotFound):
        await house.accounts.change_password(LOCAL_OPERATOR, old=None, wanted=WANTED, source=house.source)
    with pytest.raises(NotFound):
        await house.accounts.hand_out("user_x", "reset", actor=LOCAL_OPERATOR, source=house.source)


async def test_a_reset_link_sets_a_password_once(house) -> None:
    """Everything of the user ends, none begins, and the link is used up."""
    user = await house.user()
    opened = await signed_in(house)
    text = await house.accounts.hand_out(user.id, "reset", actor=LOCAL_OPERATOR, source=house.source)
    assert (await house.accounts.reset_password(text, WANTED, source=house.source)).id == user.id
    assert await house.sessions.of(user.id) == ()
    with pytest.raises(Unauthenticated):
        await principal_of(house, opened)
    await signed_in(house, WANTED)
    with pytest.raises(Unauthenticated, match=USED_UP):
        await house.accounts.reset_password(text, "eight grey herons on ice", source=house.source)
    assert ("password.reset", "done") in house.actions()
    assert house.actions()[-1] == ("link.redeem", "refused")
    assert text not in repr(house.audit.entries)


async def test_a_refused_password_does_not_use_the_link_up(house) -> None:
    """The user may try another one, also when it was their own name that was refused."""
    user = await house.user("wilhelmina")
    text = await house.accounts.hand_out(user.id, "reset", actor=LOCAL_OPERATOR, source=house.source)
    for weak in ("short", "wilhelmina-77"):
        with pytest.raises(InvalidRequest):
            await house.accounts.reset_password(text, weak, source=house.source)
    await house.accounts.reset_password(text, WANTED, source=house.source)


@pytest.mark.parametrize("purpose", ["sign-in", "reset"])
async def test_a_link_is_good_for_its_purpose_and_time(house, purpose) -> None:
    """The other use does not burn it; after its time it is worth nothing."""
    user = await house.user()

    async def use(text: str, what: str) -> None:
        if what == "sign-in":
            await house.accounts.sign_in_by_link(text, source=house.source)
        else:
            await house.accounts.reset_password(text, WANTED, source=house.source)

    async def hand_out() -> str:
        return await house.accounts.hand_out(user.id, purpose, actor=LOCAL_OPERATOR, source=house.source)

    text = await hand_out()
    with pytest.raises(Unauthenticated, match=USED_UP):
        await use(text, "reset" if purpose == "sign-in" else "sign-in")
    await use(text, purpose)
    with pytest.raises(Unauthenticated, match=USED_UP):
        await use(text, purpose)
    earlier, late = await hand_out(), await hand_out()
    with pytest.raises(Unauthenticated, match=USED_UP):
        await use(earlier, purpose)
    house.system.advance(LIFETIMES[purpose].total_seconds())
    with pytest.raises(Unauthenticated, match=USED_UP):
        await use(late, purpose)


@pytest.mark.parametrize("change", ["{}x", " {}", "{}\n", "ultra_ln_s_unknown.YW5u", "", "x"])
async def test_another_text_is_no_link(house, change) -> None:
    """The whole text counts, the name in it too."""
    user = await house.user()
    text = await house.accounts.hand_out(user.id, "sign-in", actor=LOCAL_OPERATOR, source=house.source)
    other = await house.user("bob")
    swapped = text.rpartition(".")[0] + ".Ym9i"
    assert other.username == "bob"
    for wrong in (change.format(text), swapped):
        with pytest.raises(Unauthenticated, match=USED_UP):
            await house.accounts.sign_in_by_link(wrong, source=house.source)
    assert await house.accounts.sign_in_by_link(text, source=house.source)


async def test_the_store_says_what_a_link_is_for_too(house) -> None:
    """A row for something else is not good, whatever its text says."""
    user = await house.user()
    text = await house.accounts.hand_out(user.id, "sign-in", actor=LOCAL_OPERATOR, source=house.source)
    house.links.rows = {key: replace(link, purpose="reset") for key, link in house.links.rows.items()}
    with pytest.raises(Unauthenticated, match=USED_UP):
        await house.accounts.sign_in_by_link(text, source=house.source)


async def test_a_user_who_is_deleted_meanwhile_gets_no_password(house) -> None:
    """The change finds nobody."""
    user = await house.user()
    text = await house.accounts.hand_out(user.id, "reset", actor=LOCAL_OPERATOR, source=house.source)

    async def change(*_: object, **__: object) -> None:
        return None

    house.users.change = change
    with pytest.raises(NotFound):
        await house.accounts.reset_password(text, WANTED, source=house.source)


async def test_a_disabled_user_has_no_way_in_by_link(house) -> None:
    """Whenever it was handed out."""
    await house.user("root", Role.ADMIN)
    user = await house.user()
    texts = [
        await house.accounts.hand_out(user.id, each, actor=LOCAL_OPERATOR, source=house.source) for each in LIFETIMES
    ]
    await house.users.change(user.id, house.entry, disabled=True)
    with pytest.raises(Unauthenticated, match=USED_UP):
        await house.accounts.sign_in_by_link(texts[0], source=house.source)
    with pytest.raises(Unauthenticated, match=USED_UP):
        await house.accounts.reset_password(texts[1], WANTED, source=house.source)
    assert house.users.rows[user.id].password_hash == user.password_hash


async def test_the_first_administrator_comes_in_by_link(house) -> None:
    """Where there is nobody, an administrator without a password is made."""
    text = await house.accounts.ensure_first_admin()
    (user,) = house.users.rows.values()
    assert (user.username, user.role, user.password_hash) == (FIRST_ADMIN, Role.ADMIN, None)
    opened = await house.accounts.sign_in_by_link(text, source=house.source)
    assert (await principal_of(house, opened)).role is Role.ADMIN
    assert house.actions()[:2] == [("user.create", "done"), ("link.create", "done")]


async def test_each_start_prints_another_link_until_there_is_a_password(house) -> None:
    """The one before ends; with a password there is none any more."""
    first = await house.accounts.ensure_first_admin()
    second = await house.accounts.ensure_first_admin()
    with pytest.raises(Unauthenticated):
        await house.accounts.sign_in_by_link(first, source=house.source)
    opened = await house.accounts.sign_in_by_link(second, source=house.source)
    me = await principal_of(house, opened)
    await house.accounts.change_password(me, old=None, wanted=WANTED, source=house.source)
    assert await house.accounts.ensure_first_admin() is None
    assert await house.users.count() == 1


async def test_where_there_are_users_no_administrator_is_made(house) -> None:
    """A user who happens to be called so is not let in by it either."""
    await house.user("bob")
    assert await house.accounts.ensure_first_admin() is None
    user = await house.user(FIRST_ADMIN, Role.MEMBER)
    house.users.rows[user.id] = replace(user, password_hash=None)
    assert await house.accounts.ensure_first_admin() is None
    house.users.rows[user.id] = replace(user, password_hash=None, role=Role.ADMIN, disabled_at=house.system.now())
    assert await house.accounts.ensure_first_admin() is None
    assert await house.users.count() == 2
    assert not house.links.rows


async def test_two_workers_make_one_administrator(house) -> None:
    """Whoever comes second finds the user made."""
    original = house.users.count

    async def count() -> int:
        found = await original()
        await asyncio.sleep(0)
        return found

    house.users.count = count
    texts = await asyncio.gather(house.accounts.ensure_first_admin(), house.accounts.ensure_first_admin())
    assert len(house.users.rows) == 1
    assert len({*texts}) == 2
    assert len(house.links.rows) == 1

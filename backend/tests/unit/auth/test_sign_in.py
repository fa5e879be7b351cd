"""Signing in and out."""

import asyncio
import re

import pytest

from ultra.auth.passwords import Passwords, Profile
from ultra.auth.sign_in import REFUSED, USERNAME, WRONG
from ultra.domain.errors import Unauthenticated
from ultra.domain.identity import LOCAL_OPERATOR, Role


async def test_a_browser_gets_a_session(house) -> None:
    """The user's, from where it came, audited."""
    await house.user()
    opened = await house.sign_in.open_session("ANN", house.password, source=house.source)
    assert opened.user.id == "user_ann"
    assert (opened.session.address, opened.session.user_agent) == ("203.0.113.9", "tests")
    entry = house.audit.entries[-1]
    assert (entry.action, entry.outcome, entry.actor, entry.address) == ("sign_in", "done", "user_ann", "203.0.113.9")
    assert opened.text not in repr(entry)


async def test_a_program_gets_a_pair(house) -> None:
    """An access token of this sign-in that works, and a refresh token."""
    await house.user()
    pair = await house.sign_in.open_tokens("ann", house.password, source=house.source)
    claims = house.access_tokens.read(pair.access_token)
    (family,) = house.tokens.families.values()
    assert (claims.user_id, claims.family_id, claims.version) == ("user_ann", family.id, 1)
    assert pair.expires_in == 600
    assert pair.access_token not in repr(pair)
    assert pair.refresh_token not in repr(pair)
    assert house.actions() == [("sign_in", "done")]


@pytest.mark.parametrize("how", ["open_session", "open_tokens"])
@pytest.mark.parametrize(
    ("name", "password", "cause", "actor"),
    [
        ("ann", "wrong", "password", "user_ann"),
        ("ann", "", "password", "user_ann"),
        ("ann", "violin harbour ninety lamps ", "password", "user_ann"),
        ("ann", "VIOLIN harbour ninety lamps", "password", "user_ann"),
        ("ann", "violin harbour ninety lamps\0", "password", "user_ann"),
        ("ann", "x" * 100_000, "password", "user_ann"),
        ("nobody", "violin harbour ninety lamps", "unknown", None),
        ("admin", "admin", "unknown", None),
        ("ann\0", "violin harbour ninety lamps", "unknown", None),
        ("", "", "unknown", None),
        ("\ud800", "\ud800", "unknown", None),
        ("bob", "violin harbour ninety lamps", "disabled", "user_bob"),
        ("bob", "wrong", "password", "user_bob"),
        ("eve", "violin harbour ninety lamps", "password", "user_eve"),
        ("eve", "", "password", "user_eve"),
    ],
)
async def test_every_refusal_reads_and_works_the_same(house, how, name, password, cause, actor) -> None:
    """Unknown, disabled, without a password, mistyped: one sentence, one verification, one row, no session."""
    await house.user("root", Role.ADMIN)
    await house.user("ann")
    await house.user("bob")
    await house.users.change("user_bob", house.entry, disabled=True)
    eve = await house.user("eve")
    house.users.rows["user_eve"] = type(eve)(id="user_eve", username="eve", role=eve.role, created_at=eve.created_at)
    worked = []
    original = house.passwords.verify

    async def verify(kept, given):
        worked.append(1)
        return await original(kept, given)

    house.passwords.verify = verify
    try:
        with pytest.raises(Unauthenticated) as caught:
            await getattr(house.sign_in, how)(name, password, source=house.source)
    finally:
        del house.passwords.verify
    assert (caught.value.message, caught.value.code, caught.value.hint) == (WRONG, "unauthenticated", None)
    assert len(worked) == 1
    entry = house.audit.entries[-1]
    assert (entry.action, entry.outcome, entry.actor, entry.facts) == ("sign_in", "refused", actor, {"cause": cause})
    assert not house.sessions.rows
    assert not house.tokens.rows


async def test_a_hash_does_not_sign_in(house) -> None:
    """What is kept of a password is no password."""
    user = await house.user()
    with pytest.raises(Unauthenticated):
        await house.sign_in.open_session("ann", user.password_hash, source=house.source)


async def test_an_aged_hash_is_renewed_and_nothing_ends(house) -> None:
    """At the next sign-in; other sessions go on and the password stays."""
    await house.user()
    first = await house.sign_in.open_session("ann", house.password, source=house.source)
    before = house.users.rows["user_ann"]
    stronger = Passwords(profile=Profile(memory_kib=16, passes=1), concurrency=1)
    house.sign_in._passwords = stronger
    await house.sign_in.open_session("ann", house.password, source=house.source)
    after = house.users.rows["user_ann"]
    assert after.password_hash != before.password_hash
    assert "m=16," in after.password_hash
    assert after.version == before.version
    assert len(await house.sessions.of("user_ann")) == 2
    assert first.session in await house.sessions.of("user_ann")
    await house.sign_in.open_session("ann", house.password, source=house.source)
    assert house.users.rows["user_ann"].password_hash == after.password_hash
    with pytest.raises(Unauthenticated):
        await house.sign_in.open_session("ann", "wrong", source=house.source)
    stronger.close()


async def test_a_pair_is_refreshed(house) -> None:
    """The next pair belongs to the same sign-in and to the user as they are now."""
    await house.user()
    first = await house.sign_in.open_tokens("ann", house.password, source=house.source)
    await house.users.change("user_ann", house.entry, role=Role.ADMIN)
    second = await house.sign_in.refresh(first.refresh_token, source=house.source)
    one, other = (house.access_tokens.read(pair.access_token) for pair in (first, second))
    assert one.family_id == other.family_id
    assert (one.version, other.version) == (1, 2)
    assert second.refresh_token != first.refresh_token
    assert house.audit.entries[-1].action == "token.refresh"
    assert house.audit.entries[-1].actor == "user_ann"


async def test_twenty_parallel_refreshes_give_one_lineage(house) -> None:
    """All carry the same successor."""
    await house.user()
    first = await house.sign_in.open_tokens("ann", house.password, source=house.source)
    pairs = await asyncio.gather(*(house.sign_in.refresh(first.refresh_token, source=house.source) for _ in range(20)))
    assert len({pair.refresh_token for pair in pairs}) == 1
    assert len(house.tokens.rows) == 2


async def test_reuse_ends_the_sign_in(house) -> None:
    """Both tokens and every access token of the family are worth nothing afterwards; one row tells of it."""
    await house.user()
    first = await house.sign_in.open_tokens("ann", house.password, source=house.source)
    second = await house.sign_in.refresh(first.refresh_token, source=house.source)
    house.system.advance(11)
    for text in (first.refresh_token, second.refresh_token):
        with pytest.raises(Unauthenticated, match=re.escape(REFUSED)):
            await house.sign_in.refresh(text, source=house.source)
    assert house.actions().count(("token.reused", "refused")) == 1
    authenticator = house.authenticator()
    with pytest.raises(Unauthenticated):
        await authenticator.identify(house.approach((b"authorization", f"Bearer {second.access_token}".encode())))


@pytest.mark.parametrize("text", ["", "ultra_rt_unknown", "eyJ.eyJ.x", "\ud800"])
async def test_an_unknown_refresh_token_is_refused_in_the_same_words(house, text) -> None:
    """And is worth a row."""
    with pytest.raises(Unauthenticated, match=re.escape(REFUSED)):
        await house.sign_in.refresh(text, source=house.source)
    assert house.actions() == [("token_rejected", "refused")]
    assert house.audit.entries[-1].facts == {"cause": "refresh_unknown"}


async def test_an_access_token_does_not_refresh(house) -> None:
    """Each kind is good for its own thing."""
    await house.user()
    pair = await house.sign_in.open_tokens("ann", house.password, source=house.source)
    with pytest.raises(Unauthenticated):
        await house.sign_in.refresh(pair.access_token, source=house.source)


async def test_a_disabled_user_does_not_refresh(house) -> None:
    """Disabling ends the families; and one that was missed would not help."""
    await house.user("root", Role.ADMIN)
    user = await house.user()
    pair = await house.sign_in.open_tokens("ann", house.password, source=house.source)
    house.users.rows[user.id] = type(user)(
        id=user.id, username="ann", role=user.role, created_at=user.created_at, disabled_at=house.system.now()
    )
    with pytest.raises(Unauthenticated, match=re.escape(REFUSED)):
        await house.sign_in.refresh(pair.refresh_token, source=house.source)


async def test_a_family_that_ends_meanwhile_gives_nothing(house) -> None:
    """Between the exchange and the answer somebody may sign out."""
    await house.user()
    pair = await house.sign_in.open_tokens("ann", house.password, source=house.source)
    original = house.tokens.exchange

    async def exchange(*args, **named):
        done = await original(*args, **named)
        await house.tokens.revoke(None, house.entry, owner="user_ann")
        return done

    house.tokens.exchange = exchange
    with pytest.raises(Unauthenticated, match=re.escape(REFUSED)):
        await house.sign_in.refresh(pair.refresh_token, source=house.source)


async def test_a_successor_that_cannot_be_opened_is_not_given(house) -> None:
    """A row that was tampered with refuses the retry."""
    await house.user()
    pair = await house.sign_in.open_tokens("ann", house.password, source=house.source)
    await house.sign_in.refresh(pair.refresh_token, source=house.source)
    for key, row in house.tokens.rows.items():
        if row.sealed_successor:
            house.tokens.rows[key] = type(row)(
                row.hash, row.family_id, row.created_at, row.used_at, row.successor_hash, row.sealed_successor[::-1]
            )
    with pytest.raises(Unauthenticated):
        await house.sign_in.refresh(pair.refresh_token, source=house.source)


async def test_revoking_a_refresh_token_ends_its_family(house) -> None:
    """A used one too; an unknown one ends nothing and is no error."""
    await house.user()
    first = await house.sign_in.open_tokens("ann", house.password, source=house.source)
    second = await house.sign_in.refresh(first.refresh_token, source=house.source)
    await house.sign_in.revoke("ultra_rt_unknown", source=house.source)
    await house.sign_in.revoke(first.refresh_token, source=house.source)
    assert house.audit.entries[-1].action == "sign_out"
    with pytest.raises(Unauthenticated):
        await house.sign_in.refresh(second.refresh_token, source=house.source)


async def test_signing_out_ends_what_the_caller_came_with(house) -> None:
    """That session or that token family, no other, once."""
    await house.user()
    authenticator = house.authenticator()
    opened = await house.sign_in.open_session("ann", house.password, source=house.source)
    other = await house.sign_in.open_session("ann", house.password, source=house.source)
    pair = await house.sign_in.open_tokens("ann", house.password, source=house.source)
    cookie = house.approach((b"cookie", f"__Host-ultra={opened.text}".encode()))
    bearer = house.approach((b"authorization", f"Bearer {pair.access_token}".encode()))
    for approach in (cookie, bearer):
        principal = await authenticator.authenticate(approach)
        assert await house.sign_in.sign_out(principal, source=house.source)
        assert not await house.sign_in.sign_out(principal, source=house.source)
        entry = house.audit.entries[-1]
        assert (entry.action, entry.actor, entry.credential) == ("sign_out", "user_ann", principal.credential)
        with pytest.raises(Unauthenticated):
            await authenticator.identify(approach)
    assert [each.public_id for each in await house.sessions.of("user_ann")] == [other.session.public_id]
    assert not await house.sign_in.sign_out(LOCAL_OPERATOR, source=house.source)


@pytest.mark.parametrize("name", ["a", "Ann.B-c_d+e@ultra.example", "0x", "a" * 64])
def test_usernames_are_plain(name) -> None:
    """Letters, digits and a few signs."""
    assert USERNAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", " a", "a ", ".a", "-a", "a b", "é", "а", "a\n", "a" * 65, "a\0", "a/b", "<a>"])
def test_other_usernames_are_refused(name) -> None:
    """Nothing that looks like another name, or breaks out of a page."""
    assert not USERNAME.fullmatch(name)

"""Who is calling."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ultra.auth.authenticator import REFUSED
from ultra.auth.sessions import ABSOLUTE, IDLE
from ultra.auth.test_mode import sign
from ultra.domain.errors import Forbidden, InvalidRequest, Unauthenticated
from ultra.domain.identity import Allowance, Permission, Role, permitted

MINUTE = timedelta(minutes=1)


WAYS = pytest.mark.parametrize("way", ["by_session", "by_token", "by_key"])


async def refusal(house, authenticator, *headers, **request) -> str:
    """Return the cause the audit tells for a refusal whose words tell nothing."""
    with pytest.raises(Unauthenticated) as caught:
        await authenticator.identify(house.approach(*headers, **request))
    error = caught.value
    assert (error.message, error.hint, error.param, error.code) == (REFUSED, None, None, "unauthenticated")
    assert error.__cause__ is None
    return house.audit.entries[-1].facts["cause"]


async def test_without_a_credential_nobody_is_calling(house) -> None:
    """`identify` says so, `authenticate` refuses; neither is worth a row."""
    authenticator = house.authenticator()
    assert await authenticator.identify(house.approach()) is None
    with pytest.raises(Unauthenticated, match=REFUSED):
        await authenticator.authenticate(house.approach())
    assert house.actions() == []


async def test_a_session_is_its_user(house) -> None:
    """With the role it has, by its public id, until the session ends."""
    opened, header = await house.by_session(Role.OPERATOR)
    principal = await house.authenticator().authenticate(house.approach(header))
    assert (principal.id, principal.name, principal.kind) == ("user_ann", "ann", "user")
    assert (principal.credential, principal.credential_id) == ("session", opened.session.public_id)
    assert (principal.role, principal.permissions) == (Role.OPERATOR, permitted(Role.OPERATOR, "session"))
    assert principal.expires_at == opened.session.expires_at
    assert (principal.models, principal.stores, principal.version) == (None, True, 1)


async def test_a_token_is_its_user(house) -> None:
    """By its family, until that ends."""
    family, header = await house.by_token()
    principal = await house.authenticator().authenticate(house.approach(header))
    assert (principal.id, principal.kind, principal.credential) == ("user_ann", "user", "token")
    assert (principal.credential_id, principal.expires_at) == (family.id, family.expires_at)
    assert principal.permissions == permitted(Role.MEMBER, "token")


async def test_a_key_acts_for_its_owner_within_its_bounds(house) -> None:
    """Scopes cut the role down, and the role the scopes; models, allowance and storing are the key's."""
    allowance = Allowance(concurrency=3)
    key, header = await house.by_key(models=("openai/x",), allowance=allowance, stores=False)
    principal = await house.authenticator().authenticate(house.approach(header))
    assert (principal.id, principal.kind, principal.credential) == ("user_ann", "service", "key")
    assert (principal.credential_id, principal.name) == (key.id, "ann")
    assert principal.permissions == {Permission.RUNS_READ}, "a member may not read users, whatever the key says"
    assert (principal.models, principal.allowance, principal.stores) == (("openai/x",), allowance, False)
    assert principal.owner_allowance == Allowance()
    assert principal.expires_at == key.expires_at


async def test_a_key_is_the_same_in_every_spelling(house) -> None:
    """Bounds do not depend on the header that carries it."""
    _, (_, text) = await house.by_key(cidrs=("10.0.0.0/8",))
    authenticator = house.authenticator()
    gemini = "/gemini/v1beta/models/m:generateContent"
    for header in ((b"authorization", b"Bearer " + text), (b"x-api-key", text), (b"x-goog-api-key", text)):
        inside = house.approach(header, path=gemini, address="10.1.1.1")
        assert (await authenticator.authenticate(inside)).permissions == {Permission.RUNS_READ}
        with pytest.raises(Forbidden) as caught:
            await authenticator.authenticate(house.approach(header, path=gemini, address="11.1.1.1"))
        assert caught.value.code == "insufficient_scope"
        assert house.audit.entries[-1].facts["cause"] == "address"


async def test_a_key_without_its_secret_tells_nothing_of_its_networks(house) -> None:
    """From the wrong place with the wrong secret the answer is the usual one."""
    key, (_, text) = await house.by_key(cidrs=("10.0.0.0/8",))
    other = house.codec.mint(owner="user_ann", name="x", scopes=frozenset(), expires_at=house.system.now())
    await house.keys.create(other.key, house.entry)
    house.keys.rows[key.id] = replace(key, secret_hash=other.key.secret_hash)
    assert await refusal(house, house.authenticator(), (b"x-api-key", text), address="11.1.1.1") == "secret"


async def test_the_test_header_replaces_the_credential_and_no_check(house) -> None:
    """Where it is honoured it is a user of its role; elsewhere it is not there."""
    request = {"method": "POST", "path": "/api/keys", "query": b"a=1", "body": b"{}"}

    def header(nonce: str) -> tuple[bytes, bytes]:
        until = house.system.now() + timedelta(seconds=30)
        value = sign(
            house.test_secret,
            role="viewer",
            user="user_t",
            method="POST",
            path="/api/keys",
            query="a=1",
            body=b"{}",
            expires_at=until,
            nonce=nonce,
        )
        return b"x-test-mode", value.encode()

    honouring = house.authenticator(honours_test_mode=True)
    principal = await honouring.authenticate(house.approach(header("nonce-0001"), **request))
    assert (principal.id, principal.role, principal.credential) == ("user_t", Role.VIEWER, "test")
    assert not principal.may(Permission.KEYS_WRITE)
    assert await refusal(house, honouring, header("nonce-0001"), **request) == "replayed"
    assert house.audit.entries[-1].action == "test_mode_rejected"
    assert await refusal(house, honouring, header("nonce-0002"), **request | {"peer": "10.0.0.1"}) == "peer"
    assert await refusal(house, honouring, (b"x-test-mode", b"true"), **request) == "malformed"
    assert await house.authenticator().identify(house.approach(header("nonce-0003"), **request)) is None


@WAYS
async def test_a_disabled_user_is_out_at_once(house, way) -> None:
    """With every kind of credential, on the very next request."""
    await house.user("root", Role.ADMIN)
    _, header = await getattr(house, way)()
    authenticator = house.authenticator()
    assert await authenticator.identify(house.approach(header))
    await house.users.change("user_ann", house.entry, disabled=True)
    assert await refusal(house, authenticator, header) == "disabled"
    assert house.audit.entries[-1].actor == "user_ann"


@WAYS
async def test_a_deleted_user_is_out_at_once(house, way) -> None:
    """Nothing of theirs is known any more."""
    await house.user("root", Role.ADMIN)
    _, header = await getattr(house, way)()
    authenticator = house.authenticator()
    assert await authenticator.identify(house.approach(header))
    await house.users.delete("user_ann", house.entry)
    assert await refusal(house, authenticator, header) == "unknown"


@WAYS
async def test_another_role_counts_at_once(house, way) -> None:
    """The role is read for each request, never from the credential."""
    await house.user("root", Role.ADMIN)
    bounds = {"scopes": frozenset(Permission)} if way == "by_key" else {}
    _, header = await getattr(house, way)(Role.ADMIN, **bounds)
    authenticator = house.authenticator()
    may_before = (await authenticator.identify(house.approach(header))).may(Permission.USAGE_READ_ALL)
    await house.users.change("user_ann", house.entry, role=Role.VIEWER)
    principal = await authenticator.identify(house.approach(header))
    assert may_before
    assert principal.role is Role.VIEWER
    assert not principal.may(Permission.USAGE_READ_ALL)


@WAYS
async def test_what_is_revoked_is_out_at_once(house, way) -> None:
    """Signing out and revoking end the credential for the very next request, remembered or not."""
    kept, header = await getattr(house, way)()
    authenticator = house.authenticator()
    for _ in range(2):
        assert await authenticator.identify(house.approach(header))
    if way == "by_session":
        await house.sessions.revoke(kept.session.public_id, house.entry, owner="user_ann")
    elif way == "by_token":
        await house.tokens.revoke(kept.id, house.entry, owner="user_ann")
    else:
        await house.keys.revoke(kept.id, house.entry, owner="user_ann", at=house.system.now())
    assert await refusal(house, authenticator, header) == "revoked"


async def test_a_new_password_ends_sessions_and_tokens(house) -> None:
    """Whatever was signed in with the one before."""
    _, session = await house.by_session()
    family, _ = await house.refresh_tokens.begin("user_ann", house.entry)
    text = house.access_tokens.issue(user_id="user_ann", family_id=family.id, version=1)
    await house.users.change("user_ann", house.entry, password_hash="another")
    for header in (session, (b"authorization", f"Bearer {text}".encode())):
        assert await refusal(house, house.authenticator(), header) == "revoked"


async def test_a_session_ends_by_itself(house) -> None:
    """Idle or after twelve hours; being used keeps it from being idle."""
    opened, header = await house.by_session()
    authenticator = house.authenticator()
    for _ in range(3):
        house.system.advance((IDLE - MINUTE).total_seconds())
        assert await authenticator.identify(house.approach(header))
    house.system.advance(IDLE.total_seconds())
    assert await refusal(house, authenticator, header) == "idle"
    house.sessions.rows[opened.session.id_hash] = replace(opened.session, seen_at=opened.session.expires_at)
    house.system.advance(ABSOLUTE.total_seconds())
    assert await refusal(house, authenticator, header) == "expired"


async def test_a_token_ends_by_itself(house) -> None:
    """After ten minutes and the leeway; or with its family."""
    family, header = await house.by_token()
    authenticator = house.authenticator()
    assert await authenticator.identify(house.approach(header))
    house.tokens.families[family.id] = replace(family, expires_at=house.system.now() + MINUTE)
    house.system.advance(60)
    assert await refusal(house, authenticator, header) == "expired"
    house.tokens.families[family.id] = family
    assert await authenticator.identify(house.approach(header))
    house.system.advance(600)
    assert await refusal(house, authenticator, header) == "expired"


async def test_forged_expired_and_revoked_tokens_ask_the_store_alike(house) -> None:
    """One question each, so that the time taken does not tell them apart; what is no token at all asks nothing."""
    family, header = await house.by_token()
    asked = []
    original = house.tokens.family
    house.tokens.family = lambda family_id: asked.append(family_id) or original(family_id)
    authenticator = house.authenticator()
    head, _, mac = header[1].rpartition(b".")
    forged = (b"authorization", head + b"." + b"A" + mac[1:] if mac[:1] != b"A" else head + b".B" + mac[1:])
    assert await refusal(house, authenticator, forged) == "signature"
    await house.tokens.revoke(family.id, house.entry, owner="user_ann")
    assert await refusal(house, authenticator, header) == "revoked"
    house.system.advance(700)
    assert await refusal(house, authenticator, header) == "expired"
    assert len(asked) == 3
    assert await refusal(house, authenticator, (b"authorization", b"Bearer nonsense")) == "malformed"
    assert len(asked) == 3


async def test_a_token_names_a_family_of_its_own_user(house) -> None:
    """A token of another user's family, of none, or from a version still to come is not good."""
    family, _ = await house.by_token()
    await house.user("bob")
    authenticator = house.authenticator()
    for cause, claims in (
        ("unknown", {"user_id": "user_bob", "family_id": family.id, "version": 1}),
        ("unknown", {"user_id": "user_ann", "family_id": "family_x", "version": 1}),
        ("version", {"user_id": "user_ann", "family_id": family.id, "version": 2}),
    ):
        header = (b"authorization", f"Bearer {house.access_tokens.issue(**claims)}".encode())
        assert await refusal(house, authenticator, header) == cause


async def test_a_rotated_key_ends_with_its_overlap(house) -> None:
    """Until then both are good."""
    key, header = await house.by_key()
    following = house.codec.mint_successor(key)
    await house.keys.rotate(key.id, following.key, house.entry, overlap_until=house.system.now() + MINUTE)
    authenticator = house.authenticator()
    assert (await authenticator.identify(house.approach(header))).expires_at == house.system.now() + MINUTE
    assert await authenticator.identify(house.approach((b"x-api-key", following.text.encode())))
    house.system.advance(60)
    assert await refusal(house, authenticator, header) == "rotated"
    assert await authenticator.identify(house.approach((b"x-api-key", following.text.encode())))


async def test_use_of_a_key_is_remembered_once_a_minute(house) -> None:
    """Not at every request."""
    key, header = await house.by_key()
    touched = []
    original = house.keys.touch

    async def touch(key_id, at):
        touched.append(at)
        await original(key_id, at)

    house.keys.touch = touch
    authenticator = house.authenticator(memory_s=0)
    for _ in range(13):
        await authenticator.identify(house.approach(header))
        house.system.advance(10)
    assert [(at - touched[0]).total_seconds() for at in touched] == [0, 60, 120]
    assert key.last_used_at is None


@pytest.mark.parametrize(
    ("header", "action"),
    [
        ((b"authorization", b"Bearer nonsense"), "token_rejected"),
        ((b"authorization", b"Basic YTpi"), "token_rejected"),
        ((b"authorization", b"Bearer ultra_rt_abc"), "token_rejected"),
        ((b"x-api-key", b"nonsense"), "key_rejected"),
        ((b"x-api-key", b"' OR '1'='1"), "key_rejected"),
        ((b"authorization", b"Bearer ultra_sk_test_x"), "key_rejected"),
        ((b"cookie", b"__Host-ultra=unknown"), "session_rejected"),
        ((b"cookie", b'__Host-ultra="odd"'), "session_rejected"),
    ],
)
async def test_every_refusal_reads_the_same(house, header, action) -> None:
    """Only the audit knows which it was; it holds nothing of what was presented."""
    await refusal(house, house.authenticator(), header)
    entry = house.audit.entries[-1]
    assert (entry.action, entry.outcome, entry.address) == (action, "refused", "203.0.113.9")
    assert "nonsense" not in repr(entry)


async def test_a_session_may_not_be_planted(house) -> None:
    """An id that the server did not give is never made a session of."""
    header = (b"cookie", b"__Host-ultra=planted")
    authenticator = house.authenticator()
    assert await refusal(house, authenticator, header) == "unknown"
    opened = await house.browser_sessions.open(await house.user(), house.entry)
    assert opened.text != "planted"
    assert await refusal(house, authenticator, header) == "unknown"


async def test_a_bad_request_is_told_and_audited(house) -> None:
    """Two credentials, and one in the URL, each with its own action."""
    authenticator = house.authenticator()
    with pytest.raises(InvalidRequest):
        await authenticator.identify(house.approach((b"x-api-key", b"a"), (b"authorization", b"Bearer a")))
    with pytest.raises(InvalidRequest) as caught:
        await authenticator.identify(house.approach(query=b"api_key=canary"))
    assert caught.value.code == "credential_in_url"
    assert house.actions() == [("credential_rejected", "refused"), ("credential_in_url", "refused")]
    assert "canary" not in repr(house.audit.entries)


async def test_a_credential_without_a_scheme_is_refused(house) -> None:
    """A kind that nobody judges is not let in."""
    _, header = await house.by_key()
    authenticator = house.authenticator()
    authenticator._schemes = ()
    assert await refusal(house, authenticator, header) == "no_scheme"


async def test_every_refusal_names_its_request(house) -> None:
    """Whatever was presented, so that the row is found from the answer and the log."""
    authenticator = house.authenticator(honours_test_mode=True)
    for headers, request, error in (
        (((b"authorization", b"Bearer nobody"),), {}, Unauthenticated),
        (((b"x-api-key", b"ultra_sk_nobody"),), {}, Unauthenticated),
        (((b"x-test-mode", b"true"),), {}, Unauthenticated),
        ((), {"query": b"api_key=ultra_sk_x"}, InvalidRequest),
    ):
        with pytest.raises(error):
            await authenticator.identify(house.approach(*headers, **request))
        assert house.audit.entries[-1].request_id == "req_7", headers
    assert len(house.audit.entries) == 4

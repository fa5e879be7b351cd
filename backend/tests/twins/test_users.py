"""Users, on both databases and in memory."""

import asyncio
from decimal import Decimal

import pytest

from tests.twins.accounts import Accounts, enrol, entry, key_of, open_family, open_session
from ultra.domain.access import SignInLink
from ultra.domain.errors import Conflict, InvalidRequest
from ultra.domain.identity import Allowance, Role


async def test_a_user_comes_back_as_it_went_in(accounts: Accounts) -> None:
    """Every field survives, amounts of money to the last decimal."""
    allowance = Allowance(requests_per_minute=5, daily_budget_usd=Decimal("0.10"), monthly_budget_usd=Decimal(3))
    user = await enrol(accounts, password_hash="$argon2id$v=19$...", allowance=allowance)
    assert await accounts.users.get(user.id) == user
    assert await accounts.users.count() == 1
    assert await accounts.users.get("user_nobody") is None


@pytest.mark.parametrize(
    ("kept", "asked"), [("Ada", "aDA"), ("Straße", "STRASSE"), ("ﬁne", "fine"), ("Ａｄａ", "ada"), ("é", "e\u0301")]
)
async def test_a_name_is_the_same_in_any_spelling(accounts: Accounts, kept: str, asked: str) -> None:
    """Case and compatibility forms find the same user and cannot make a second one."""
    user = await enrol(accounts, kept)
    assert await accounts.users.by_name(asked) == user
    with pytest.raises(Conflict) as refused:
        await enrol(accounts, asked)
    assert refused.value.code == "username_taken"
    assert await accounts.users.count() == 1
    assert await accounts.actions() == ["user.create"]


async def test_users_are_listed_by_name_page_by_page(accounts: Accounts) -> None:
    """All of them, once, whatever the size of a page; a cursor of one's own is refused."""
    names = ["Zoe", "ada", "Émile", "bob", "Carl"]
    for name in names:
        await enrol(accounts, name)
    seen: list[str] = []
    cursor = None
    while True:
        page, cursor = await accounts.users.all(limit=2, cursor=cursor)
        seen += [user.username for user in page]
        if cursor is None:
            break
    assert seen == ["ada", "bob", "Carl", "Zoe", "Émile"]
    with pytest.raises(InvalidRequest):
        await accounts.users.all(limit=0, cursor=None)


async def test_every_change_raises_the_version(accounts: Accounts) -> None:
    """Role, password, allowance and state: whoever remembers the older version knows that it is void."""
    await enrol(accounts, "root", Role.ADMIN)
    user = await enrol(accounts)
    changes = (
        {"role": Role.OPERATOR},
        {"password_hash": "other"},
        {"allowance": Allowance(concurrency=2)},
        {"disabled": True},
        {"disabled": False},
    )
    for number, change in enumerate(changes, start=2):
        changed = await accounts.users.change(user.id, entry("user.change"), **change)
        assert changed is not None
        assert changed.version == number
        assert await accounts.users.get(user.id) == changed
    assert changed.role is Role.OPERATOR
    assert (changed.password_hash, changed.allowance, changed.disabled_at) == ("other", Allowance(concurrency=2), None)
    assert (await accounts.users.of([user.id, "user_gone"])) == {user.id: 6}
    assert await accounts.users.change("user_gone", entry("user.change"), role=Role.VIEWER) is None
    assert (await accounts.actions()).count("user.change") == len(changes)


async def test_the_audit_tells_what_of_an_allowance_changed(accounts: Accounts) -> None:
    """Each member that did, from what to what; nothing where none did, and the facts that were given stay."""
    user = await enrol(accounts, allowance=Allowance(concurrency=2, daily_budget_usd=Decimal("1.50")))
    wanted = Allowance(concurrency=2, daily_budget_usd=Decimal(20), tokens_per_minute=9)
    await accounts.users.change(user.id, entry(facts={"kind": "first"}), allowance=wanted)
    await accounts.users.change(user.id, entry(), disabled=False)
    rows = await accounts.audit.page(limit=2, before=None, action=None, actor=None)
    assert [row.entry.facts for row in reversed(rows)] == [
        {
            "kind": "first",
            "allowance": {
                "tokens_per_minute": {"before": None, "after": 9},
                "daily_budget_usd": {"before": "1.5", "after": "20"},
            },
        },
        {},
    ]


async def test_disabling_twice_keeps_the_first_time(accounts: Accounts) -> None:
    """It is known since when a user may not come in."""
    await enrol(accounts)
    first = await accounts.users.change("user_ada", entry(), disabled=True)
    accounts.turn(60)
    second = await accounts.users.change("user_ada", entry(), disabled=True)
    assert first is not None
    assert second is not None
    assert first.disabled_at == second.disabled_at is not None


@pytest.mark.parametrize("change", [{"disabled": True}, {"password_hash": "other"}])
async def test_disabling_and_a_new_password_end_what_is_signed_in(
    accounts: Accounts, change: dict[str, object]
) -> None:
    """Sessions and token families of that user end, and nobody else's."""
    await enrol(accounts)
    await enrol(accounts, "bob")
    mine, other = await open_session(accounts), await open_session(accounts, user="user_bob")
    family = await open_family(accounts)
    await accounts.users.change("user_ada", entry(), **change)
    assert await accounts.sessions.of("user_ada") == ()
    assert await accounts.sessions.of("user_bob") == (other,)
    found = await accounts.sessions.get(mine.id_hash)
    assert found is not None
    assert found[0].revoked_at is not None
    ended = await accounts.tokens.family(family.id)
    assert ended is not None
    assert ended[0].revoked_at is not None


async def test_another_role_leaves_sessions_alone(accounts: Accounts) -> None:
    """The role is read with every request: what it allows changes, who is signed in does not."""
    await enrol(accounts)
    session = await open_session(accounts)
    await accounts.users.change("user_ada", entry(), role=Role.VIEWER)
    found = await accounts.sessions.get(session.id_hash)
    assert found is not None
    assert (found[0].revoked_at, found[1].role) == (None, Role.VIEWER)


async def test_the_last_administrator_stays(accounts: Accounts) -> None:
    """It is neither demoted, nor disabled, nor deleted, while disabled ones do not count; nothing is written."""
    await enrol(accounts, "root", Role.ADMIN)
    await enrol(accounts, "former", Role.ADMIN)
    await accounts.users.change("user_former", entry(), disabled=True)
    before = await accounts.actions()
    for attempt in (
        accounts.users.change("user_root", entry(), role=Role.OPERATOR),
        accounts.users.change("user_root", entry(), disabled=True),
        accounts.users.delete("user_root", entry()),
    ):
        with pytest.raises(Conflict) as refused:
            await attempt
        assert refused.value.code == "last_administrator"
    assert await accounts.actions() == before
    root = await accounts.users.get("user_root")
    assert root is not None
    assert (root.role, root.disabled_at, root.version) == (Role.ADMIN, None, 1)


async def test_of_two_demotions_at_once_one_is_refused(accounts: Accounts) -> None:
    """However they meet, an administrator is left."""
    survivor = (await enrol(accounts, "first", Role.ADMIN)).id
    for number in range(5):
        rival = (await enrol(accounts, f"rival{number}", Role.ADMIN)).id
        outcomes = await asyncio.gather(
            accounts.users.change(survivor, entry(), role=Role.MEMBER),
            accounts.users.change(rival, entry(), disabled=True),
            return_exceptions=True,
        )
        page, _ = await accounts.users.all(limit=100, cursor=None)
        able = [user.id for user in page if user.role is Role.ADMIN and user.disabled_at is None]
        assert [type(outcome) for outcome in outcomes].count(Conflict) == 1
        assert able in ([survivor], [rival])
        survivor = able[0]


async def test_a_deleted_user_is_gone_with_all_it_had(accounts: Accounts) -> None:
    """Sessions, tokens, keys and links go; the audit keeps its rows; the name is free."""
    await enrol(accounts)
    session, family = await open_session(accounts), await open_family(accounts)
    await accounts.keys.create(key_of(accounts), entry("key.create", target="key_1"))
    link = SignInLink("link", "user_ada", "reset", accounts.now, accounts.later(600))
    await accounts.links.create(link, entry("link.create"))
    assert await accounts.users.delete("user_ada", entry("user.delete", target="user_ada"))
    assert await accounts.users.get("user_ada") is None
    assert await accounts.sessions.get(session.id_hash) is None
    assert await accounts.tokens.family(family.id) is None
    assert await accounts.tokens.family_of(f"{family.id}-0") is None
    assert await accounts.keys.by_public_id("pub00001") is None
    assert await accounts.links.redeem("link", at=accounts.now) is None
    assert await accounts.users.of(["user_ada"]) == {}
    assert not await accounts.users.delete("user_ada", entry("user.delete"))
    whole = ["user.create", "sign_in", "token.issue", "key.create", "link.create", "user.delete"]
    assert await accounts.actions() == whole
    await enrol(accounts)


async def test_versions_are_told_for_few_and_for_many(accounts: Accounts) -> None:
    """As they are now, and nothing for who is not there."""
    ada = await enrol(accounts)
    for number in range(40):
        await enrol(accounts, f"u{number}")
    await accounts.users.change(ada.id, entry(), role=Role.VIEWER)
    everybody = ["user_ada", *(f"user_u{number}" for number in range(40))]
    assert await accounts.users.of(["user_ada", "user_nobody"]) == {"user_ada": 2}
    assert await accounts.users.of(everybody) == dict.fromkeys(everybody, 1) | {"user_ada": 2}

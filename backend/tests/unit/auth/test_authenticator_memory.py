"""What an authenticator remembers, and for how long."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ultra.auth.authenticator import REFUSED
from ultra.domain.errors import Forbidden, Unauthenticated
from ultra.domain.identity import Role

WAYS = pytest.mark.parametrize("way", ["by_session", "by_token", "by_key"])


async def refusal(house, authenticator, header) -> str:
    """Return the cause the audit tells for a refusal."""
    with pytest.raises(Unauthenticated, match=REFUSED):
        await authenticator.identify(house.approach(header))
    return house.audit.entries[-1].facts["cause"]


@WAYS
async def test_a_proof_stands_for_two_seconds(house, way) -> None:
    """Within them the store of credentials is not asked again, the version is; afterwards both."""
    _, header = await getattr(house, way)()
    asked = []
    for store, name in ((house.sessions, "get"), (house.tokens, "family"), (house.keys, "by_public_id")):
        original = getattr(store, name)
        setattr(store, name, lambda text, original=original: asked.append(1) or original(text))
    authenticator = house.authenticator()
    for seconds, count in ((0, 1), (1.9, 1), (0.1, 2), (0.0, 2)):
        house.system.advance(seconds)
        assert await authenticator.identify(house.approach(header))
        assert len(asked) == count
    forgetful = house.authenticator(memory_s=0)
    for count in (3, 4):
        assert await forgetful.identify(house.approach(header))
        assert not forgetful._kept
        assert len(asked) == count


async def test_a_proof_stands_for_where_it_was_made(house) -> None:
    """A remembered key is judged again from another address."""
    _, header = await house.by_key(cidrs=("10.0.0.0/8",))
    authenticator = house.authenticator()
    assert await authenticator.identify(house.approach(header, address="10.0.0.1"))
    with pytest.raises(Forbidden):
        await authenticator.identify(house.approach(header, address="11.0.0.1"))


async def test_a_proof_does_not_outlive_its_credential(house) -> None:
    """What ends within the two seconds ends then."""
    key, header = await house.by_key()
    house.keys.rows[key.id] = replace(key, expires_at=house.system.now() + timedelta(seconds=1))
    authenticator = house.authenticator()
    assert await authenticator.identify(house.approach(header))
    house.system.advance(1)
    assert await refusal(house, authenticator, header) == "expired"


async def test_a_credential_is_remembered_whole(house) -> None:
    """Another credential with the same beginning is another one."""
    _, header = await house.by_token()
    authenticator = house.authenticator()
    assert await authenticator.identify(house.approach(header))
    swapped = header[1][:-3] + (b"AAA" if header[1][-3:] != b"AAA" else b"EEE")
    assert await refusal(house, authenticator, (b"authorization", swapped)) in ("signature", "malformed")
    as_key = (b"x-api-key", header[1].removeprefix(b"Bearer "))
    assert await refusal(house, authenticator, as_key) == "malformed"


async def test_a_refusal_is_never_remembered(house) -> None:
    """A user who is enabled again is in at once."""
    await house.user("root", Role.ADMIN)
    _, header = await house.by_key()
    authenticator = house.authenticator()
    await house.users.change("user_ann", house.entry, disabled=True)
    assert await refusal(house, authenticator, header) == "disabled"
    await house.users.change("user_ann", house.entry, disabled=False)
    assert await authenticator.identify(house.approach(header))


async def test_the_memory_is_bounded(house, monkeypatch) -> None:
    """The oldest proofs make room, and no secret stands in it."""
    monkeypatch.setattr("ultra.auth.authenticator._MOST_KEPT", 2)
    authenticator = house.authenticator()
    user = await house.user()
    for _ in range(3):
        opened = await house.browser_sessions.open(user, house.entry)
        await authenticator.identify(house.approach((b"cookie", f"__Host-ultra={opened.text}".encode())))
    assert len(authenticator._kept) == 2
    assert opened.text not in repr(authenticator._kept)


def test_a_proof_cannot_stand_longer(house) -> None:
    """Two seconds at most."""
    for seconds in (-1, 2.1):
        with pytest.raises(ValueError, match="seconds"):
            house.authenticator(memory_s=seconds)


@WAYS
async def test_whoever_was_proved_is_recalled_for_two_seconds(house, way) -> None:
    """By the same credential from the same place, without asking anybody; nobody else is."""
    _, header = await getattr(house, way)()
    authenticator, approach = house.authenticator(), house.approach(header)
    assert authenticator.recall(approach) is None
    principal = await authenticator.identify(approach)
    assert authenticator.recall(approach).principal == principal
    assert authenticator.recall(house.approach(header, address="203.0.113.8")) is None
    assert authenticator.recall(house.approach()) is None
    assert authenticator.recall(house.approach(header, (b"x-api-key", b"another"))) is None
    assert header[1] not in repr(authenticator.recall(approach)).encode()
    house.system.advance(2)
    assert authenticator.recall(approach) is None


@WAYS
async def test_whoever_is_recalled_stands_with_their_version_only(house, way) -> None:
    """Another version, told or asked for, ends it; then the credential has to be proved again."""
    _, header = await getattr(house, way)()
    authenticator, approach = house.authenticator(), house.approach(header)
    principal = await authenticator.identify(approach)
    recalled = authenticator.recall(approach)
    assert await authenticator.stands(recalled, version=principal.version)
    assert await authenticator.stands(recalled, version=None)
    assert not await authenticator.stands(recalled, version=principal.version + 1)
    assert authenticator.recall(approach) is None
    await authenticator.identify(approach)
    recalled = authenticator.recall(approach)
    await house.users.change("user_ann", house.entry, role=Role.VIEWER)
    assert not await authenticator.stands(recalled, version=None)
    assert (await authenticator.identify(approach)).role is Role.VIEWER

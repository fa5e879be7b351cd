"""Browser sessions."""

from dataclasses import replace
from datetime import timedelta

from ultra.auth.encodings import fingerprint
from ultra.auth.sessions import ABSOLUTE, IDLE, MOST, judge


async def test_a_session_is_kept_as_its_hash(house) -> None:
    """The cookie's value stands nowhere in the store, and no repr shows it."""
    opened = await house.browser_sessions.open(await house.user(), house.entry)
    assert set(house.sessions.rows) == {fingerprint(opened.text)}
    assert opened.text not in repr(house.sessions.rows)
    assert opened.text not in repr(opened)
    assert await house.browser_sessions.find(opened.text) == (opened.session, opened.user)
    assert await house.browser_sessions.find(opened.session.id_hash) is None
    assert await house.browser_sessions.find(opened.session.public_id) is None


async def test_every_sign_in_gets_another_id(house) -> None:
    """No id comes twice or from outside."""
    user = await house.user()
    texts = {(await house.browser_sessions.open(user, house.entry)).text for _ in range(5)}
    assert len(texts) == 5


async def test_the_browser_is_remembered_in_plain_characters(house) -> None:
    """What a browser says of itself is cut and cannot forge a line."""
    user = await house.user()
    opened = await house.browser_sessions.open(
        user, house.entry, address="203.0.113.9", user_agent="Fire\r\nfox\x1b[31m" + "x" * 999
    )
    assert opened.session.address == "203.0.113.9"
    assert opened.session.user_agent.startswith("Firefox[31mxxx")
    assert len(opened.session.user_agent) == 200
    assert (await house.browser_sessions.open(user, house.entry)).session.user_agent is None


async def test_a_session_ends_when_idle_and_at_last(house) -> None:
    """After thirty minutes without use, after twelve hours in any case, at the very second."""
    opened = await house.browser_sessions.open(await house.user(), house.entry)
    session, user, now = opened.session, opened.user, house.system.now()
    second = timedelta(seconds=1)
    assert judge(session, user, now=now) is None
    assert judge(session, user, now=now + IDLE - second) is None
    assert judge(session, user, now=now + IDLE) == "idle"
    used = replace(session, seen_at=now + ABSOLUTE - second)
    assert judge(used, user, now=now + ABSOLUTE - second) is None
    assert judge(used, user, now=now + ABSOLUTE) == "expired"
    assert judge(replace(session, revoked_at=now), user, now=now) == "revoked"
    assert judge(session, replace(user, disabled_at=now), now=now) == "disabled"
    assert timedelta(minutes=30) == IDLE
    assert timedelta(hours=12) == ABSOLUTE


async def test_use_is_remembered_once_a_minute(house) -> None:
    """Within a minute nothing is written."""
    opened = await house.browser_sessions.open(await house.user(), house.entry)
    begin = house.system.now()
    house.system.advance(59)
    await house.browser_sessions.keep(opened.session)
    assert house.sessions.rows[opened.session.id_hash].seen_at == begin
    house.system.advance(1)
    await house.browser_sessions.keep(opened.session)
    assert house.sessions.rows[opened.session.id_hash].seen_at == begin + timedelta(minutes=1)


async def test_the_oldest_session_makes_room(house) -> None:
    """A user has a bounded number of sessions."""
    user = await house.user()
    opened = []
    for _ in range(MOST + 1):
        opened.append(await house.browser_sessions.open(user, house.entry))
        house.system.advance(1)
    live = await house.sessions.of(user.id)
    assert len(live) == MOST
    session, user = await house.browser_sessions.find(opened[0].text)
    assert judge(session, user, now=house.system.now()) == "revoked"

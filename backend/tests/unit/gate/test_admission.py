"""A full server says so, keeps places for what matters, and shows the test header to nobody."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.asgi import Exchange
from tests.fakes.keepers import FakeRefusals, keepers
from ultra.domain.errors import Overloaded
from ultra.gate.admission import Admission, Room, is_test_mode


class Inside:
    """Keeps requests until it is told to let them go, and remembers their headers."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope, receive, send) -> None:
        self.headers = list(scope["headers"])
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})


def gate(inside: Inside, *, most: int = 3, reserved: int = 1, honours: bool = False) -> Admission:
    """Put the gate before `inside`."""
    room = Room(most=most, reserved=reserved)
    return Admission(inside, room=room, reserved_paths=["/health/live"], honours_test_mode=honours)


def asked(path: str = "/", headers: list[tuple[bytes, bytes]] | None = None, **state: Any) -> Exchange:
    """Return a request as it comes out of what stands before."""
    scope = {"ultra.address": "192.0.2.1", "state": {"keepers": keepers(**state)}, "headers": headers or []}
    return Exchange(path=path, scope=scope)


async def test_a_full_server_refuses_at_once_and_lets_liveness_in() -> None:
    """Beyond the common places a request is a 503 with a time to come back; reserved paths still get in."""
    inside = Inside()
    door = gate(inside)
    present = [asyncio.create_task(asked()(door)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded) as caught:
        await asked()(door)
    assert caught.value.retry_after == 1.0
    present.append(asyncio.create_task(asked("/health/live")(door)))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await asked("/health/live")(door)
    inside.go.set()
    assert [exchange.status for exchange in await asyncio.gather(*present)] == [200] * 3
    assert (await asked()(door)).status == 200


async def test_whoever_fails_gives_the_place_back() -> None:
    """An error or a cancelled request leaves no place taken."""

    async def broken(scope, receive, send) -> None:
        raise ValueError

    door = Admission(broken, room=Room(most=1, reserved=0), reserved_paths=(), honours_test_mode=False)
    for _ in range(3):
        with pytest.raises(ValueError):  # noqa: PT011 - raised above
            await asked()(door)


SPELLINGS = [
    b"x-test-mode",
    b"X-Test-Mode",
    b"X-TEST-MODE",
    b"x_test_mode",
    b"X_Test_Mode ",
    b"x-test-mode\t",
    b" x-test_mode",
]


@pytest.mark.parametrize("name", SPELLINGS)
async def test_the_test_header_is_removed_in_every_spelling(name: bytes) -> None:
    """Outside testing nobody behind the gate sees it; the audit learns of the attempt, the request goes on."""
    inside, refusals = Inside(), FakeRefusals()
    inside.go.set()
    kept = [(b"host", b"h"), (b"test-mode", b"1"), (b"x-test-modes", b"1")]
    exchange = asked(headers=[kept[0], (name, b"true"), kept[1], (name, b"v1.admin"), kept[2]], refusals=refusals)
    await exchange(gate(inside))
    assert inside.headers == kept
    assert exchange.status == 200
    assert [each["action"] for each in refusals.written] == ["test_mode_attempt"]
    assert exchange.scope["ultra.facts"]["test_mode_attempt"] == 2


async def test_an_audit_that_fails_changes_nothing() -> None:
    """The answer is the same when the attempt cannot be written down."""
    inside = Inside()
    inside.go.set()
    exchange = asked(headers=[(b"x-test-mode", b"1")], refusals=FakeRefusals(fails=True))
    assert (await exchange(gate(inside))).status == 200


async def test_in_testing_the_exact_header_stays() -> None:
    """Where it is honoured, its one spelling goes on to the authenticator, and others are still removed."""
    inside, refusals = Inside(), FakeRefusals()
    inside.go.set()
    headers = [(b"x-test-mode", b"v1"), (b"x_test_mode", b"v1")]
    await asked(headers=headers, refusals=refusals)(gate(inside, honours=True))
    assert inside.headers == [(b"x-test-mode", b"v1")]
    assert refusals.written == []


@given(
    st.lists(st.sampled_from(["", " ", "\t", "  "]), min_size=2, max_size=2),
    st.tuples(*[st.sampled_from("-_")] * 2),
    st.randoms(),
)
def test_every_spelling_is_recognised(blanks: list[str], dashes: tuple[str, str], chance: Any) -> None:
    """Case, dashes, underscores and blanks around it hide nothing."""
    name = "".join(chance.choice((each.lower(), each.upper())) for each in f"x{dashes[0]}test{dashes[1]}mode")
    assert is_test_mode(f"{blanks[0]}{name}{blanks[1]}".encode())


@given(st.binary(max_size=30))
def test_nothing_else_is_taken_for_it(name: bytes) -> None:
    """A header of another name stays."""
    plain = name.strip(b" \t\x0b\x0c\r\n").lower().replace(b"_", b"-")
    assert is_test_mode(name) == (plain == b"x-test-mode")

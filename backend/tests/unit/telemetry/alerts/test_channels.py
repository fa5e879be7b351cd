"""Where alerts go."""

from collections.abc import Iterator

import pytest

from tests.fakes.webhook import Receiver, receiving
from ultra.telemetry.alerts.channels import Channels, Delivery


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give a webhook."""
    with receiving() as found:
        yield found


async def test_a_webhook_is_told(receiver: Receiver) -> None:
    """It gets title and text, and is known by its place and kind, never by its address."""
    channels = Channels(read=lambda: receiver.address)
    (name,) = channels.names()
    told = await channels.tell(name, title="Provider down", body="openai", tone="failure")
    assert told == Delivery("1 json", is_told=True)
    assert [(each["title"], each["message"], each["type"]) for each in receiver.told] == [
        ("Provider down", "openai", "failure")
    ]


async def test_what_fails_is_said_and_not_raised(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """A refusal, a port where nobody listens, an address that is none: each is an outcome, without the address."""
    receiver.refusals = 9
    addresses = f"{receiver.address}, json://127.0.0.1:1/nobody?secret=a-secret-word bogus://a-secret-word"
    channels = Channels(read=lambda: addresses)
    told = [await channels.tell(name, title="t", body="b", tone="info") for name in channels.names()]
    assert [(each.channel, each.is_told) for each in told] == [
        ("1 json", False),
        ("2 json", False),
        ("3 bogus", False),
    ]
    assert "a-secret-word" not in repr(told) + caplog.text


async def test_the_addresses_are_read_anew(receiver: Receiver) -> None:
    """A channel that was taken away is not told any more, without a restart."""
    addresses: list[str | None] = [receiver.address]
    channels = Channels(read=lambda: addresses[0])
    (name,) = channels.names()
    addresses[0] = None
    assert channels.names() == ()
    told = await channels.tell(name, title="t", body="b", tone="info")
    assert told.reason == "is not configured any more"
    assert receiver.told == []

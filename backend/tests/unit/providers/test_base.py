"""What all providers do alike: found by name, checked addresses, model lists."""

import pytest

import ultra.providers
from tests.fakes.raw_server import answer
from ultra.discovery import collect
from ultra.domain.errors import NetworkFailed, ProtocolViolated, RateLimited, TimedOut, UpstreamRefusedKey
from ultra.domain.ports import Provider
from ultra.providers import Anthropic, Compatible, Gemini, HttpProvider, OpenAI, Timeouts


def test_every_vendor_is_found_by_its_name():
    """The package is its own register."""
    assert collect(ultra.providers, HttpProvider) == {
        "anthropic": Anthropic,
        "compatible": Compatible,
        "gemini": Gemini,
        "openai": OpenAI,
    }


def test_offers_what_it_names():
    """The public face is a true list."""
    assert all(hasattr(ultra.providers, name) for name in ultra.providers.__all__)
    assert sorted(ultra.providers.__all__) == sorted(set(ultra.providers.__all__))


@pytest.mark.parametrize(
    "url", ["", "api.openai.com/v1", "ftp://x", "https://user:pw@x/v1", "https://x/v1?key=1", "https://x/#f", "https:///v1"]
)  # fmt: skip
def test_a_base_url_is_checked_at_once(pure, url):
    """An address that could leak or mislead is refused when the provider is made, without repeating it."""
    with pytest.raises(ValueError, match="base URL is") as caught:
        pure(OpenAI, base_url=url)
    assert "pw" not in str(caught.value)


def test_keeps_the_promise(pure):
    """Every class is what the gateway asks for."""
    for kind in (OpenAI, Anthropic, Gemini):
        provider: Provider = pure(kind, base_url="https://x/v1/")
        assert provider.name == kind.name


@pytest.mark.parametrize("kind", [OpenAI, Anthropic, Gemini])
async def test_a_model_list_fails_in_our_words(make, server, kind):
    """Refused keys, limits, pages and silence are the same errors as for answers, and leave nothing open."""
    server.plan(answer(401, b'{"error":{"message":"bad sk-test-0123456789","type":"authentication_error"}}'))
    server.plan(answer(429, b"{}", "retry-after: 3"))
    server.plan(answer(200, b"<html>"))
    for _ in range(2):
        server.plan("reset")  # the client asks once more, as it may for a GET
    provider = make(kind)
    for expected in (UpstreamRefusedKey, RateLimited, ProtocolViolated, NetworkFailed):
        with pytest.raises(expected) as caught:
            await provider.list_models()
        assert "0123456789" not in str(caught.value)
        if expected is RateLimited:
            assert caught.value.retry_after == 3.0


async def test_a_model_list_does_not_wait_for_ever(make, server):
    """Silence ends the wait."""
    server.plan(holds=True)
    with pytest.raises(TimedOut):
        await make(OpenAI, timeouts=Timeouts(connect=1.0, first_byte=0.1)).list_models()


async def test_a_model_list_needs_the_key(make, server):
    """Without a key nobody is asked."""
    with pytest.raises(UpstreamRefusedKey) as caught:
        await make(OpenAI, key=lambda: None).list_models()
    assert (caught.value.hint, server.requests) == ("Set THE_KEY.", [])

"""Live lists: read beside one another in the background, failures remembered, good lists kept."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from ultra.domain.errors import NetworkFailed, UltraError, UpstreamRefusedKey
from ultra.domain.models import ListedModel
from ultra.inventory import LiveLists, ProviderSource


async def test_lists_are_read_at_once_and_kept(build: Callable) -> None:
    """Every provider's list is there after one refresh."""
    house = build({"openai": ["a", "b"], "gemini": ["c"]})
    await house.live.refresh()
    assert set(house.live.of("openai").models or ()) == {"a", "b"}
    assert house.live.of("anthropic").models == {}
    assert house.live.of("gemini").read_at == house.system.now()
    assert house.live.of("nobody").models is None


async def test_a_failure_is_remembered_beside_the_last_good_list(build: Callable) -> None:
    """One bad provider neither raises nor empties anything."""
    house = build({"openai": ["a"]})
    await house.live.refresh()
    house.providers["openai"].models = NetworkFailed("unreachable", code="dns")
    await house.live.refresh()
    kept = house.live.of("openai")
    assert set(kept.models or ()) == {"a"}
    assert isinstance(kept.error, NetworkFailed)
    house.providers["openai"].models = [ListedModel("b")]
    await house.live.refresh()
    assert (set(house.live.of("openai").models or ()), house.live.of("openai").error) == ({"b"}, None)


async def test_a_provider_without_its_key_is_not_asked(build: Callable) -> None:
    """Nothing is sent where it could only be refused."""
    house = build({"openai": UpstreamRefusedKey("no key")})
    house.keys["openai"] = False
    await house.live.refresh()
    assert house.live.of("openai").checked_at is None


async def test_lists_are_read_again_in_time_and_failed_ones_sooner(build: Callable) -> None:
    """Every 15 minutes; a failed one every minute in between, alone."""
    house = build({"openai": NetworkFailed("down"), "gemini": ["c"]})
    task = asyncio.create_task(house.live.run())
    await house.system.settled()
    first = house.live.of("gemini").read_at
    await house.system.tick(60)
    assert house.live.of("openai").checked_at == house.system.now()
    assert house.live.of("gemini").read_at == first
    house.providers["openai"].models = [ListedModel("a")]
    await house.system.tick(60)
    assert house.live.of("openai").error is None
    await house.system.tick(900)
    assert house.live.of("gemini").read_at != first
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class OddProvider:
    """Breaks its promise: raises what no provider should, or never answers."""

    name = "odd"

    def __init__(self, trouble: Exception | None) -> None:
        self.trouble = trouble

    async def list_models(self) -> tuple[ListedModel, ...]:
        """Raise the trouble, or wait for ever."""
        if self.trouble is not None:
            raise self.trouble
        await asyncio.Event().wait()
        return ()


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (ConnectionResetError(), "network_failed"),
        (KeyError("id"), "protocol_violated"),
        (None, "timed_out"),
    ],
)
async def test_any_trouble_is_an_error_of_ours(build: Callable, trouble: Exception | None, kind: str) -> None:
    """A broken list, a broken line and silence are each remembered under their kind."""
    source = ProviderSource(OddProvider(trouble), lambda: True)  # type: ignore[arg-type]  # only its list is asked for
    live = LiveLists(sources=[source], system=build().system, timeout_s=0.01)
    await live.refresh()
    error = live.of("odd").error
    assert isinstance(error, UltraError)
    assert error.kind == kind


async def test_what_runs_at_start_runs_in_a_thread(build: Callable) -> None:
    """Slow imports do not hold up the loop, and leaving waits for them."""
    house = build()
    ran: list[bool] = []
    live = LiveLists(sources=[], system=house.system, on_start=lambda: ran.append(True))
    task = asyncio.create_task(live.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ran == [True]


async def test_only_those_who_can_be_asked_have_a_list_to_wait_for(build: Callable) -> None:
    """A provider without its key is not asked, and nobody misses its list."""
    house = build({"openai": ["a"]})
    house.keys["gemini"] = False
    await house.live.refresh()
    assert set(house.live.asked()) == {"openai", "anthropic"}
    assert set(house.live.asked()["openai"].models or ()) == {"a"}


async def test_other_sources_keep_what_is_known_of_those_that_stay(build: Callable) -> None:
    """The same address keeps its list, another one has to be read, and one that went is forgotten."""
    house = build({"openai": ["a"], "gemini": ["c"]})
    await house.live.refresh()
    openai, _, gemini = house.live._sources
    before = house.live.version
    moved = replace(gemini, base_url="https://elsewhere.example")
    assert house.live.replace_sources([openai, moved]) == (moved,)
    assert house.live.version > before
    assert set(house.live.of("openai").models or ()) == {"a"}
    assert house.live.of("gemini").models is None
    await house.live.refresh([gemini])
    assert house.live.of("gemini").models is None, "the answer of an address that is not asked any more"
    await house.live.refresh()
    assert set(house.live.of("gemini").models or ()) == {"c"}

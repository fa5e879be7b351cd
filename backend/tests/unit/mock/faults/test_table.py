"""The table of scenarios: their names, and that each one does something on every wire."""

import contextlib

import aiohttp
import pytest

from tests.unit.mock.faults.reading import VENDORS
from ultra.mock.faults import SCENARIOS, Settings, UnknownScenario, choose, of_model


@pytest.mark.parametrize(
    ("name", "scenario", "settings"),
    [
        ("stall-5s", "stall", Settings(seconds=5)),
        ("stall-after-7-200ms", "stall", Settings(count=7, seconds=0.2)),
        ("status-429", "status", Settings(number=429)),
        ("retired-after-2", "retired", Settings(count=2)),
        ("rate-limit-2s", "rate-limit", Settings(seconds=2)),
        ("rate-limit-ms-50ms", "rate-limit-ms", Settings(seconds=0.05)),
        ("error-in-stream", "error-in-stream", Settings()),
    ],
)
def test_reads_names(name, scenario, settings):
    """A name is a scenario and its numbers."""
    chosen = choose(name)
    assert (chosen.scenario.name, chosen.settings) == (scenario, settings)


@pytest.mark.parametrize("name", ["", "nonsense", "stall-soon", "stall-after", "status-4x9"])
def test_refuses_unknown_names(name):
    """A name that cannot be read is refused with the known ones, or with what is wrong."""
    with pytest.raises(UnknownScenario):
        choose(name)


def test_models_name_scenarios():
    """Only models that begin with `mock-` ask for a fault."""
    assert of_model("mock-status-503").settings.number == 503
    assert of_model("gpt-5.5") is None


def test_every_scenario_says_what_happens():
    """Each has a sentence of its own."""
    sentences = [scenario.sentence for scenario in SCENARIOS.values()]
    assert all(len(sentence) > 10 and sentence.endswith(".") for sentence in sentences)
    assert len(set(sentences)) == len(sentences)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("stream", [False, True])
async def test_every_scenario_answers_or_breaks(raw, vendor, stream):
    """On every wire each scenario gives a response or a broken connection, and the log knows the outcome."""
    endless = ("stall", "slow-start", "silent")
    tried = ["drip-0s" if name == "drip" else name for name in SCENARIOS if name not in endless]
    for name in tried:
        with contextlib.suppress(aiohttp.ClientError):
            async with raw.post(vendor, name, stream=stream) as reply:
                await reply.read()
    logged = (await raw.control("requests"))["requests"]
    assert [entry["scenario"] for entry in logged] == tried
    ends = {"reset": "reset", "close": "hung_up"}
    for entry in logged[:-1]:
        assert entry["outcome"] == ends.get(entry["scenario"].partition("-")[0], "finished"), entry["scenario"]

"""The table of scenarios and the grammar of their names: `stall-after-5-30s`, `status-429`, `retired-after-2`."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ultra.mock.faults import distortions, interruptions, refusals
from ultra.mock.faults.act import Act, Settings
from ultra.mock.steps import Step

Performance: TypeAlias = Callable[[Act], Iterator[Step]]

MODEL_PREFIX = "mock-"
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")


class UnknownScenario(ValueError):
    """No scenario has that name, or its numbers cannot be read."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing that can go wrong; `sentence` says what happens."""

    name: str
    perform: Performance

    @property
    def sentence(self) -> str:
        """The first line of what performs it."""
        return (self.perform.__doc__ or "").strip().splitlines()[0]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A scenario with its numbers, under the name it was asked for by."""

    name: str
    scenario: Scenario
    settings: Settings


def normal(act: Act) -> Iterator[Step]:
    """Answer as if nothing was wrong."""
    return act.normal()


_ALL: tuple[Performance, ...] = (
    normal,
    refusals.status,
    refusals.bad_key,
    refusals.forbidden,
    refusals.not_found,
    refusals.retired,
    refusals.too_large,
    refusals.context_too_long,
    refusals.quota,
    refusals.rate_limit,
    refusals.rate_limit_seconds,
    refusals.rate_limit_ms,
    refusals.rate_limit_date,
    refusals.rate_limit_skewed,
    refusals.rate_limit_reset,
    refusals.rate_limit_rfc3339,
    refusals.rate_limit_bare,
    refusals.overloaded,
    refusals.unavailable,
    refusals.server_error,
    refusals.timeout,
    refusals.flaky,
    refusals.html_502,
    refusals.html_200,
    refusals.empty_body,
    refusals.other_json,
    interruptions.reset_before_headers,
    interruptions.reset_after_headers,
    interruptions.reset_mid_event,
    interruptions.close_mid_event,
    interruptions.half_utf8,
    interruptions.no_terminator,
    interruptions.no_last_event,
    interruptions.stall,
    interruptions.slow_start,
    interruptions.silent,
    interruptions.drip,
    distortions.error_in_stream,
    distortions.server_error_in_stream,
    distortions.invalid_json,
    distortions.unknown_event,
    distortions.unknown_field,
    distortions.unknown_finish,
    distortions.empty_choices,
    distortions.no_usage,
    distortions.huge_event,
    distortions.duplicate_tool_ids,
    distortions.invalid_tool_args,
    distortions.refusal,
    distortions.filtered,
    distortions.blocked,
    distortions.cut_at_limit,
    distortions.keepalives,
    distortions.odd_framing,
)


def _named(perform: Performance) -> Scenario:
    return Scenario(getattr(perform, "__name__", "").replace("_", "-"), perform)


SCENARIOS: Mapping[str, Scenario] = {scenario.name: scenario for scenario in map(_named, _ALL)}


def choose(name: str, *, count: int | None = None) -> Chosen:
    """Return the scenario of that name with the numbers in it; `count` replaces the `after` in the name."""
    words = name.strip().lower().split("-")
    for length in range(len(words), 0, -1):
        scenario = SCENARIOS.get("-".join(words[:length]))
        if scenario is not None:
            settings = _read(name, words[length:])
            return Chosen(
                name, scenario, settings if count is None else Settings(count, settings.seconds, settings.number)
            )
    raise UnknownScenario(f"There is no scenario {name!r}; the mock knows {', '.join(SCENARIOS)}.")


def of_model(model: str) -> Chosen | None:
    """Return what a model name asks for: `mock-stall-5s`; None for any other model."""
    return choose(model.removeprefix(MODEL_PREFIX)) if model.startswith(MODEL_PREFIX) else None


def _read(name: str, words: list[str]) -> Settings:
    """Read the numbers behind a scenario's name: `after-3`, `5s`, `200ms`, `429`."""
    count: int | None = None
    seconds: float | None = None
    number: int | None = None
    left = iter(words)
    for word in left:
        timed = _SECONDS.fullmatch(word)
        if timed:
            seconds = float(timed.group(1)) / (1000 if timed.group(2) == "ms" else 1)
        elif word == "after" and (following := next(left, "")).isdecimal():
            count = int(following)
        elif word.isdecimal():
            number = int(word)
        else:
            raise UnknownScenario(f"{word!r} in {name!r} is neither `after-N`, seconds (`5s`, `200ms`) nor a number.")
    return Settings(count, seconds, number)

"""Sets what holds in two environments side by side."""

from collections.abc import Iterator
from dataclasses import dataclass

from ultra.config import Survey, Surveyed, masked


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting whose value is not the same, fit to be shown; None is not set."""

    name: str
    now: str | None
    then: str | None


def compare(now: Survey, then: Survey, *, reveal: bool = False) -> tuple[Difference, ...]:
    """Return the settings that differ, in the order of the reference page. Secrets are masked unless `reveal`."""
    return tuple(_differences(now, then, reveal=reveal))


def _differences(now: Survey, then: Survey, *, reveal: bool) -> Iterator[Difference]:
    absent = Surveyed(None, "default", "not set")
    for name in dict.fromkeys([*now.values, *then.values]):
        one, other = now.values.get(name, absent).raw, then.values.get(name, absent).raw
        if one == other:
            continue
        shown, beside = (_shown(name, value, reveal=reveal) for value in (one, other))
        yield Difference(name, shown, f"{beside} (another)" if shown == beside else beside)


def _shown(name: str, value: str | None, *, reveal: bool) -> str | None:
    return value if value is None or reveal else masked(name, value)

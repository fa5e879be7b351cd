"""For each id of `--connect` what is seen when it is found, and what is seen when it is not."""

from collections.abc import Mapping
from typing import Final

from ultra.checks.asked import Asked
from ultra.checks.reaching import CounterSeen, DatabaseSeen, ProviderSeen, Reached

GROQ: Final = Asked(
    name="groq",
    setting="providers.groq.base_url",
    url="https://api.groq.com/openai/v1",
    is_mock=False,
    is_private=False,
    key_setting="GROQ_API_KEY",
    has_key=True,
)


def database(**seen: object) -> Reached:
    """Return a database that was seen like this."""
    return Reached(database=DatabaseSeen(**seen))


def groq(**seen: object) -> Reached:
    """Return a provider that was seen like this."""
    return Reached(providers=(ProviderSeen(GROQ, **seen),))


SIGHTS: Final[Mapping[str, tuple[Reached, Reached]]] = {
    "U090": (database(failure="cannot be reached"), database()),
    "U091": (database(pending=("0002", "0003")), database()),
    "U092": (database(stamp="testing"), database(stamp="production")),
    "U093": (Reached(counter=CounterSeen(failure="cannot be reached")), Reached(counter=CounterSeen(ahead_s=0.1))),
    "U094": (database(ahead_s=-2.1), database(ahead_s=-1.9)),
    "U095": (groq(failure="The connection to groq was refused."), groq(models=frozenset())),
    "U096": (groq(failure="No.", refuses_key=True), groq(failure="The connection to groq was refused.")),
    "U097": (groq(models=frozenset({"small"})), groq(models=frozenset({"small", "large"}))),
}
"""In production, with an alias for `groq/large`."""

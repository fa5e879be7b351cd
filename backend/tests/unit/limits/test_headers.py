"""How limits are told to clients."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.domain.limits import Decision, Limit, Standing
from ultra.limits import gcra
from ultra.limits.headers import go_duration, limit_headers, openai_headers, retry_after

ADDRESS = Limit("address", 3000, 60.0)
PRINCIPAL = Limit("principal", 100, 60.0)
TOKENS = Limit("tokens", 50_000, 60.0, "tokens")
COST = Limit("cost", 12_000, 60.0, "cost")
PASSED = Decision(
    allowed=True,
    standings=(
        Standing(ADDRESS, 2999, 0.02, 0.02),
        Standing(PRINCIPAL, 40, 36.0, 0.6),
        Standing(TOKENS, 1000, 58.8, 0.0012),
        Standing(COST, 5, 59.975, 0.005),
    ),
)

_ITEM = re.compile(r'"(?P<name>(?:[ !#-\[\]-~]|\\["\\])*)"(?P<rest>(?:;[a-z]+=(?:-?\d{1,15}|"[ !#-\[\]-~]*"))*)')


def parsed(field: str) -> list[tuple[str, dict[str, int | str]]]:
    """Read a structured field (RFC 9651): a list of strings with parameters; fails on anything else."""
    found, position = [], 0
    while True:
        item = _ITEM.match(field, position)
        assert item is not None, field[position:]
        pairs = [pair.split("=", 1) for pair in item["rest"].split(";")[1:]]
        parameters = {key: value.strip('"') if '"' in value else int(value) for key, value in pairs}
        found.append((item["name"].replace('\\"', '"').replace("\\\\", "\\"), parameters))
        position = item.end()
        if position == len(field):
            return found
        assert field[position : position + 2] == ", "
        position += 2


def test_policies_and_what_is_left() -> None:
    """Each limit by name, amount, unit and window; what is left of each and for how long that holds."""
    headers = limit_headers(PASSED)
    assert headers == {
        "RateLimit-Policy": '"address";q=3000;w=60, "principal";q=100;w=60, '
        '"tokens";q=50000;qu="tokens";w=60, "cost";q=12000;qu="cost";w=60',
        "RateLimit": '"address";r=2999;t=0, "principal";r=40;t=0, "tokens";r=1000;t=0, "cost";r=5;t=0',
    }
    assert [name for name, _ in parsed(headers["RateLimit-Policy"])] == ["address", "principal", "tokens", "cost"]


def test_a_refusal_tells_of_what_refused() -> None:
    """All policies, what is left of the violated ones, and whole seconds until all of them pass."""
    slow = Limit("slow", 10, 10.0)
    standings = (Standing(Limit("daily", 10, 86_400.0), 9, 8640.0, 8640.0), Standing(slow, 0, 9.9, 0.9))
    headers = limit_headers(Decision(False, standings, 0.9, ("slow",)))
    assert headers == {
        "RateLimit-Policy": '"daily";q=10;w=86400, "slow";q=10;w=10',
        "RateLimit": '"slow";r=0;t=0',
        "Retry-After": "1",
    }


def test_a_refusal_by_places_alone_has_no_rate_to_tell() -> None:
    """Saturation is told by Retry-After."""
    assert limit_headers(Decision(False, (), 1.0, ("concurrency",))) == {"Retry-After": "1"}


def test_no_limit_no_header() -> None:
    """Where nothing is limited nothing is said."""
    assert limit_headers(Decision(True, ())) == {}
    assert openai_headers(Decision(True, ())) == {}


def test_a_name_cannot_leave_its_quotes() -> None:
    """Quotes, backslashes and line breaks in a name stay inside the string, or are replaced."""
    headers = limit_headers(Decision(True, (Standing(Limit('a"b\\c\r\né', 1, 1.0), 1, 0.0),)))
    assert parsed(headers["RateLimit"]) == [('a"b\\c???', {"r": 1, "t": 0})]


@given(
    amount=st.integers(1, 500),
    window_s=st.floats(0.5, 4000),
    pauses=st.lists(st.tuples(st.integers(0, 20_000_000), st.integers(1, 3)), min_size=1, max_size=60),
)
def test_what_is_left_never_rises_before_its_time(amount: int, window_s: float, pauses: list[tuple[int, int]]) -> None:
    """Of any history: valid fields, `t` at most `w`, `r` rises only after `t`, `Retry-After` is enough."""
    limit = Limit("any", amount, window_s)
    tat, now = None, 0
    earlier: tuple[int, int, int] | None = None
    for pause, weight in pauses:
        now += pause
        step = gcra.step(tat, now, limit, weight)
        tat = step.tat
        wait = step.retry_after / gcra.SECOND
        standing = gcra.standing(step.tat, now, limit)
        headers = limit_headers(Decision(step.allowed, (standing,), wait, () if step.allowed else ("any",)))
        ((_, left),) = parsed(headers["RateLimit"])
        ((_, policy),) = parsed(headers["RateLimit-Policy"])
        assert 0 <= left["t"] <= policy["w"]
        assert 0 <= left["r"] <= policy["q"] == amount
        if earlier is not None and now < earlier[0] + earlier[2] * gcra.SECOND:
            assert left["r"] <= earlier[1]
        if not step.allowed:
            assert int(headers["Retry-After"]) >= left["t"]
            assert gcra.step(tat, now + int(headers["Retry-After"]) * gcra.SECOND, limit, weight).allowed
        earlier = (now, left["r"], left["t"])


def test_openais_headers_tell_of_the_tightest() -> None:
    """One limit of requests and one of tokens: those with least left; costs are Ultra's own business."""
    assert openai_headers(PASSED) == {
        "x-ratelimit-limit-requests": "100",
        "x-ratelimit-remaining-requests": "40",
        "x-ratelimit-reset-requests": "36s",
        "x-ratelimit-limit-tokens": "50000",
        "x-ratelimit-remaining-tokens": "1000",
        "x-ratelimit-reset-tokens": "58.8s",
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (-1, "0s"),
        (0.0004, "1ms"),
        (0.012, "12ms"),
        (0.9991, "1s"),
        (1, "1s"),
        (1.5, "1.5s"),
        (59.9999, "1m0s"),
        (60, "1m0s"),
        (90.25, "1m30.25s"),
        (360, "6m0s"),
        (3600, "1h0m0s"),
        (93_784.5, "26h3m4.5s"),
    ],
)
def test_durations_are_written_as_go_does(seconds: float, text: str) -> None:
    """The format that OpenAI's clients parse."""
    assert go_duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "1"), (0.2, "1"), (1.0, "1"), (1.01, "2"), (59.9, "60")])
def test_waiting_is_told_in_whole_seconds(seconds: float, text: str) -> None:
    """Rounded up, and never nothing."""
    assert retry_after(seconds) == text

"""How long to wait, in all dialects of headers."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.providers.delays import LONGEST, asked_delay, duration, reset_delay

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "86400"}, LONGEST),
        ({"retry-after": "inf"}, LONGEST),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "7"}, 7.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2027 12:00:00 GMT"}, LONGEST),
        # a vendor whose clock is three hours slow: its own date tells what it means
        ({"retry-after": "Sun, 22 Nov 2026 09:00:20 GMT", "date": "Sun, 22 Nov 2026 09:00:00 GMT"}, 20.0),
        ({"retry-after": "Sun, 22 Nov 2026 15:00:20 GMT", "date": "Sun, 22 Nov 2026 15:00:00 GMT"}, 20.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT", "date": "never"}, 30.0),
        ({"retry-after": "Sun, 99 Nov 2026 12:00:30 GMT"}, None),
    ],
)
def test_reads_what_was_asked(headers, seconds):
    """Milliseconds go before seconds; dates are measured against the vendor's own; never negative, an hour at most."""
    assert asked_delay(headers, now=NOW) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("12ms", 0.012),
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("2m59.5s", 179.5),
        ("1h", 3600.0),
        ("30h", LONGEST),
        ("59s", 59.0),
        ("1.5", 1.5),
        ("", None),
        ("soon", None),
        ("1x", None),
        ("-5s", None),
        ("s", None),
    ],
)
def test_reads_durations(value, seconds):
    """Go's durations and protobuf's are read whole or not at all."""
    assert duration(value) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"x-ratelimit-reset-requests": "2s"}, 2.0),
        ({"x-ratelimit-reset-requests": "2s", "x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        (
            {
                "x-ratelimit-reset-requests": "2s",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-tokens": "6m0s",
                "x-ratelimit-remaining-tokens": "900",
            },
            2.0,
        ),
        ({"anthropic-ratelimit-tokens-reset": "2026-11-22T12:00:40Z"}, 40.0),
        ({"anthropic-ratelimit-tokens-reset": "2026-11-22T11:00:00Z"}, 0.0),
        (
            {
                "anthropic-ratelimit-input-tokens-reset": "2026-11-22T09:00:15Z",
                "date": "Sun, 22 Nov 2026 09:00:00 GMT",
            },
            15.0,
        ),
        ({"x-ratelimit-reset-requests": "whenever"}, None),
    ],
)
def test_reads_rate_limit_resets(headers, seconds):
    """Exhausted limits count before those with something left; dates and durations are both understood."""
    assert reset_delay(headers, now=NOW) == seconds


@given(value=st.text(max_size=30))
def test_never_fails_and_never_goes_out_of_bounds(value):
    """Whatever a header holds, the answer is None or between nothing and an hour."""
    headers = {"retry-after": value, "date": value, "x-ratelimit-reset-tokens": value}
    for delay in (asked_delay(headers, now=NOW), reset_delay(headers, now=NOW), duration(value)):
        assert delay is None or 0 <= delay <= LONGEST

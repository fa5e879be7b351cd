"""How often something happened lately."""

from hypothesis import given
from hypothesis import strategies as st

from ultra.telemetry.alerts.bursts import Recent


@given(st.lists(st.floats(0, 40), max_size=60))
def test_what_happened_lately_is_counted(gaps: list[float]) -> None:
    """All of the last nine tenths of the window are counted, and nothing from before it and a tenth."""
    recent, at, times = Recent(window_s=100), 0.0, []
    for gap in gaps:
        at += gap
        recent.add(at)
        times.append(at)
    surely = sum(each > at - 90 for each in times)
    possibly = sum(each > at - 110 for each in times)
    assert surely <= recent.count(at) <= possibly


def test_it_is_forgotten() -> None:
    """A window later nothing has happened."""
    recent = Recent(window_s=10)
    recent.add(0)
    recent.add(0.5)
    assert recent.count(5) == 2
    assert recent.count(11) == 0

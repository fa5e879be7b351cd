"""No call outlives the caller's time."""

import pytest

from ultra.domain.errors import (
    TimedOut,
)


async def test_a_deadline_already_over_asks_nobody(bench) -> None:
    """Nothing is reserved or opened for a caller who is too late."""
    with pytest.raises(TimedOut):
        await bench.ask("best", call=bench.call(0))
    assert (bench.ledger.rows, bench.a.opened, bench.b.opened) == ([], 0, 0)


async def test_after_the_deadline_no_other_candidate_is_asked(bench, answer) -> None:
    """The time is over for all of them: the caller hears `TimedOut`."""
    bench.plan("a/one", [200.0, *answer()])
    with pytest.raises(TimedOut):
        await bench.ask("best", call=bench.call(50))
    assert bench.b.opened == 0
    assert bench.system.monotonic() == 1050

"""SIGTERM with twenty streams open, and once more while they end."""

import signal
import sqlite3
from collections import Counter

from tests.faults.listening import Listener
from tests.journeys.programs import mock_process, ultra_process, until

SETTINGS = {"ULTRA_SHUTDOWN_GRACE_S": "3"}
QUESTION = [{"role": "user", "content": "Why is the sky blue?"}]


def test_twenty_streams_end_in_order(tmp_path):
    """Ten end by themselves and ten are told why they end; nothing is cut, no row is left open, the exit is 0."""
    with mock_process() as mock:
        mock.arm("stall-after-2-1s", model="alpha", times=10)
        mock.arm("stall-after-2-600s", model="beta", times=10)
        with ultra_process(tmp_path, mock, settings=SETTINGS) as ultra:
            heard = {
                name: [
                    Listener(
                        f"{ultra.url}/v1/chat/completions",
                        {"model": f"acme/{name}", "messages": QUESTION, "stream": True},
                    )
                    for _ in range(10)
                ]
                for name in ("alpha", "beta")
            }
            until(lambda: len(mock.outcomes()) == 20, patience=60, what="twenty calls")
            for listener in heard["beta"]:
                listener.hears(b'"content"')
            ultra.signal(signal.SIGTERM)
            until(lambda: "finished" in mock.outcomes("alpha"), patience=30, what="a stream that has ended by itself")
            ultra.signal(signal.SIGTERM)
            assert ultra.ended() == 0
            assert "Traceback" not in ultra.log()
    for listener in (*heard["alpha"], *heard["beta"]):
        assert listener.to_the_end().ended == "whole"
    assert all(listener.heard.endswith(b"data: [DONE]\n\n") for listener in heard["alpha"])
    lasts = [listener.heard.rstrip(b"\n").split(b"\n\n")[-1] for listener in heard["beta"]]
    assert all(b'"error"' in last and b"shutting down" in last for last in lasts)
    with sqlite3.connect(ultra.database) as kept:
        assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = kept.execute("SELECT outcome, settled_at IS NOT NULL FROM ledger").fetchall()
    assert Counter(rows) == {("ok", 1): 10, ("cancelled", 1): 10}

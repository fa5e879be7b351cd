"""A terminal that was closed is told from an operator who wants a reload."""

import io
import os
import pty
import sys

import pytest

from ultra.cli._terminal import Terminal


def test_without_a_terminal_none_can_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service has none: SIGHUP means a reload."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert not Terminal().is_gone


def test_a_terminal_that_closes_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the other end is closed, there is nobody left to serve for."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r") as line:
        monkeypatch.setattr(sys, "stdin", line)
        terminal = Terminal()
        assert line.isatty()
        os.close(ours)
        assert terminal.is_gone

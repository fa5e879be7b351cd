"""Whether the terminal that a server was started from has been closed."""

import os
import sys


class Terminal:
    """The terminal of this process, if it has one.

    Closing a terminal sends SIGHUP, and so does an operator who wants a reload: whether the terminal is still there
    tells them apart.
    """

    def __init__(self) -> None:
        self._was_there = sys.stdin is not None and sys.stdin.isatty()

    @property
    def is_gone(self) -> bool:
        """Whether it was there and is not any more."""
        if not self._was_there:
            return False
        try:
            os.tcgetpgrp(sys.stdin.fileno())
        except (OSError, ValueError):
            return True
        return False

"""Programs of the operating system that a few tests need: nginx, promtool, libfaketime.

Where one is absent its tests are not run and say so; in CI, which installs them, that is a failure.
"""

import os
import shutil
from pathlib import Path

import pytest

_PLACES = "/usr/sbin:/usr/local/sbin:/sbin"
_FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


def program(name: str) -> str:
    """Return the path of a program, or leave the test unrun."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_PLACES}")
    return found or _absent(name)


def faketime_library() -> str:
    """Return the path of the library that gives a process a clock of its own, or leave the test unrun."""
    return str(_FAKETIME[0]) if _FAKETIME else _absent("libfaketime")


def _absent(name: str) -> str:
    if os.environ.get("CI"):
        pytest.fail(f"{name} is not installed, and CI leaves nothing out")
    pytest.skip(f"not run: {name} is not installed")

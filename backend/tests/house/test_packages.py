"""What is shipped: the wheel holds all that runs and nothing that tests; packages offer what they list."""

import importlib
import pkgutil
import subprocess
import sys
import zipfile
from pathlib import Path

import ultra

ROOT = Path(__file__).parents[3]


def test_the_lists_of_what_is_offered_are_true() -> None:
    """Every name in an `__all__` exists, and stands there once."""
    for info in pkgutil.walk_packages(ultra.__path__, "ultra."):
        if info.ispkg:
            package = importlib.import_module(info.name)
            offered = getattr(package, "__all__", [])
            assert [name for name in offered if not hasattr(package, name)] == [], info.name
            assert len(set(offered)) == len(offered), info.name


def test_the_wheel_holds_everything_and_no_tests(tmp_path: Path) -> None:
    """Lenses, the catalogue, migrations and `py.typed` are inside; tests, scripts and env templates are not."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    inside = {Path(name).relative_to("ultra") for name in names if name.startswith("ultra/")}
    source = ROOT / "backend" / "ultra"
    wanted = {
        path.relative_to(source) for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == wanted
    assert {path.suffix for path in inside} >= {".py", ".md", ".json"}
    assert Path("py.typed") in inside
    assert not [name for name in names if "tests" in name]


def test_importing_ultra_opens_nothing() -> None:
    """No module opens a socket or leaves a thread when it is imported."""
    program = """
import importlib, pkgutil, socket, sys, threading
def refuse(*args, **kwargs): raise AssertionError("a socket at import")
socket.socket.connect = socket.socket.bind = socket.getaddrinfo = refuse
import ultra
for info in pkgutil.walk_packages(ultra.__path__, "ultra."):
    if not info.name.endswith("__main__") and ".migrations" not in info.name:
        importlib.import_module(info.name)
assert threading.active_count() == 1, threading.enumerate()
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=ROOT / "backend", check=True)

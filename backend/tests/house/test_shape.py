"""The house keeps its shape: small files, small functions, names that say something."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = sorted((ROOT / "backend" / "ultra").rglob("*.py"))
EVERYTHING = sorted(
    path
    for folder in ("backend", "scripts", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if "__pycache__" not in path.parts
)
DRAWERS = re.compile(r"^(utils?|common|helpers?|misc|core|lib)$")
COMPARATIVES = re.compile(r"(^|_)(new|old|enhanced|better|simple|improved|unified|v2|fixes|refactored)($|_)")


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_is_short(path: Path) -> None:
    """No file is longer than 400 lines."""
    assert len(path.read_text().splitlines()) <= 400


def test_most_files_are_near_a_hundred_lines() -> None:
    """Nine of ten source files stay under 200 lines, and the median is near 100."""
    lengths = sorted(len(path.read_text().splitlines()) for path in SOURCES)
    assert lengths[len(lengths) * 9 // 10] <= 200
    assert lengths[len(lengths) // 2] <= 120


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_are_short(path: Path) -> None:
    """No function is longer than 40 lines, its docstring not counted."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = ast.get_docstring(node) is not None
            first = node.body[0].end_lineno if documented and len(node.body) > 1 else node.lineno
            assert node.end_lineno - first < 40, f"{node.name} in line {node.lineno}"


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_say_what_is_inside(path: Path) -> None:
    """No drawer and no comparative among the names of files and folders."""
    names = [*path.relative_to(ROOT).parts[:-1], path.stem.removeprefix("test_")]
    assert not [name for name in names if DRAWERS.search(name) or COMPARATIVES.search(name)]


def test_nothing_is_left_for_later() -> None:
    """No mark of unfinished work stands in the sources."""
    marks = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b|raise Not" + "ImplementedError")
    assert [str(path) for path in EVERYTHING if marks.search(path.read_text())] == []


def test_only_the_configuration_reads_the_environment() -> None:
    """`os.environ` is read in one place, and handed to it by the command line alone."""
    allowed = {"config", "cli"}
    readers = {
        path.relative_to(ROOT / "backend" / "ultra").parts[0]
        for path in SOURCES
        if re.search(r"os\.(environ|getenv)", path.read_text())
    }
    assert readers <= allowed

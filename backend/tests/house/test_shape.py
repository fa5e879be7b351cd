"""The house keeps its shape: small files, small functions, names that say something."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCES = sorted((ROOT / "backend" / "ultra").rglob("*.py"))
EVERYTHING = sorted(
    path
    for folder in ("backend", "scripts", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if "__pycache__" not in path.parts
)
VAGUE = re.compile(
    r"^(utils?|common|helpers?|misc|core|lib)$"  # drawers
    r"|(^|_)(new|old|enhanced|better|simple|improved|unified|v2|fixes|refactored)($|_)"  # comparatives
)


def _name(path: Path) -> str:
    """Return the path as one would type it."""
    return str(path.relative_to(ROOT))


def test_files_are_short() -> None:
    """No file is longer than 400 lines."""
    long = [_name(path) for path in EVERYTHING if len(path.read_text().splitlines()) > 400]
    assert not long, "\n".join(long)


def test_most_files_are_near_a_hundred_lines() -> None:
    """Nine of ten source files stay under 200 lines, and the median is near 100."""
    lengths = sorted(len(path.read_text().splitlines()) for path in SOURCES)
    assert lengths[len(lengths) * 9 // 10] <= 200
    assert lengths[len(lengths) // 2] <= 120


def _too_long(path: Path) -> list[str]:
    """Return the functions of a file that are longer than 40 lines, their docstrings not counted."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = ast.get_docstring(node) is not None
            first = node.body[0].end_lineno if documented and len(node.body) > 1 else node.lineno
            if node.end_lineno - first >= 40:
                found.append(f"{_name(path)}:{node.lineno} {node.name}")
    return found


def test_functions_are_short() -> None:
    """No function is longer than 40 lines, its docstring not counted."""
    functions = [function for path in SOURCES for function in _too_long(path)]
    assert not functions, "\n".join(functions)


def test_names_say_what_is_inside() -> None:
    """No drawer and no comparative among the names of files and folders."""
    names = {path: [*path.relative_to(ROOT).parts[:-1], path.stem.removeprefix("test_")] for path in EVERYTHING}
    vague = [_name(path) for path in EVERYTHING if any(VAGUE.search(name) for name in names[path])]
    assert not vague, "\n".join(vague)


def test_every_exception_carries_its_reason() -> None:
    """A rule that a line switches off is named there, with the reason behind it."""
    switches = re.compile(r"#\s*(noqa|type: ignore)\b(?P<rest>.*)")
    reasoned = re.compile(r"(: ?[A-Z0-9, ]+|\[[a-z, -]+\])\s+(#|-)\s*\S")
    bare = [
        f"{_name(path)}:{number}"
        for path in EVERYTHING
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (switch := switches.search(line)) and not reasoned.match(switch["rest"])
    ]
    assert not bare, "\n".join(bare)


def test_nothing_is_left_for_later() -> None:
    """No mark of unfinished work stands in the sources."""
    marks = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b|raise Not" + "ImplementedError")
    left = [_name(path) for path in EVERYTHING if marks.search(path.read_text())]
    assert not left, "\n".join(left)


def test_only_the_configuration_reads_the_environment() -> None:
    """`os.environ` is read in one place, and handed to it by the command line alone."""
    allowed = {"config", "cli"}
    readers = {
        path.relative_to(ROOT / "backend" / "ultra").parts[0]
        for path in SOURCES
        if re.search(r"os\.(environ|getenv)", path.read_text())
    }
    assert readers <= allowed

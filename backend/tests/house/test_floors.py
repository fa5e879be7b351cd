"""The floors are kept: who may import whom, and which library lives in which room."""

import ast
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "backend" / "ultra"

ROOMS_OF = {
    "aiohttp": {"providers", "mock"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "genai_prices": {"inventory"},
    "structlog": {"telemetry"},
    "fastapi": {"app.py", "gate", "api", "wire", "web"},
    "starlette": {"app.py", "gate", "api", "wire", "web", "mock"},
    "uvicorn": {"mock", "cli"},
    "typer": {"cli"},
    "rich": {"cli"},
    "openai": set(),
    "anthropic": set(),
    "google": set(),
    "httpx2": set(),
}
"""Each library has its room; the vendors' own clients have none."""

PLAIN = {"domain", "gateway", "analysis", "patterns", "protocols", "system.py", "discovery.py"}
"""What imports the standard library alone (`orjson` is the one exception, in `protocols`)."""


def test_floors_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """import-linter finds no import upwards or sideways."""
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT / "backend"))
    assert lint_imports(config_filename=str(ROOT / ".importlinter"), cache_dir=None) == 0


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_libraries_stay_in_their_rooms(path: Path) -> None:
    """No file imports a library that lives in another room."""
    room = path.relative_to(SOURCE).parts[0]
    for library in _libraries(path):
        if library in ROOMS_OF:
            assert room in ROOMS_OF[library], f"{library} does not belong in {room}"
        if room in PLAIN and library == "pydantic":
            pytest.fail(f"{room} stays free of pydantic")


def _libraries(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found

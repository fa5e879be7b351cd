"""The floors are kept: who may import whom, and which library lives in which room."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "backend" / "ultra"
SOURCES = sorted(SOURCE.rglob("*.py"))

ROOMS_OF = {
    "aiohttp": {"providers", "mock", "readiness"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "genai_prices": {"inventory"},
    "apprise": {"telemetry"},
    "prometheus_client": {"telemetry"},
    "opentelemetry": {"telemetry"},
    "structlog": {"telemetry"},
    "redis": {"limits"},
    "argon2": {"auth"},
    "jwt": {"auth"},
    "jinja2": {"web", "readiness"},
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


def test_floors_hold() -> None:
    """import-linter finds no import upwards or sideways."""
    linter = Path(sys.executable).with_name("lint-imports")
    # In a process of its own: it sets up logging for the process that it runs in.
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_libraries_stay_in_their_rooms() -> None:
    """No file imports a library that lives in another room."""
    astray = [
        f"{path.relative_to(SOURCE)} imports {library}"
        for path in SOURCES
        for library in _libraries(path)
        if _room(path) not in ROOMS_OF.get(library, {_room(path)})
    ]
    assert not astray, "\n".join(astray)


def test_plain_rooms_need_the_standard_library_alone() -> None:
    """What thinks imports nothing that has to be installed; JSON may be read quickly in the codecs."""
    wanted = [
        f"{path.relative_to(SOURCE)} imports {library}"
        for path in SOURCES
        if _room(path) in PLAIN
        for library in _libraries(path) - sys.stdlib_module_names - {"ultra"}
        if (_room(path), library) != ("protocols", "orjson")
    ]
    assert not wanted, "\n".join(wanted)


def _room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0]


def _libraries(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found

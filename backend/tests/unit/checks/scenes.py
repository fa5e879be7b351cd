"""For each id a configuration in which it is found, and one, as near as may be, in which it is not."""

import secrets
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import certifi

from tests.unit.checks.examining import examined, production
from ultra.checks import Check
from ultra.checks.configuration.disk_space import DiskSpace
from ultra.domain.findings import Finding

GOOD: Final = secrets.token_urlsafe(32)
OTHER: Final = secrets.token_urlsafe(32)
DEV: Final = {"ENVIRONMENT": "development"}
TESTING: Final = {"ENVIRONMENT": "testing"}
LENS: Final = "+++\nname = 'broken'\n+++\n"


@dataclass(frozen=True, slots=True)
class Scene:
    """Settings as the process environment, files by name (mode 0600), and whatever else has to be so."""

    environ: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    arrange: Callable[[Path], object] = lambda _: None
    check: Check | None = None
    """A check that is told what the machine is like; None takes the one that was collected."""

    def found(self, folder: Path) -> tuple[Finding, ...]:
        """Make it in `folder`, and return what is found in it."""
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.write_text(text)
            path.chmod(0o600)
        self.arrange(folder)
        examination = examined(folder, **self.environ)
        if self.check is None:
            return examination.findings
        assert examination.case is not None
        return tuple(self.check.find(examination.case))


def mode(name: str, bits: int) -> Callable[[Path], object]:
    """Return what gives a file or folder its mode."""
    return lambda folder: (folder / name).chmod(bits)


def stamped(environment: str) -> Callable[[Path], object]:
    """Return what makes a database of an environment where SQLite's usually is."""

    def make(folder: Path) -> None:
        (folder / "var").mkdir()
        with closing(sqlite3.connect(folder / "var" / "ultra.db")) as file:
            file.execute("CREATE TABLE stamp (name, value)")
            file.execute("INSERT INTO stamp VALUES ('environment', ?)", [environment])
            file.commit()

    return make


def toml(text: str) -> dict[str, str]:
    """Return the operator's file."""
    return {"ultra.toml": text}


NEIGHBOUR: Final = '[[providers]]\nname = "near"\nbase_url = "http://near.lan/v1"\nprivate = true\n'
OPENAI_PRIVATE: Final = '[[providers]]\nname = "openai"\nprivate = true\n'
GROQ: Final = '[[providers]]\nname = "groq"\npreset = "groq"\n'

READING: Final[Mapping[str, tuple[Scene, Scene]]] = {
    "U001": (Scene({"ENVIRONMENT": "prod"}), Scene(production())),
    "U002": (Scene({"ULTRA_PROT": "1"}), Scene({"ULTRA_PORT": "1", "PROT": "1"})),
    "U003": (Scene({"ULTRA_PORT": "many"}), Scene({"ULTRA_PORT": "65535"})),
    "U004": (
        Scene({}, {".env.development": "ULTRA_PORT=1\nULTRA_PORT=2\n"}),
        Scene({}, {".env.development": "# two ports\nULTRA_PORT=1\n"}),
    ),
    "U005": (
        Scene({}, {".env": "ENVIRONMENT=testing\nULTRA_PORT=1\n"}),
        Scene({}, {".env": "ENVIRONMENT=testing\n"}),
    ),
    "U006": (
        Scene(production(), {".env.production.local": "ENVIRONMENT=development\n"}),
        Scene(production(), {".env.production.local": "ENVIRONMENT=production\n"}),
    ),
    "U007": (
        Scene({}, {".env.development.local": "ULTRA_PORT=1\n"}, mode(".env.development.local", 0o640)),
        Scene({}, {".env.development.local": "ULTRA_PORT=1\n"}, mode(".env.development.local", 0o400)),
    ),
    "U008": (
        Scene({"ULTRA_SECRETS_DIR": "s"}, {"s/OPENAI_API_KEY": "sk"}, mode("s", 0o777)),
        Scene({"ULTRA_SECRETS_DIR": "s"}, {"s/OPENAI_API_KEY": "sk"}, mode("s", 0o755)),
    ),
    "U009": (
        Scene({"ULTRA_SECRETS_DIR": "s"}, {"s/OPENAI_API_KEY": "two\nlines\n"}),
        Scene({"ULTRA_SECRETS_DIR": "s"}, {"s/OPENAI_API_KEY": "one\n"}),
    ),
    "U010": (
        Scene({}, {".env.development": "DATABASE_URL=postgresql://u:hidden@h/d\n"}),
        Scene({}, {".env.development": "DATABASE_URL=postgresql://h/d\n"}),
    ),
    "U011": (Scene({}, toml("[alias]\nfast = 'openai/x'\n")), Scene({}, toml("[aliases]\nfast = 'openai/x'\n"))),
    "U012": (
        Scene({}, toml("[panels]\ndefault = ['fast']\n")),
        Scene({}, toml("[aliases]\nfast = 'openai/x'\n[panels]\ndefault = ['fast', 'gemini/y']\n")),
    ),
    "U013": (Scene({}, {".env.prod": ""}), Scene({}, {".env.example": "", ".env.testing.local": ""})),
}

SECRETS: Final[Mapping[str, tuple[Scene, Scene]]] = {
    "U020": (Scene(production(ULTRA_CSRF_KEY="")), Scene(production())),
    "U021": (Scene({"ULTRA_CSRF_KEY": "x" * 31}), Scene({"ULTRA_CSRF_KEY": "x" * 32})),
    "U022": (
        Scene(production(ULTRA_CSRF_KEY="this-was-only-an-example-value-of-ours")),
        Scene({"ULTRA_CSRF_KEY": "this-was-only-an-example-value-of-ours"}),
    ),
    "U023": (Scene(production(ULTRA_CSRF_KEY="ab" * 32)), Scene({"ULTRA_CSRF_KEY": "ab" * 32})),
    "U024": (
        Scene({"ULTRA_CSRF_KEY": GOOD, "ULTRA_KEY_PEPPER": f"p:{OTHER},q:{GOOD}"}),
        Scene({"ULTRA_CSRF_KEY": GOOD, "ULTRA_KEY_PEPPER": f"p:{OTHER}"}),
    ),
    "U025": (
        Scene(production(ULTRA_CSRF_KEY=GOOD), {".env.testing.local": f"ULTRA_KEY_PEPPER=p:{GOOD}\n"}),
        Scene(production(ULTRA_CSRF_KEY=GOOD), {".env.testing.local": f"ULTRA_KEY_PEPPER=p:{OTHER}\n"}),
    ),
    "U026": (
        Scene(production(ULTRA_TEST_MODE_SECRET=GOOD)),
        Scene({**TESTING, "ULTRA_TEST_MODE_SECRET": GOOD}),
    ),
    "U027": (
        Scene({**TESTING, "ULTRA_TEST_MODE_SECRET": GOOD, "OPENAI_API_KEY": "sk"}),
        Scene(
            {
                **TESTING,
                "ULTRA_TEST_MODE_SECRET": GOOD,
                "OPENAI_API_KEY": "sk",
                "ULTRA_OPENAI_BASE_URL": "http://127.0.0.1:8081/v1",
            }
        ),
    ),
}

PROVIDERS: Final[Mapping[str, tuple[Scene, Scene]]] = {
    "U030": (Scene(production(ULTRA_MOCK_SERVERS="true")), Scene({"ULTRA_MOCK_SERVERS": "true"})),
    "U031": (
        Scene({"ULTRA_OPENAI_BASE_URL": "http://localhost:8080/v1"}),
        Scene({"ULTRA_OPENAI_BASE_URL": "http://localhost:8081/v1"}),
    ),
    "U032": (Scene(production(), toml(NEIGHBOUR.replace("true", "false"))), Scene(production(), toml(NEIGHBOUR))),
    "U033": (Scene(production(), toml(NEIGHBOUR)), Scene({}, toml(NEIGHBOUR))),
    "U034": (Scene(production(), toml(GROQ)), Scene(production(GROQ_API_KEY="gsk"), toml(GROQ))),
    "U035": (Scene(production()), Scene(production(GEMINI_API_KEY="key"))),
    "U036": (
        Scene({"ULTRA_CA_FILE": "ca.pem"}, {"ca.pem": "no certificate\n"}),
        Scene({"ULTRA_CA_FILE": certifi.where()}),
    ),
    "U037": (
        Scene(production(ULTRA_OPENAI_BASE_URL="https://169.254.169.254/"), toml(OPENAI_PRIVATE)),
        Scene(production(ULTRA_OPENAI_BASE_URL="https://169.254.169.253/"), toml(OPENAI_PRIVATE)),
    ),
}

STATE: Final[Mapping[str, tuple[Scene, Scene]]] = {
    "U040": (Scene(production()), Scene(production(DATABASE_URL="postgresql://h/d"))),
    "U041": (
        Scene(production(DATABASE_URL="postgresql://u@db.lan/d?sslmode=prefer")),
        Scene(production(DATABASE_URL="postgresql://u@db.lan/d?sslmode=verify-full")),
    ),
    "U042": (Scene(production()), Scene(production(REDIS_URL="redis://h"))),
    "U043": (Scene(production(REDIS_URL="redis://cache.lan")), Scene(production(REDIS_URL="rediss://cache.lan"))),
    "U044": (
        Scene({"ULTRA_WORKERS": "2", "REDIS_URL": "redis://h"}),
        Scene({"ULTRA_WORKERS": "2", "REDIS_URL": "redis://h", "DATABASE_URL": "postgresql://h/d"}),
    ),
    "U045": (Scene(production(), arrange=stamped("development")), Scene(production(), arrange=stamped("production"))),
    "U046": (Scene({"DATABASE_URL": "sqlite:///:memory:"}), Scene({"DATABASE_URL": "sqlite:///var/deep/x.db"})),
    "U047": (Scene({"ULTRA_DATA_DIR": "file/data"}, {"file": ""}), Scene({"ULTRA_DATA_DIR": "deep/data"})),
    "U048": (
        Scene({}, check=DiskSpace(free=lambda _: 1 << 29)),
        Scene({"DATABASE_URL": "postgresql://h/d"}, check=DiskSpace(free=lambda _: 1 << 29)),
    ),
}

SERVING: Final[Mapping[str, tuple[Scene, Scene]]] = {
    "U050": (Scene(production(ULTRA_PUBLIC_ORIGIN="http://ultra.example")), Scene(production())),
    "U051": (
        Scene({"ULTRA_TRUSTED_PROXIES": "10.0.0.0/8,::/1,8000::/1"}),
        Scene({"ULTRA_TRUSTED_PROXIES": "10.0.0.0/8,fd00::/8"}),
    ),
    "U052": (
        Scene({"ULTRA_CORS_ORIGINS": "*", "ULTRA_CORS_CREDENTIALS": "true"}),
        Scene({"ULTRA_CORS_ORIGINS": "https://a.example", "ULTRA_CORS_CREDENTIALS": "true"}),
    ),
    "U053": (Scene(production(ULTRA_CORS_ORIGINS="*")), Scene(production(ULTRA_CORS_ORIGINS="https://a.example"))),
    "U054": (Scene({**TESTING, "ULTRA_HOST": "0.0.0.0"}), Scene({**TESTING, "ULTRA_HOST": "::1"})),
    "U055": (Scene({"ULTRA_HOST": "0.0.0.0"}), Scene(production(ULTRA_HOST="0.0.0.0"))),
    "U056": (Scene(production(ULTRA_LOG_LEVEL="debug")), Scene({"ULTRA_LOG_LEVEL": "debug"})),
    "U063": (Scene(production(DEBUG="1")), Scene(production(DEBUG="false", DEBUGGER="1"))),
    "U057": (Scene(production(ULTRA_API_DOCS="true")), Scene({"ULTRA_API_DOCS": "true"})),
    "U058": (Scene(production()), Scene(production(ULTRA_TRUSTED_PROXIES="127.0.0.1/32"))),
    "U059": (
        Scene({"ULTRA_PUBLIC_ORIGIN": "http://desk.lan:8080"}),
        Scene({"ULTRA_PUBLIC_ORIGIN": "http://localhost:8080"}),
    ),
    "U060": (Scene({"ULTRA_HOST": "192.0.2.1"}), Scene({"ULTRA_PORT": "0"})),
    "U061": (
        Scene({"ULTRA_METRICS_PORT": "9464", "ULTRA_METRICS_HOST": "0.0.0.0"}),
        Scene({"ULTRA_METRICS_PORT": "9464"}),
    ),
    "U062": (
        Scene({"ULTRA_OTEL_ENDPOINT": "http://traces.lan:4318", "ULTRA_OTEL_HEADERS": "key=value"}),
        Scene({"ULTRA_OTEL_ENDPOINT": "https://traces.lan:4318", "ULTRA_OTEL_HEADERS": "key=value"}),
    ),
    "U070": (Scene(production(ULTRA_LIMIT_CONCURRENCY="0")), Scene(production(ULTRA_LIMIT_CONCURRENCY="1"))),
    "U071": (Scene(production(ULTRA_RETENTION_DAYS="0")), Scene({"ULTRA_RETENTION_DAYS": "0"})),
    "U072": (Scene(production(ULTRA_RUN_BUDGET_USD="10.01")), Scene(production(ULTRA_RUN_BUDGET_USD="10"))),
    "U073": (Scene({"ULTRA_IDLE_TIMEOUT_S": "301"}), Scene({"ULTRA_IDLE_TIMEOUT_S": "300"})),
    "U074": (
        Scene({"ULTRA_LENS_DIR": "lenses"}, {"lenses/broken.md": LENS}),
        Scene({"ULTRA_LENS_DIR": "lenses"}, {"lenses/README.md": "# Ours\n"}),
    ),
}

SCENES: Final = {**READING, **SECRETS, **PROVIDERS, **STATE, **SERVING}

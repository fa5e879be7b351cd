"""S: what is shipped holds no secret, and stands on nothing that is known to be broken."""

import re
import site
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[3]
_SECRETS = (
    re.compile(rb"ultra_sk_[a-z]+_[0-9A-Za-z]{8}_(?!(.)\1{42}_)[0-9A-Za-z]{43}_[0-9A-Za-z]{6}"),
    re.compile(rb"\bsk-(ant-|proj-)?[A-Za-z0-9_-]{40,}"),
    re.compile(rb"\bAIza[0-9A-Za-z_-]{35}\b"),
    re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{36}\b"),
    re.compile(rb"\bAKIA[0-9A-Z]{16}\b"),
    re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{100,}"),
    re.compile(rb"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{43}"),
)
_SET = re.compile(rb"(?m)^(?:ULTRA_[A-Z_]*(?:SECRET|KEY|KEYS|PEPPER)|[A-Z]+_API_KEY)=[^\s#$]+")
"""A secret setting with a value, where files are read by programs; pages and tests may show how it is done."""
_FLOORS = {"starlette": "1.3.1", "pyjwt": "2.13", "h11": "0.16", "redis": "4.5.5", "httptools": "0.8"}
_DENIED = {"python-jose", "litellm", "jose"}
_KNOWN_PTH = re.compile(r"(_virtualenv|distutils-precedence|_editable_impl_ultra|a1_coverage)\.pth")


def tracked() -> Iterator[Path]:
    """Return every file that is kept in the repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not run: this is no checkout")
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            yield ROOT / name


def found_in(text: bytes, name: str) -> list[bytes]:
    """Return what looks like a secret in a file of that name."""
    patterns = _SECRETS if name.endswith((".py", ".md")) else (*_SECRETS, _SET)
    return [match[0] for pattern in patterns for match in pattern.finditer(text)]


def test_S17_the_scanner_finds_secrets():
    """What the scanner is there for, it finds."""
    # Written in pieces, or this file would be found itself.
    for text in (
        b"ultra_sk" + b"_prod_a1B2c3D4_" + b"0a" * 21 + b"Z_a1B2c3",
        b"sk-" + b"proj-" + b"a1" * 24,
        b"ULTRA_CSRF" + b"_KEY=abc",
        b"OPENAI_API" + b"_KEY=abc",
    ):
        assert found_in(b"x\n" + text + b"\n", ".env"), text
    assert not found_in(b"ULTRA_CSRF" + b"_KEY=\n# a key\nOPENAI_API" + b"_KEY=   # none", ".env")


def test_S17_the_repository_holds_no_secret():
    """No file that is kept holds anything that looks like one; what holds secrets here is not kept."""
    kept = list(tracked())
    for path in kept:
        assert found_in(path.read_bytes(), path.name) == [], path
    names = {path.relative_to(ROOT).as_posix() for path in kept}
    assert {".env.development", ".env.testing", ".env.production"} <= names
    for name in (".env", ".env.production.local", ".env.development.local", "var/ultra.db"):
        assert name not in names
        ignored = subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, check=False)
        assert ignored.returncode == 0, f"{name} is not ignored"


def test_S17_what_is_built_holds_no_secret(tmp_path):
    """Neither the source distribution nor the wheel holds one, nor settings of a machine, nor the repository itself."""
    sources = pytest.importorskip("hatchling.builders.sdist", reason="not run: the build backend is not installed")
    from hatchling.builders.wheel import WheelBuilder

    (sdist,) = sources.SdistBuilder(str(ROOT)).build(directory=str(tmp_path))
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with tarfile.open(sdist) as archive:
        members = [(each.name, archive.extractfile(each)) for each in archive.getmembers() if each.isfile()]
        contents = {name: held.read() for name, held in members if held is not None}
    with zipfile.ZipFile(wheel) as archive:
        contents |= {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    assert len(contents) > 100
    for name, content in contents.items():
        assert found_in(content, name) == [], name
        assert not re.search(r"(^|/)(\.git/|\.env$|\.env\..*\.local$|var/)", name), name
        assert not name.endswith(".pth"), name


def locked() -> dict[str, Version]:
    """Return what is locked, and check that each has hashes."""
    found = {}
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text()
        for block in re.split(r"\n(?=[a-z0-9])", text):
            line = block.replace("\\\n", " ").strip().split(" --hash")[0].split("    #")[0]
            if not line or line.startswith("#"):
                continue
            wanted = Requirement(line.strip())
            assert "--hash=sha256:" in block, f"{wanted.name} in {path.name} has no hash"
            (pinned,) = wanted.specifier
            found[wanted.name.lower()] = Version(pinned.version)
    return found


def test_S19_what_is_locked():
    """Everything is locked with hashes; nothing that is known to be broken, and nothing older than its mending."""
    versions = locked()
    assert len(versions) > 20
    assert not _DENIED & set(versions)
    for name, floor in _FLOORS.items():
        if name in versions:
            assert versions[name] >= Version(floor), (name, versions[name])
    for name in ("starlette", "pyjwt", "redis"):
        assert name in versions


def test_S19_nothing_runs_by_itself():
    """No file runs code at the start of every interpreter but those that are known to."""
    for folder in site.getsitepackages():
        for path in Path(folder).glob("*.pth"):
            if any(line.startswith("import ") for line in path.read_text().splitlines()):
                assert _KNOWN_PTH.fullmatch(path.name), path.name

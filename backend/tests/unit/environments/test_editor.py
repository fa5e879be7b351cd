"""Values are judged before they are written; what is refused leaves the file as it was."""

import os
import stat
import threading
from pathlib import Path

import pytest

from ultra.config import ConfigurationInvalid, load
from ultra.domain.errors import Conflict
from ultra.domain.findings import Finding
from ultra.environments import (
    Document,
    begin,
    inspect,
    local_file,
    read_document,
    replace_document,
    set_values,
    unset_values,
)


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """Write production's local file."""
    path = local_file(tmp_path, "production")
    path.write_bytes(b"# mine\r\nULTRA_PORT=1 # why\r\n\r\nOPENAI_API_KEY='sk-1'")
    path.chmod(0o600)
    return path


def put(folder: Path, **values: str) -> bool:
    """Set values in production, with one key that `ultra.toml` refers to."""
    return set_values(folder, "production", values, references=frozenset({"ACME_API_KEY"}))


def test_values_are_set_together(local: Path) -> None:
    """Each goes to its place; everything else keeps its bytes."""
    assert put(local.parent, ULTRA_PORT="2", ACME_API_KEY="sk two", OPENAI_API_KEY="sk-3")
    assert local.read_bytes() == (
        b"# mine\r\nULTRA_PORT=2 # why\r\n\r\nOPENAI_API_KEY=sk-3\r\nACME_API_KEY='sk two'\r\n"
    )
    assert not put(local.parent, ULTRA_PORT="2")


def test_a_first_value_makes_the_file(tmp_path: Path) -> None:
    """It begins with what it is, and is closed."""
    assert put(tmp_path, ULTRA_PORT="2")
    path = local_file(tmp_path, "production")
    assert path.read_text().startswith("# Settings and secrets of this machine in production.")
    assert path.read_text().endswith("\nULTRA_PORT=2\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "values",
    [
        {"ULTRA_PORT": "70000"},
        {"ULTRA_PORT": "2", "ULTRA_WORKERS": "none"},
        {"ULTRA_PORT": ""},
        {"ULTRA_PROT": "2"},
        {"MY_OWN": "2"},
        {"ENVIRONMENT": "production"},
        {"OPENAI_API_KEY": "two\nlines"},
        {"OPENAI_API_KEY": "\udcff"},
        {"": "2"},
        {"../../etc": "2"},
    ],
)
def test_what_is_refused_is_not_written(local: Path, values: dict[str, str]) -> None:
    """One bad value among several keeps all of them out."""
    before = local.read_bytes()
    with pytest.raises(ConfigurationInvalid):
        put(local.parent, **values)
    assert local.read_bytes() == before


def test_a_finding_refuses_a_secret_and_no_other_setting(local: Path) -> None:
    """A weak secret is never right; a setting may wait for the one that belongs to it. No value is repeated."""
    found = [Finding("U008", "error", "ULTRA_CSRF_KEY", "is short.")]
    with pytest.raises(ConfigurationInvalid, match="is short") as caught:
        set_values(local.parent, "production", {"ULTRA_CSRF_KEY": "abc"}, references=None, findings=found)
    assert "abc" not in str(caught.value)
    assert set_values(local.parent, "production", {"ULTRA_WORKERS": "2"}, references=None, findings=found)


def test_an_open_file_is_closed_even_if_nothing_changes(local: Path) -> None:
    """Whoever touches a file that others can read closes it."""
    local.chmod(0o644)
    assert put(local.parent, ULTRA_PORT="1")
    assert stat.S_IMODE(local.stat().st_mode) == 0o600


def test_lines_are_taken_away(local: Path) -> None:
    """The line goes, and its name is told; names that had none are not."""
    assert unset_values(local.parent, "production", ["ULTRA_PORT", "ULTRA_HOST"]) == ("ULTRA_PORT",)
    assert local.read_bytes() == b"# mine\r\n\r\nOPENAI_API_KEY='sk-1'"
    assert unset_values(local.parent, "testing", ["ULTRA_PORT"]) == ()
    assert not local_file(local.parent, "testing").exists()


def test_a_line_that_makes_no_sense_is_named(local: Path) -> None:
    """A file in which a change could mean something else says which line is in the way."""
    local.write_text('ULTRA_HOST="open\nULTRA_PORT=1\n')
    with pytest.raises(ConfigurationInvalid, match="line 1 is not NAME=value"):
        put(local.parent, OPENAI_API_KEY="a 'quoted\" key")


@pytest.mark.parametrize("kind", ["fifo", "folder", "bytes"])
def test_what_is_no_text_file_is_refused(tmp_path: Path, kind: str) -> None:
    """A pipe is not waited for, a folder is not a file, and other bytes are not UTF-8."""
    path = local_file(tmp_path, "production")
    {"fifo": lambda: os.mkfifo(path), "folder": path.mkdir, "bytes": lambda: path.write_bytes(b"\xff\xfe")}[kind]()
    with pytest.raises(ConfigurationInvalid):
        put(tmp_path, ULTRA_PORT="2")


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    """Each of several that write at once finds its value in the end."""
    names = ["ULTRA_PORT", "ULTRA_WORKERS", "ULTRA_MOCK_PORT", "ULTRA_RETRY_ATTEMPTS", "ULTRA_RUN_PANEL_SIZE"]
    writers = [
        threading.Thread(target=lambda name=name: [put(tmp_path, **{name: str(value)}) for value in (1, 2, 3)])
        for name in names
    ]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    lines = read_document(local_file(tmp_path, "production")).parsed.lines
    assert {name: line.raw for name, line in lines.items()} == dict.fromkeys(names, "3")


def test_a_text_takes_the_place_of_the_one_it_was_made_from(local: Path) -> None:
    """What somebody else wrote in the meantime is not overwritten."""
    before = read_document(local)
    replace_document(local, before, Document(local.name, "ULTRA_PORT=3\n"))
    assert local.read_text() == "ULTRA_PORT=3\n"
    with pytest.raises(Conflict):
        replace_document(local, before, Document(local.name, "ULTRA_PORT=4\n"))
    assert local.read_text() == "ULTRA_PORT=3\n"


@pytest.mark.parametrize("environment", ["development", "testing", "production"])
def test_a_fresh_file_explains_and_sets_nothing(tmp_path: Path, environment: str) -> None:
    """It names every setting without a default, reads as empty, and values go below their explanations."""
    assert begin(tmp_path, environment)
    path = local_file(tmp_path, environment)
    text = path.read_text()
    assert read_document(path).parsed == Document("", "").parsed
    assert load(environ={"ENVIRONMENT": environment}, folder=tmp_path)
    assert "# Key for OpenAI.\n# OPENAI_API_KEY=\n" in text
    assert ("ULTRA_TEST_MODE_SECRET" in text) is (environment == "testing")
    assert not begin(tmp_path, environment)
    set_values(tmp_path, environment, {"OPENAI_API_KEY": "sk-1"}, references=None)
    assert path.read_text() == text.replace("# OPENAI_API_KEY=\n", "# OPENAI_API_KEY=\nOPENAI_API_KEY=sk-1\n")


def test_a_whole_file_is_judged_line_by_line() -> None:
    """Syntax, names, values and a misplaced ENVIRONMENT are found together."""
    text = "ULTRA_PORT=none\nULTRA_PROT=1\nnot a line\nENVIRONMENT=testing\nMINE=1\nULTRA_HOST=127.0.0.1\n"
    found = [each.setting for each in inspect(Document("file", text), "production", frozenset())]
    assert found == ["file", "ULTRA_PORT", "ULTRA_PROT", "ENVIRONMENT", "MINE"]
    assert not inspect(Document("file", "MINE=1\nENVIRONMENT=production\n"), "production", None)

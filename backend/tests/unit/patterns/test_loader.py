"""Loading: the built-in lenses, an operator's folder, and every problem in one go."""

import re
from pathlib import Path

import pytest

from tests.unit.patterns import haiku
from ultra.domain.errors import NotFound
from ultra.domain.patterns import Patterns
from ultra.patterns import PatternInvalid, Problem, load
from ultra.patterns.loader import BUILT_IN

EXPECTED = {
    "bridge", "confidence", "consensus", "critique", "fact-check", "gut", "horizon", "perspective", "scenario",
    "stakeholder", "systems",
}  # fmt: skip
LENS = haiku.text()


def problems(*folders: Path, flows: set[str] | None = None) -> list[Problem]:
    """Return the problems of folders that must not load."""
    with pytest.raises(PatternInvalid) as refused:
        load(folders=folders, flows=flows)
    return list(refused.value.problems)


def write(folder: Path, name: str, text: str = LENS) -> Path:
    """Write a file into an operator's folder and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_built_in_lenses_are_there() -> None:
    """The default and the ten lenses load, by name, with an honest least panel."""
    patterns: Patterns = load()
    assert {lens.name for lens in patterns.all()} == EXPECTED
    assert [lens.name for lens in patterns.all()] == sorted(EXPECTED)
    assert patterns.get("consensus").default_flow == "adaptive"
    assert all(lens.minimum_panel >= 2 for lens in patterns.all())
    assert {lens.source for lens in load().all()} == {BUILT_IN}


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("fact_chek", "Did you mean fact-check?"),
        ("Consensus", "Did you mean consensus?"),
        ("zzz", "There are bridge, confidence,"),
    ],
)
def test_an_unknown_name_gets_the_nearest(asked: str, hint: str) -> None:
    """Who mistypes a pattern is told which one was probably meant."""
    with pytest.raises(NotFound) as refused:
        load().get(asked)
    assert (refused.value.hint or "").startswith(hint)
    assert refused.value.param == "pattern"


def test_an_operators_lens_is_a_file(tmp_path: Path) -> None:
    """A file in a folder is a lens; notes and hidden files beside it are left alone."""
    path = write(tmp_path, "haiku.md")
    for name in ("README.md", "_draft.md", ".hidden.md", "notes.txt"):
        write(tmp_path, name, "no lens")
    patterns = load(folders=[tmp_path])
    assert {lens.name for lens in patterns.all()} == EXPECTED | {"haiku"}
    assert patterns.get("haiku").source == str(path)


def test_a_windows_editor_is_no_problem(tmp_path: Path) -> None:
    """A byte-order mark and CRLF line ends load like any other file."""
    (tmp_path / "haiku.md").write_bytes(b"\xef\xbb\xbf" + LENS.replace("\n", "\r\n").encode())
    assert load(folders=[tmp_path]).get("haiku").stages == load(folders=[tmp_path]).get("haiku").stages
    assert "\r" not in load(folders=[tmp_path]).get("haiku").stages["review"].instructions


def test_a_name_is_replaced_only_on_purpose(tmp_path: Path) -> None:
    """A file with the name of a built-in lens is refused unless it says that it replaces it."""
    gut = LENS.replace('"haiku"', '"gut"')
    write(tmp_path, "gut.md", gut)
    (problem,) = problems(tmp_path)
    assert "already (built in)" in problem.sentence
    write(tmp_path, "gut.md", gut.replace("shape =", "replaces = true\nshape ="))
    assert load(folders=[tmp_path]).get("gut").summary == "Answers in three lines."


def test_a_replacement_needs_something_to_replace(tmp_path: Path) -> None:
    """A replacement with a mistyped name does not silently become a new lens."""
    write(tmp_path, "haiku.md", LENS.replace("shape =", "replaces = true\nshape ="))
    (problem,) = problems(tmp_path)
    assert "no lens 'haiku' to replace" in problem.sentence


def test_later_folders_see_earlier_ones(tmp_path: Path) -> None:
    """Two folders with the same lens clash like a folder and the built-in ones."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, "haiku.md")
    (problem,) = problems(tmp_path / "a", tmp_path / "b")
    assert str(tmp_path / "a") in problem.sentence


def test_a_flow_must_exist(tmp_path: Path) -> None:
    """When the flows are known, a lens that names none of them is refused."""
    write(tmp_path, "haiku.md", LENS.replace('"adaptive"', '"adaptiv"'))
    load(folders=[tmp_path])
    (problem,) = problems(tmp_path, flows={"adaptive", "council"})
    assert problem.sentence == "there is no flow 'adaptiv'; there are adaptive, council"


def test_every_problem_of_every_file_is_named(tmp_path: Path) -> None:
    """Two bad files and an absent folder are reported together, each with file and line."""
    first = write(tmp_path, "first.md", "no front matter")
    second = write(tmp_path, "second.md", LENS.replace("{{own}}", "{{mine}}"))
    absent = tmp_path / "absent"
    found = problems(tmp_path, absent)
    assert Problem(str(first), 1, "must begin with TOML between two lines +++") in found
    assert Problem(str(second), 2, "'name' must be the file's own name, 'second'") in found
    line = LENS.split("\n").index("{{own}}") + 1
    assert any(each.file == str(second) and each.line == line and "'mine'" in each.sentence for each in found)
    assert Problem(str(absent), 0, "this folder of lenses does not exist") in found
    with pytest.raises(PatternInvalid, match=re.escape(f"{second}:2: 'name' must be")):
        load(folders=[tmp_path])


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 and files far too large are problems of that file, not a crash."""
    (tmp_path / "binary.md").write_bytes(b"+++\n\xff\xfe\n")
    write(tmp_path, "large.md", LENS + "x" * 70_000)
    found = problems(tmp_path)
    assert [(each.line, each.sentence) for each in found] == [
        (2, "is not UTF-8"),
        (1, "is larger than 65536 bytes"),
    ]

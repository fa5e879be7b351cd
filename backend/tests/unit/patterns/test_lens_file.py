"""The format of a lens file: what is strict about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.patterns import haiku
from tests.unit.patterns.haiku import STAGES
from ultra.patterns.lens_file import PatternInvalid, read

FRONT = haiku.FRONT + 'roles = ["the poet", "the critic"]\n'


def text(front: str = FRONT, stages: str = STAGES) -> str:
    """Return a lens file."""
    return haiku.text(front, stages)


def problems(source: str) -> list[tuple[int, str]]:
    """Return the problems of a file that must not be read."""
    with pytest.raises(PatternInvalid) as refused:
        read(source, stem="haiku", source="haiku.md")
    return [(each.line, each.sentence) for each in refused.value.problems]


def test_a_file_is_a_lens() -> None:
    """Front matter and parts arrive as written; deeper headings belong to the text."""
    file = read(text(), stem="haiku", source="haiku.md")
    assert (file.lens.name, file.lens.minimum_panel, file.lens.roles) == ("haiku", 2, ("the poet", "the critic"))
    assert file.lens.stages["answer"].instructions == "Be brief.\n\n#### A heading of the text's own\n\nStay brief."
    assert not file.replaces


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('name = "haiku"', 'name = "other"', 2, "the file's own name"),
        ('summary = "Answers in three lines."', "summary = 3", 3, "'summary' must be one line"),
        ('summary = "Answers in three lines."', 'sumary = "x"', 3, "'sumary' is no key of a lens; is it 'summary'?"),
        ('when = "When brevity matters."', 'when = " "', 4, "'when' must be one line"),
        ("minimum_panel = 2", "minimum_panel = 0", 5, "from 1 to 16"),
        ("minimum_panel = 2", "minimum_panel = true", 5, "from 1 to 16"),
        ("minimum_panel = 2", "minimum_panel = 2.0", 5, "from 1 to 16"),
        ("minimum_panel = 2\n", "", 1, "'minimum_panel' is missing"),
        ('default_flow = "adaptive"', 'default_flow = ["adaptive"]', 6, "must name a flow"),
        ('shape = "Three lines."', 'shape = "a\\nb"', 7, "'shape' must be one line"),
        ('["the poet", "the critic"]', '"the poet"', 8, "'roles' must be a list"),
        ('["the poet", "the critic"]', '["the poet", "the poet"]', 8, "different lines"),
        ('["the poet", "the critic"]', '["the poet"]\nreplaces = "yes"', 9, "'replaces' must be true or false"),
        ("minimum_panel = 2", "minimum_panel = = 2", 5, "is no TOML"),
        ('when = "When', 'when = "\u202eWhen', 4, "hidden character U+202E"),
        ('roles = ["the poet", "the critic"]', "roles = [3, [4]]", 8, "'roles' must be a list"),
    ],
)  # fmt: skip
def test_wrong_front_matter_is_refused(old: str, new: str, line: int, words: str) -> None:
    """Each wrong value is a problem of its own line."""
    assert old in FRONT
    assert any(at == line and words in said for at, said in problems(text(front=FRONT.replace(old, new))))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("## vote\n", "## voting\n", "'voting' is no stage"),
        ("## vote\n", "## vote\nlost words\n", "would never be sent"),
        ("### instructions\nDecide.\n", "", "the instructions of vote are missing"),
        ("### instructions\nDecide.\n", "### instructions\n\n", "the instructions of vote are missing"),
        ("### instructions\nDecide.\n", "### hints\nDecide.\n", "'hints' is no part"),
        ("Decide.\n", "Decide.\n### instructions\nAgain.\n", "a second time"),
        ("Decide.\n", "Decide {{question}}.\n", "instructions have no places"),
        ("Check.\n### message\n", "Check.\n", "the message of review are missing"),
        ("{{own}}\n", "", "'own' has no place"),
        ("{{own}}\n", "{{owm}}\n", "'owm' is no fact of revise"),
    ],
)
def test_wrong_stages_are_refused(old: str, new: str, words: str) -> None:
    """A stage that is misnamed, incomplete or doubled, or whose text would be lost, does not load."""
    assert old in STAGES
    assert any(words in said for _, said in problems(text(stages=STAGES.replace(old, new, 1))))


def test_a_place_is_reported_where_it_stands() -> None:
    """The line of a flaw counts from the top of the file."""
    source = text(stages=STAGES.replace("{{own}}", "my {{own}}"))
    line = source.split("\n").index("my {{own}}") + 1
    assert (line, "{{own}} must stand alone on its line") in problems(source)


@pytest.mark.parametrize("source", ["", "+++\n", "---\nname: haiku\n---\n", "## answer\n", "+++\nname = 'haiku'\n"])
def test_front_matter_must_be_there(source: str) -> None:
    """A file without closed front matter says what it must begin with."""
    assert problems(source) == [(1, "must begin with TOML between two lines +++")]


@given(st.text())
def test_no_front_matter_breaks_the_reader(front: str) -> None:
    """Any text in place of the front matter is read or refused with problems; nothing else can happen."""
    with pytest.raises(PatternInvalid) as refused:
        read(text(front=f"{front}\n", stages=""), stem="haiku", source="haiku.md")
    assert refused.value.problems

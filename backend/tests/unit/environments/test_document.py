"""A file is changed line by line; what is not meant stays byte for byte."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ultra.environments import Document, Unclear

ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20) | st.text("'\"\\\\$# \n\r=ax", max_size=12)
NAMES = st.sampled_from(["A", "B", "ULTRA_PORT", "OPENAI_API_KEY"])
LINES = st.sampled_from(
    [
        "# a comment",
        "#B=commented out",
        "# ULTRA_PORT=8080",
        "",
        "   ",
        "C=1",
        "export D='two words'  # why",
        'E="one\\ntwo"',
        'F="over\ntwo lines"',
        "G = spaced",
        "H=",
        "I= # nothing",
        "J=#not-a-comment",
        "A=first # kept",
        "B='second'",
        "export ULTRA_PORT=1",
        "  OPENAI_API_KEY = sk-1",
        "\x0c# form feed",
    ]
)
ENDS = st.sampled_from(["\n", "\r\n"])


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Draw a file: lines of all kinds, either kind of line end, perhaps a byte-order mark, perhaps no last line end."""
    end = draw(ENDS)
    lines = draw(
        st.lists(
            LINES, max_size=8, unique_by=lambda line: line.replace("export ", "").strip().partition("=")[0].strip()
        )
    )
    text = "".join(line.replace("\n", end) + end for line in lines)
    if draw(st.booleans()):
        text = text.removesuffix(end)
    return Document("file", draw(st.sampled_from(["", "\ufeff"])) + text)


def other_lines(text: str, name: str) -> list[str]:
    """Return the lines that do not give `name` a value, with their ends."""
    lines = re.findall(r"[^\r\n]*(?:\r\n|\n)|[^\r\n]+", text.removeprefix("\ufeff"))
    return [line for line in lines if line.replace("export ", "").strip().partition("=")[0].strip() != name]


@settings(deadline=None)
@given(documents(), NAMES, ANY_TEXT)
def test_what_is_set_is_read_and_nothing_else_changes(document: Document, name: str, value: str) -> None:
    """The value is read back as it was, every other line keeps its bytes and its place."""
    changed = document.with_value(name, value)
    assert changed.value(name) == value
    assert changed.text.startswith("\ufeff") is document.text.startswith("\ufeff")
    before, after = other_lines(document.text, name), other_lines(changed.text, name)
    if before and not before[-1].endswith(("\n", "\r")) and after[-1] != before[-1]:
        before[-1] += "\r\n" if "\r\n" in document.text else "\n"
    assert after == before


@settings(deadline=None)
@given(documents(), NAMES, ANY_TEXT)
def test_what_is_set_and_taken_away_leaves_no_trace(document: Document, name: str, value: str) -> None:
    """Unsetting a name that had no line gives the file back, with its last line ended."""
    bare = document.without(name)
    assert bare.value(name) is None
    again = bare.with_value(name, value).without(name)
    assert again.text in (bare.text, bare.text + "\n", bare.text + "\r\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A=1\n", "A=2\n"),
        ("A=1", "A=2"),
        ("A=1 # why\n", "A=2 # why\n"),
        ("A='x # y'  # why\n", "A=2  # why\n"),
        ("\n\n  export A = 1\n", "\n\n  export A = 2\n"),
        ("A= # why\n", "A=2 # why\n"),
        ("A=\r\nB=1\r\n", "A=2\r\nB=1\r\n"),
        ("A\n", "A=2\n"),
        ("A=1\nB=1\n\nA=3\n", "A=2\nB=1\n\n"),
        ("B=1", "B=1\nA=2\n"),
        ("B=1\r\nC=1", "B=1\r\nC=1\r\nA=2\r\n"),
        ("# what A is\n# A=0\n\nB=1\n", "# what A is\n# A=0\nA=2\n\nB=1\n"),
        ("", "A=2\n"),
        ('A="1\n2"\nB=1\n', "A=2\nB=1\n"),
        ("'A'=1\n", "'A'=2\n"),
    ],
)
def test_a_value_goes_to_its_place(before: str, after: str) -> None:
    """On its line, below its commented-out name, or at the end; indent, blanks, comment and line end stay."""
    assert Document("file", before).with_value("A", "2").text == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A=1\n", ""),
        ("# why\nA=1\nB=1\n", "# why\nB=1\n"),
        ("B=1\n\n  A=1\n", "B=1\n\n"),
        ("A=1\nB=1\nA=2\n", "B=1\n"),
        ("A\nB=1\n", "B=1\n"),
        ("B=1\n", "B=1\n"),
        ("A='1\n2' # why\nB=1", "B=1"),
    ],
)
def test_a_name_is_taken_away_with_its_line(before: str, after: str) -> None:
    """Every line of the name goes, and no other."""
    assert Document("file", before).without("A").text == after


def test_an_open_quote_swallows_nothing() -> None:
    """A change that would give another line another meaning is refused."""
    with pytest.raises(Unclear):
        Document("file", 'X="open\nA=1\n').with_value("B", "a 'quoted\" text")
    with pytest.raises(Unclear):
        Document("file", 'X="open\n').with_value("B", "with \"quotes\" and 'others'")


def test_a_document_does_not_show_its_text() -> None:
    """What may be a secret is in no repr."""
    assert "sk-1" not in repr(Document("file", "OPENAI_API_KEY=sk-1"))


def test_every_name_with_a_line_is_known() -> None:
    """A name without a value has a line, too; a comment and a line that makes no sense have no name."""
    assert Document("file", "A=1\nB\n# C=1\n'D\nexport E=\n").names == {"A", "B", "E"}

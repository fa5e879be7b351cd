"""What is written behind a name is read back as it was."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ultra.config import parse_env_text
from ultra.environments.quoting import quoted

ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",))) | st.text("'\"\\\\$# \n\r\t\x85\u2028=ax")


@settings(deadline=None)
@given(ANY_TEXT)
def test_every_text_is_read_back_as_it_was_written(value: str) -> None:
    """Blanks, quotes, backslashes, dollars, line ends: nothing is changed, and it takes one line."""
    written = f"A={quoted(value)}\nB=1\n"
    lines = parse_env_text(written, "file").lines
    assert {name: line.raw for name, line in lines.items()} == {"A": value, "B": "1"}
    assert lines["B"].number == 2


@settings(deadline=None)
@given(ANY_TEXT, st.sampled_from(["", " # comment", "\t#x"]))
def test_a_comment_behind_a_value_stays_a_comment(value: str, comment: str) -> None:
    """What follows the value on its line does not get into it."""
    assert parse_env_text(f"A={quoted(value)}{comment}\n", "file").lines["A"].raw == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("8080", "8080"),
        ("", ""),
        ("k1:abc-_=", "k1:abc-_="),
        ("postgresql://u:p@h/db", "postgresql://u:p@h/db"),
        ("two words", "'two words'"),
        ("$HOME", "'$HOME'"),
        ('say "hi"', "'say \"hi\"'"),
        ("it's", '"it\'s"'),
        ("a\\b", '"a\\\\b"'),
        ("one\ntwo", '"one\\ntwo"'),
    ],
)
def test_quotes_are_used_where_they_are_needed(value: str, written: str) -> None:
    """Plain values stay plain, and a dollar stands where no shell replaces it."""
    assert quoted(value) == written

"""What commands print."""

import json

import pytest

from ultra.cli.output import harmless, print_json, print_table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\ttext", "plain\n\ttext"),
        ("\x1b[2Jgone", "[2Jgone"),
        ("\x1b]0;title\x07", "]0;title"),
        ("over\rwritten", "overwritten"),
        ("8-bit \x9b31m", "8-bit 31m"),
        ("caf\u00e9 \u65e5\u672c \U0001f600", "caf\u00e9 \u65e5\u672c \U0001f600"),
    ],
)
def test_a_terminal_obeys_no_model(text: str, shown: str) -> None:
    """Words stay, commands to the terminal go."""
    assert harmless(text) == shown


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is not JSON is printed as its words; keys may be strings of any kind."""

    class Name(str):
        __slots__ = ()

    print_json({Name("rows"): 1, "path": pytest})
    assert json.loads(capsys.readouterr().out)["rows"] == 1


def test_a_piped_table_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no terminal, long cells stay whole."""
    print_table(("Name", "Text"), [("x", "word " * 30)])
    out = capsys.readouterr().out
    assert " ".join(["word"] * 30) in out

"""How findings are shown to people and programs."""

import json

import pytest

from ultra.checks import Examination
from ultra.cli._findings import closing, document, show
from ultra.cli.output import print_json
from ultra.domain.findings import Finding

ERROR = Finding("U020", "error", "ULTRA_CSRF_KEY", "is not set.", "Generate one.")
WARNING = Finding("U040", "warning", "DATABASE_URL", "is SQLite.", "Use postgresql://.")
NOTE = Finding("U033", "info", "providers.near.base_url", "is marked private.")


@pytest.mark.parametrize(
    ("findings", "environment", "said"),
    [
        ((), "testing", "Nothing found: testing would start."),
        ((WARNING,), "production", "1 warning: production would start."),
        ((ERROR, ERROR, WARNING, NOTE), "production", "2 errors, 1 warning, 1 note: production would not start."),
        ((ERROR,), None, "1 error: nothing would start."),
    ],
)
def test_the_last_line_counts_and_says_what_it_means(findings, environment, said) -> None:
    """How much was found, and whether a server would start with it."""
    assert closing(Examination(findings, environment, None)) == said


def test_people_see_the_gravest_first_and_no_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    """A table for each level, errors on top; a name from a file cannot command the terminal."""
    odd = Finding("U002", "error", "\x1b[2JODD", "no setting has this name.")
    show(Examination((odd, ERROR, WARNING, NOTE), "production", None))
    out = capsys.readouterr().out
    titles = ["Errors", "U020", "Warnings", "U040", "For your information", "U033"]
    assert [out.index(title) for title in titles] == sorted(out.index(title) for title in titles)
    assert "\x1b" not in out


def test_the_document_for_programs_is_stable(capsys: pytest.CaptureFixture[str]) -> None:
    """These names and no others: scripts rely on them."""
    print_json(document(Examination((ERROR, NOTE), "production", None), connected=False))
    assert json.loads(capsys.readouterr().out) == {
        "environment": "production",
        "would_start": False,
        "connected": False,
        "counts": {"error": 1, "warning": 0, "info": 1},
        "findings": [
            {
                "id": "U020",
                "level": "error",
                "setting": "ULTRA_CSRF_KEY",
                "sentence": "is not set.",
                "hint": "Generate one.",
            },
            {
                "id": "U033",
                "level": "info",
                "setting": "providers.near.base_url",
                "sentence": "is marked private.",
                "hint": None,
            },
        ],
    }

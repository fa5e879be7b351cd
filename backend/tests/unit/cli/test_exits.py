"""How commands end."""

import pytest
import typer

from ultra.cli.exits import EXITS, exit_code
from ultra.domain.errors import AllFailed, InvalidRequest, NetworkFailed, NoneAvailable, NotFound, UltraError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("No."), 66),
        (InvalidRequest("No."), 66),
        (NoneAvailable("No."), 69),
        (NetworkFailed("No."), 1),
        (UltraError("No."), 1),
        (typer.BadParameter("No."), 2),
    ],
)
def test_each_kind_of_error_has_its_code(error: Exception, code: int) -> None:
    """The codes are those that the help names."""
    assert exit_code(error)[0] == code
    assert code in EXITS


def test_an_error_is_told_with_its_causes_and_its_hint() -> None:
    """What failed, why each candidate failed, what to do; on lines of their own."""
    causes = [NetworkFailed("Refused.", model="a/one"), NetworkFailed("Reset.", provider="b")]
    _, text = exit_code(AllFailed("Everybody failed.", causes=causes, hint="Try later."))
    assert text.splitlines() == ["Everybody failed.", "  a/one: Refused.", "  b: Reset.", "  Try later."]


def test_a_fault_of_the_program_is_not_hidden() -> None:
    """What is nobody's doing but ours rises with its traceback."""
    assert exit_code(ZeroDivisionError()) == (None, "")

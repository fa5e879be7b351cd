"""Judges one value before it is written anywhere: its type and bounds, as the loading would."""

from pydantic import ValidationError

from ultra.config.declaration import Declared
from ultra.config.load import declarations
from ultra.config.problems import Problem
from ultra.config.settings import Settings


def judge_value(name: str, value: str) -> Problem | None:
    """Return what is wrong with a value that `name` shall have, None where nothing is; never repeats the value.

    A name that is no setting is one that a key is taken from, so a secret. An empty value means "not set".
    """
    declared = next((each for each in declarations() if each.name == name), None)
    if any("\ud800" <= character <= "\udfff" for character in value):
        return Problem(name, "is not text in UTF-8.")
    if declared is None or declared.setting.secret:
        is_clean = value.strip().isprintable()
        return None if is_clean else Problem(name, "may not hold a line break or another control character.")
    if value == "":
        return None if declared.is_optional else Problem(name, "may not be empty.", "Unset it to have the default.")
    return _fault(declared, value)


def _fault(declared: Declared, value: str) -> Problem | None:
    """Validate the one field; that all others are missing is none of its faults."""
    try:
        Settings.model_validate({declared.field: value})
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            if fault["loc"][0] == declared.field:
                sentence = fault["msg"].removeprefix("Input ").removeprefix("Value error, ")
                return Problem(declared.name, f"{sentence}.")
    return None

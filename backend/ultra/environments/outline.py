"""What a local file begins with: every setting that has no default of its own, explained and left open."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from ultra.config import Declared, Environment, declarations

_HEAD: Final = """\
# Settings and secrets of this machine in {environment}. Not committed; nobody else reads this file (mode 0600).
#
# Here stands what has no default. What can be set beside it stands in .env.{environment}, with its defaults. This file
# wins over that one; the process environment and the secrets directory win over this one.
#
#   scripts/set-env.sh set NAME --environment {environment}        asks for the value and writes it to its place here
#   scripts/set-env.sh generate --environment {environment}        makes the secrets that are missing
#   scripts/set-env.sh validate --environment {environment}        says what is still wrong
#
# A value with blanks, # or quotes stands in quotes. $NAME is not replaced. A line that begins with # does not count.
"""


def outline(environment: Environment) -> str:
    """Return the text of a local file in which nothing is set yet."""
    parts = [_HEAD.format(environment=environment)]
    open_ones = [each for each in declarations() if _is_open(each, environment)]
    for section, group in groupby(open_ones, key=lambda each: each.section):
        entries = ("\n".join(_entry(each, environment)) for each in group)
        parts.append(f"\n# --- {section} ---\n\n" + "\n\n".join(entries) + "\n")
    return "".join(parts)


def _is_open(each: Declared, environment: Environment) -> bool:
    default = each.setting.default_text(environment)
    is_possible = each.name != "ULTRA_TEST_MODE_SECRET" or environment == "testing"
    return is_possible and (each.setting.secret or default is None or default.startswith("("))


def _entry(each: Declared, environment: Environment) -> Iterator[str]:
    yield f"# {each.setting.sentence}"
    default = each.setting.default_text(environment)
    if default is not None:
        yield f"# (default: {default.strip('()')})"
    yield f"# {each.name}="

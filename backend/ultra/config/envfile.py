"""Reads an env file: names, raw values and line numbers; nothing is interpolated."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from ultra.config.problems import Problem


@dataclass(frozen=True, slots=True)
class Line:
    """One `NAME=value`; `raw` is kept out of the repr because it may be a secret."""

    raw: str = field(repr=False)
    number: int


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What an env file says, and what is wrong with it."""

    lines: Mapping[str, Line]
    problems: tuple[Problem, ...]


def read_env_file(path: Path) -> EnvFile:
    """Parse `path`; a file that does not exist is empty, a line that makes no sense is a problem with its number."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return EnvFile({}, ())
    except UnicodeDecodeError:
        return EnvFile({}, (Problem(path.name, "is not a text file in UTF-8.", None, "file"),))
    except OSError as error:
        return EnvFile({}, (Problem(path.name, f"cannot be read: {error.strerror}.", None, "file"),))
    return parse_env_text(text, path.name)


def parse_env_text(text: str, file: str) -> EnvFile:
    """Parse the text of an env file; `file` is what problems call it. Every kind of line end is one line feed."""
    lines: dict[str, Line] = {}
    problems: list[Problem] = []
    for binding in parse_stream(io.StringIO(text, newline=None)):
        number = _line_number(binding)
        if binding.error:
            sentence = f"line {number} is not NAME=value."
            problems.append(Problem(file, sentence, "Quote values with spaces or #.", "file"))
        elif binding.key is None:
            continue
        elif binding.value is None:
            sentence = f"has no = on line {number} of {file}."
            problems.append(Problem(binding.key, sentence, "Write NAME=value, or remove the line.", "file"))
        elif binding.key in lines:
            sentence = f"is given twice in {file}, on lines {lines[binding.key].number} and {number}."
            problems.append(Problem(binding.key, sentence, "Keep one of them.", "file"))
        else:
            lines[binding.key] = Line(binding.value, number)
    return EnvFile(lines, tuple(problems))


def _line_number(binding: Binding) -> int:
    """Count past the blank lines that a binding begins with, to the line its name stands on."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")

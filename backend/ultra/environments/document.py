"""An env file as a text that is changed line by line: every byte that is not meant stays as it is."""

import io
import re
from dataclasses import dataclass, field, replace
from typing import Final

from dotenv.parser import Binding, parse_stream

from ultra.config import EnvFile, parse_env_text
from ultra.environments.quoting import quoted

_HEAD: Final = re.compile(
    r"(?P<lead>\s*)(?P<name>(?:export[^\S\r\n]+)?(?:'[^']+'|[^=#\s]+)[^\S\r\n]*)(?P<equals>=[^\S\r\n]*)?"
)
_SINGLE: Final = re.compile(r"'(?:\\.|[^'\\])*'", re.DOTALL)
_DOUBLE: Final = re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL)
_END: Final = re.compile(r"[^\S\r\n]*(?:\r\n|\n|\r)?\Z")
_COMMENT: Final = re.compile(r"\s+#[^\r\n]*")
_NEWLINE: Final = re.compile(r"\r\n|\n|\r")
_MARK: Final = "\ufeff"


class Unclear(Exception):
    """A line cannot be changed without changing what another one means, because the file holds an unclear one."""


@dataclass(frozen=True, slots=True)
class Document:
    """The text of an env file called `file`; kept out of the repr because it may hold secrets."""

    file: str
    text: str = field(default="", repr=False)

    @property
    def parsed(self) -> EnvFile:
        """What the reader of the configuration makes of it."""
        return parse_env_text(self.text, self.file)

    @property
    def names(self) -> frozenset[str]:
        """The names that have a line, with or without a value."""
        return frozenset(part.key for part in self._parts() if part.key is not None and not part.error)

    def value(self, name: str) -> str | None:
        """Return the value that `name` has in this file, None when it has no line."""
        line = self.parsed.lines.get(name)
        return None if line is None else line.raw

    def with_value(self, name: str, value: str) -> "Document":
        """Give `name` a value: on its line where it has one, else below a comment `# NAME=`, else at the end.

        The comment behind the old value stays; a second line of the same name goes. Raises `Unclear`.
        """
        parts = self._parts()
        places = [number for number, part in enumerate(parts) if part.key == name and not part.error]
        texts = [part.original.string for part in parts]
        if places:
            texts[places[0]] = _revalued(texts[places[0]], value)
            for second in places[1:]:
                texts[second] = _blanks(texts[second])
        else:
            _insert(texts, self._placeholder(parts, name), f"{name}={quoted(value)}", self._newline())
        return self._judged("".join(texts), name, value)

    def without(self, name: str) -> "Document":
        """Remove every line of `name`. Raises `Unclear`."""
        texts = [
            _blanks(part.original.string) if part.key == name and not part.error else part.original.string
            for part in self._parts()
        ]
        return self._judged("".join(texts), name, None)

    def _parts(self) -> list[Binding]:
        return list(parse_stream(io.StringIO(self.text, newline="")))

    def _newline(self) -> str:
        found = _NEWLINE.search(self.text)
        return found[0] if found else "\n"

    def _placeholder(self, parts: list[Binding], name: str) -> int:
        """Return the number of parts after which a new line of `name` belongs."""
        comment = re.compile(rf"#\s*{re.escape(name)}\s*=")
        found = [n for n, part in enumerate(parts) if part.key is None and comment.match(part.original.string.strip())]
        return found[-1] + 1 if found else len(parts)

    def _judged(self, text: str, name: str, value: str | None) -> "Document":
        """Return the changed document, if all other lines mean what they meant: an open quote would swallow them."""
        mark = _MARK if self.text.startswith(_MARK) else ""
        changed = replace(self, text=mark + text)
        before, after = self.parsed, changed.parsed
        others = {each: line.raw for each, line in before.lines.items() if each != name}
        now = {each: line.raw for each, line in after.lines.items()}
        wanted = others if value is None else {**others, name: value}
        if now != wanted or len(after.problems) > len(before.problems):
            raise Unclear(self.file)
        return changed


def _revalued(text: str, value: str) -> str:
    """Put another value into a line and keep its indent, `export`, blanks around `=`, comment and line end."""
    head = _HEAD.match(text)
    assert head is not None  # noqa: S101 - the parser found a name here by the same rules
    rest = text[head.end() :]
    equals = head["equals"] or "="
    if rest[:1] in ("'", '"'):
        old = (_SINGLE if rest[0] == "'" else _DOUBLE).match(rest)
        tail = rest[old.end() :] if old else ""
    elif rest.startswith("#") and equals != "=":
        tail, equals = equals[1:] + rest, "="
    else:
        comment = _COMMENT.search(rest)
        end = _END.search(rest)
        tail = rest[comment.start() if comment else end.start() if end else len(rest) :]
    return f"{head['lead']}{head['name']}{equals}{quoted(value)}{tail}"


def _blanks(text: str) -> str:
    """Return the blank lines that stand before a line."""
    lead = text[: len(text) - len(text.lstrip())]
    newlines = list(_NEWLINE.finditer(lead))
    return lead[: newlines[-1].end()] if newlines else ""


def _insert(texts: list[str], place: int, line: str, newline: str) -> None:
    """Put a line of its own among the texts; the one before it is ended if it was the last of the file."""
    before = "".join(texts[:place])
    gap = newline if before and not before.endswith(("\n", "\r")) else ""
    texts.insert(place, f"{gap}{line}{newline}")

"""Loads the lenses: those that come with Ultra, then an operator's own."""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from ultra.domain.errors import NotFound
from ultra.patterns.lens import MarkdownLens
from ultra.patterns.lens_file import LensFile, PatternInvalid, Problem, read

BUILT_IN = "built in"
_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class LoadedPatterns:
    """All lenses that can be asked for. Keeps the promise `ultra.domain.patterns.Patterns`."""

    lenses: Mapping[str, MarkdownLens]

    def get(self, name: str) -> MarkdownLens:
        """Return a lens; raises `NotFound` with the nearest names, or with all of them when none is near."""
        if name in self.lenses:
            return self.lenses[name]
        near = difflib.get_close_matches(name.strip().lower().replace("_", "-"), self.lenses, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(sorted(self.lenses))}."
        raise NotFound(f"There is no pattern {name[:80]!r}.", hint=hint, param="pattern", code="pattern_not_found")

    def all(self) -> tuple[MarkdownLens, ...]:
        """Return every lens, by name."""
        return tuple(self.lenses[name] for name in sorted(self.lenses))


def load(*, folders: Sequence[Path] = (), flows: Collection[str] | None = None) -> LoadedPatterns:
    """Read the built-in lenses, then each folder's `*.md` in the order given.

    A file whose lens exists already must say `replaces = true`, and one that says so must have something to
    replace. `README.md` and names that begin with `_` or `.` are left alone. `flows`, when given, are the flows
    there are, and `default_flow` must be one of them. Raises `PatternInvalid` with every problem of every file.
    """
    lenses: dict[str, MarkdownLens] = {}
    problems: list[Problem] = []
    built_in = resources.files("ultra.patterns") / "lenses"
    for folder in (built_in, *folders):
        if not folder.is_dir():
            problems.append(Problem(str(folder), 0, "this folder of lenses does not exist"))
            continue
        for entry in _lens_files(folder):
            source = BUILT_IN if folder is built_in else str(entry)
            try:
                file = _read(entry, source)
            except PatternInvalid as error:
                problems += error.problems
                continue
            problems += _clash(file, lenses)
            if flows is not None and file.lens.default_flow not in flows:
                said = f"there is no flow {file.lens.default_flow!r}; there are {', '.join(sorted(flows))}"
                problems.append(Problem(source, 1, said))
            lenses[file.lens.name] = file.lens
    if problems:
        raise PatternInvalid(problems)
    return LoadedPatterns(lenses)


def _lens_files(folder: Traversable) -> Iterator[Traversable]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        is_note = entry.name.startswith(("_", ".")) or entry.name.lower() == "readme.md"
        if entry.name.endswith(".md") and not is_note and entry.is_file():
            yield entry


def _read(entry: Traversable, source: str) -> LensFile:
    try:
        data = entry.read_bytes()
        if len(data) > _LARGEST:
            raise PatternInvalid([Problem(source, 1, f"is larger than {_LARGEST} bytes")])
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise PatternInvalid([Problem(source, 1, f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise PatternInvalid([Problem(source, line, "is not UTF-8")]) from error
    return read(text, stem=entry.name.removesuffix(".md"), source=source)


def _clash(file: LensFile, lenses: Mapping[str, MarkdownLens]) -> Iterator[Problem]:
    lens = file.lens
    other = lenses.get(lens.name)
    if other is not None and not file.replaces:
        said = f"there is a lens {lens.name!r} already ({other.source}); say `replaces = true` to replace it"
        yield Problem(lens.source, 1, said)
    if other is None and file.replaces:
        yield Problem(lens.source, 1, f"says `replaces = true`, but there is no lens {lens.name!r} to replace")

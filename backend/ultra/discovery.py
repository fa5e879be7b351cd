"""Finds the parts of a package: one class per file, known by its `name`, duplicates refused."""

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import TypeVar

Kind = TypeVar("Kind")


class DuplicateName(Exception):
    """Two files of one package claim the same name; rename one of them."""


def collect(package: ModuleType, kind: type[Kind]) -> dict[str, type[Kind]]:
    """Import every public module of `package` and return its concrete subclasses of `kind` by their `name`.

    Order is alphabetical by module, so use it only where order does not matter. Modules whose name begins
    with an underscore are private parts and are not looked at.
    """
    found: dict[str, type[Kind]] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for _, candidate in inspect.getmembers(module, inspect.isclass):
            own = candidate.__module__ == module.__name__
            if not own or not issubclass(candidate, kind) or inspect.isabstract(candidate) or candidate is kind:
                continue
            name: str = candidate.name  # type: ignore[attr-defined]  # the promise of every collected kind
            if name in found:
                raise DuplicateName(f"{name!r} is claimed by {found[name].__module__} and {module.__name__}")
            found[name] = candidate
    return found

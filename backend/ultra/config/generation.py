"""Makes the secrets that nobody gave, on the first start, where the machine is one's own."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ultra.config.declaration import Environment
from ultra.config.envfile import read_env_file
from ultra.config.secret import SecretRef
from ultra.config.settings import Settings
from ultra.system import System

_HEAD: Final = """\
# Secrets of this machine, made on the first start. Not committed; nobody else reads this file (mode 0600).
"""


def guarding(settings: Settings) -> tuple[SecretRef, ...]:
    """Return the secrets that sessions, tokens and keys depend on: without them nothing can be served."""
    return settings.signing_keys, settings.csrf_key, settings.key_pepper


def missing_secrets(settings: Settings) -> tuple[str, ...]:
    """Return the names of the secrets that Ultra needs and does not have."""
    return tuple(each.name for each in guarding(settings) if not each.is_set)


def make_secrets(names: Sequence[str], *, system: System) -> Mapping[str, str]:
    """Return a fresh secret of 256 bits for each name; rings get one named entry."""
    day = f"{system.now():%Y%m%d}"
    prefixes = {"ULTRA_SIGNING_KEYS": f"k{day}:", "ULTRA_KEY_PEPPER": f"p{day}:"}
    return {name: prefixes.get(name, "") + system.token() for name in names}


def keep_secrets(folder: Path, environment: Environment, names: Sequence[str], *, system: System) -> Path:
    """Add fresh secrets to `.env.{environment}.local` and return its path.

    Of several processes that start at once, the first writes and the others find what it wrote. The file is replaced
    as a whole or not at all, keeps what stood in it, and is never readable for others, not even for a moment. Raises
    `OSError` where the folder cannot be written to.
    """
    path = folder / f".env.{environment}.local"
    with locked(folder):
        present = read_env_file(path).lines
        made = make_secrets([name for name in names if name not in present], system=system)
        if made:
            before = path.read_text(encoding="utf-8") if path.exists() else _HEAD
            gap = "" if before.endswith("\n") else "\n"
            replace_file(path, before + gap + "".join(f"{name}={value}\n" for name, value in made.items()))
    return path


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only process that writes secrets in `folder` while the block lasts."""
    import fcntl  # noqa: PLC0415 - there is none on Windows, where everything else of this package can be read

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def replace_file(path: Path, text: str) -> None:
    """Write a file as a whole or not at all, readable for its owner alone from its first moment."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)

"""Judges secrets that Ultra itself is guarded with: present, long, random, and each used for one thing only."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from ultra.auth.key_ring import WeakRing, read_ring
from ultra.config.problems import Problem
from ultra.config.secret import SecretRef
from ultra.config.settings import Settings

LEAST_BYTES: Final = 32
_LEAST_DIFFERENT: Final = 10
_RINGS: Final = frozenset({"ULTRA_SIGNING_KEYS", "ULTRA_KEY_PEPPER"})
_GENERATE: Final = "Generate one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
_PLACEHOLDER: Final = re.compile(
    r"secret|passw|change[-_ ]?(me|this|it)|example|placeholder|default|insecure|dummy|sample|replace"
    r"|your[-_ ]|test[-_ ]?key|qwerty|letmein|1234567|abcdefgh",
    re.IGNORECASE,
)


def guarding(settings: Settings) -> tuple[SecretRef, ...]:
    """Return the secrets that sessions, tokens and keys depend on: without them nothing can be served."""
    return settings.signing_keys, settings.csrf_key, settings.key_pepper


def judge_secrets(settings: Settings) -> list[Problem]:
    """Return what is wrong with the secrets that are given; production wants them random, too. No value is shown."""
    problems = []
    seen: dict[str, str] = {}
    for reference in (*guarding(settings), settings.test_mode_secret):
        value = reference.reveal()
        if value is None:
            continue
        parts = _parts(reference.name, value)
        if parts is None:
            sentence = f"is no list of `name:secret` whose secrets have {LEAST_BYTES} bytes or more and do not repeat."
            problems.append(Problem(reference.name, sentence, _GENERATE))
            continue
        weaknesses = {_weakness(part, is_production=settings.environment == "production") for part in parts}
        problems += [Problem(reference.name, sentence, _GENERATE) for sentence in sorted(weaknesses - {""})]
        twins = {seen[part] for part in parts if part in seen}
        problems += [Problem(reference.name, f"is the same secret as {twin}.", _GENERATE) for twin in sorted(twins)]
        seen |= dict.fromkeys(parts, reference.name)
    return problems


def judge_sharing(settings: Settings, others: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a problem for each secret that is also among `others`, another environment's values by name."""
    theirs = {part for name, value in others.items() for part in _parts(name, value) or (value,)}
    for reference in guarding(settings):
        value = reference.reveal()
        if value is not None and theirs.intersection(_parts(reference.name, value) or (value,)):
            yield Problem(reference.name, "is the secret of the development environment.", _GENERATE)


def _parts(name: str, value: str) -> tuple[str, ...] | None:
    """Return the secrets of a value, None when it is a ring that cannot be read."""
    if name not in _RINGS:
        return (value,)
    try:
        return tuple(secret.decode("utf-8", "surrogateescape") for secret in read_ring(value).secrets.values())
    except WeakRing:
        return None


def _weakness(secret: str, *, is_production: bool) -> str:
    if len(secret.encode("utf-8", "surrogateescape")) < LEAST_BYTES:
        return f"is shorter than {LEAST_BYTES} bytes."
    if not is_production:
        return ""
    if _PLACEHOLDER.search(secret):
        return "looks like a placeholder."
    if len(set(secret)) < _LEAST_DIFFERENT or _is_periodic(secret) or _is_sequence(secret):
        return "is not random."
    return ""


def _is_periodic(secret: str) -> bool:
    """Whether it is one piece, repeated."""
    return (secret + secret).find(secret, 1) < len(secret)


def _is_sequence(secret: str) -> bool:
    """Whether most characters follow from the one before: the same, the next or the previous one."""
    codes = [ord(character) for character in secret]
    near = sum(abs(after - before) <= 1 for before, after in pairwise(codes))
    return near * 2 > len(codes)

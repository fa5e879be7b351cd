"""Which passwords are refused: too short, too long, common, or built from nothing but common parts.

Length and a list, as NIST SP 800-63B section 3.1.1 recommends; no rules about kinds of characters, which make
people choose `Password1234!`. That one is refused here, because what it is decorated with is taken off before the
list is asked.
"""

import re
import unicodedata
from functools import lru_cache
from importlib.resources import files

LEAST_CHARACTERS = 12
MOST_BYTES = 1024

_LEET = str.maketrans("013457@$!", "oieastasi")
_DECORATION = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "!@#$%^&*()_+",
)
_LEAST_DIFFERENT = 5
_LEAST_BEYOND = 4
"""Characters that must remain when the user's name and `ultra` are taken out."""


def judge(password: str, username: str) -> str | None:
    """Return one sentence saying why a password is refused, or None. Never repeats the password."""
    return _misshapen(password) or _guessable(unicodedata.normalize("NFKC", password).casefold(), username)


def _misshapen(password: str) -> str | None:
    if len(password) < LEAST_CHARACTERS:
        return f"The password has fewer than {LEAST_CHARACTERS} characters."
    try:
        size = len(password.encode("utf-8"))
    except UnicodeEncodeError:
        return "The password is not valid Unicode."
    if size > MOST_BYTES:
        return f"The password has more than {MOST_BYTES} bytes."
    return "The password contains a NUL character." if "\0" in password else None


def _guessable(folded: str, username: str) -> str | None:
    if len(set(folded)) < _LEAST_DIFFERENT or _is_repetition(folded):
        return "The password repeats itself."
    if _is_sequence(folded):
        return "The password is a sequence from the alphabet or the keyboard."
    if _is_about(folded, username):
        return "The password is made of the user's name or the name of this service."
    return "The password is a common one, or made of two common words." if _is_common(folded) else None


def _is_repetition(text: str) -> bool:
    """Whether a part of up to a third of the length, again and again, makes the whole (the last may be cut)."""
    return any((text[:size] * (len(text) // size + 1))[: len(text)] == text for size in range(1, len(text) // 3 + 1))


def _is_sequence(text: str) -> bool:
    """Whether nothing but runs of four or more from one row of the alphabet or the keyboard, either way, is there."""
    rows = [each for row in _ROWS for each in (row, row[::-1])]
    start = 0
    while start < len(text):
        run = max(_run_length(text, start, row) for row in rows)
        if run < 4:
            return False
        start += run
    return True


def _run_length(text: str, start: int, row: str) -> int:
    length = 0
    while start + length < len(text) and text[start : start + length + 1] in row:
        length += 1
    return length


def _is_about(text: str, username: str) -> bool:
    name = unicodedata.normalize("NFKC", username).casefold()
    for base in (text, text.translate(_LEET)):
        rest = base
        for each in ("ultra", name, name.partition("@")[0]):
            if len(each) >= 3:
                rest = rest.replace(each, "").replace(each[::-1], "")
        if rest != base and len(_words(rest)) < _LEAST_BEYOND:
            return True
    return False


def _words(text: str) -> str:
    return "".join(character for character in text if character.isalpha())


def _is_common(text: str) -> bool:
    common = _common_words()
    plain = _DECORATION.sub("", text)
    for each in (text, plain, text.translate(_LEET), _DECORATION.sub("", plain.translate(_LEET)), _words(text)):
        if each in common or any(each[:cut] in common and each[cut:] in common for cut in range(3, len(each) - 2)):
            return True
    return False


@lru_cache(maxsize=1)
def _common_words() -> frozenset[str]:
    return frozenset(files("ultra.auth").joinpath("common_passwords.txt").read_text(encoding="utf-8").split())

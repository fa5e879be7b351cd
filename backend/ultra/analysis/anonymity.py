"""Who wrote what stays hidden: neutral labels and a new order for every reader.

A label is a consonant and a digit (`K7`), drawn so that it occurs in none of the texts and differs from every other
label of the run. So a label in what a reviewer wrote can be found and replaced by the label that the next reader
knows, which a plain `A` could not: it is also a word.
"""

import random
import re
from collections.abc import Iterable, Mapping, Sequence

from ultra.domain.analysis import Answer
from ultra.domain.patterns import Labelled

_LETTERS = "BCDFGHJKLMNPQRTVWXZ"
_DIGITS = "23456789"


class Labels:
    """Draws labels for one run. The same dice and the same calls give the same labels."""

    def __init__(self, dice: random.Random, texts: Iterable[str]) -> None:
        """Avoid every label that occurs in `texts`."""
        self._dice = dice
        used = {word.upper() for text in texts for word in re.findall(r"\b[A-Za-z][0-9]\b", text)}
        every = [letter + digit for letter in _LETTERS for digit in _DIGITS]
        self._left = [label for label in every if label not in used] or every

    def draw(self, roles: Sequence[str]) -> dict[str, str]:
        """Return a new label for each role, in a new random order."""
        shuffled = list(roles)
        self._dice.shuffle(shuffled)
        return {role: self._take() for role in shuffled}

    def _take(self) -> str:
        if self._left:
            return self._left.pop(self._dice.randrange(len(self._left)))
        return f"{self._dice.choice(_LETTERS)}{self._dice.randrange(10**5, 10**6)}"


def labelled(answers: Iterable[Answer], labels: Mapping[str, str]) -> tuple[Labelled, ...]:
    """Return the texts under their labels, in the order of `labels`; roles without a label are left out."""
    texts = {answer.role: answer.text for answer in answers}
    return tuple(Labelled(label, texts[role]) for role, label in labels.items() if role in texts)


def relabelled(text: str, known: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """Replace the labels of one reader (`known`: role to label) by those of another (`wanted`)."""
    into = {label.upper(): wanted.get(role, "another answer") for role, label in known.items()}
    if not into:
        return text
    pattern = r"\b(?:" + "|".join(re.escape(label) for label in into) + r")\b"
    return re.sub(pattern, lambda found: into[found[0].upper()], text, flags=re.IGNORECASE)

"""The answer closest to all others: cosine of TF-IDF weights over character n-grams, without a dependency.

Used only to choose a representative among answers, never to decide whether two answers say the same.
"""

import math
from collections import Counter
from collections.abc import Sequence

_SIZES = (3, 4)
_LONGEST = 4_000
"""Characters of each answer that are looked at; more would only cost time."""


def medoid(texts: Sequence[str]) -> int:
    """Return the index of the text most similar to the others on average; the first of equals.

    Raises `ValueError` when there is none.
    """
    if not texts:
        raise ValueError("There is no text to choose from.")
    vectors = _vectors(texts)
    sums = [sum(_cosine(one, other) for other in vectors if other is not one) for one in vectors]
    return max(range(len(texts)), key=lambda index: (round(sums[index], 9), -index))


def _vectors(texts: Sequence[str]) -> list[dict[str, float]]:
    counts = [_grams(text) for text in texts]
    seen = Counter(gram for each in counts for gram in each)
    return [_unit({gram: n * _weight(seen[gram], len(texts)) for gram, n in each.items()}) for each in counts]


def _grams(text: str) -> Counter[str]:
    plain = " ".join(text[:_LONGEST].casefold().split())
    padded = f" {plain} "
    return Counter(padded[at : at + size] for size in _SIZES for at in range(len(padded) - size + 1))


def _weight(seen_in: int, texts: int) -> float:
    return math.log((1 + texts) / (1 + seen_in)) + 1


def _unit(vector: dict[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(value * value for value in vector.values()))
    return {gram: value / length for gram, value in vector.items()} if length else vector


def _cosine(one: dict[str, float], other: dict[str, float]) -> float:
    small, large = sorted((one, other), key=len)
    return sum(value * large.get(gram, 0.0) for gram, value in small.items())

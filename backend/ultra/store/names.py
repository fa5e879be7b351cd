"""When two user names are the same name."""

import unicodedata


def folded_name(username: str) -> str:
    """Return the form in which names are compared: compatibility forms unified (NFKC), differences of case removed.

    Folding can leave the normal form and normalising can bring back a capital, hence twice (Unicode 16, 3.13.5).
    """
    once = unicodedata.normalize("NFKC", username).casefold()
    return unicodedata.normalize("NFKC", once).casefold()

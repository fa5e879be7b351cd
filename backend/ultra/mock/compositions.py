"""Short texts on request: a poem, a story, an email. Modest, but of the kind that was asked for."""

from collections.abc import Mapping

from ultra.mock.chance import pick
from ultra.mock.claims import fill
from ultra.mock.matter import Matter

_HAIKU = (
    "Early morning light\n{s}, and no sound at all\nthen the day begins",
    "No one says a word\n{s} fills the small window\nsomeone pours the tea",
    "Rain on the old roof\nI think about {s}\nand forget the time",
)
_VERSES = (
    (
        "I went to look for {s} one day\nand found it standing in the way;\n"
        "it asked me where I meant to go,\nand I admitted: I don't know."
    ),
    (
        "They wrote of {s} in books of old,\nin careful letters, black and gold;\n"
        "the ink has faded, line by line,\nbut what it spoke of still is mine."
    ),
)
_STORIES = (
    (
        "Nobody in the village spoke of {s} until the winter the bridge froze. Then old Marta did, and all listened. "
        "She told them what her mother had seen, and what it had cost. In spring they built the second bridge."
    ),
    (
        "The apprentice was told to leave {s} alone. She did, for nine days. On the tenth she understood why it was "
        "forbidden, and also that the master had never understood it himself."
    ),
)
_EMAILS = (
    (
        "Subject: {S}\n\nDear all,\n\nI am writing about {s}. Could you tell me by Friday how to proceed? "
        "If a short call is easier, please suggest a time.\n\nKind regards"
    ),
    (
        "Subject: A question about {s}\n\nHello,\n\nthere is something about {s} that should be settled this week. "
        "Please let me know what you need from me.\n\nBest wishes"
    ),
)
_KINDS: Mapping[str, tuple[str, ...]] = {
    "haiku": _HAIKU, "poem": _VERSES, "limerick": _VERSES, "story": _STORIES, "email": _EMAILS, "letter": _EMAILS,
}  # fmt: skip


def write(asked: Matter, *, model: str, seed: str) -> str:
    """Write the text, a different one for different models."""
    text = fill(pick(_KINDS[asked.kind], seed, model, asked.subject), asked)
    return text.replace("Dear all,", f"Dear {asked.who.removeprefix('your ').removeprefix('the ')},")

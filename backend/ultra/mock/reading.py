"""Reads a prompt as a model would: what is asked, in which form, and which labelled answers of others it shows."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

_LONGEST = 200_000

_KEYWORD = r"(answer|final answer|vote|decision|choice)"
_CLOSING = re.compile(
    r"\b(?:end|ends|ending|finish|close|conclude|last line|final line|line|write|give)\b[^\n]{0,120}?"
    rf"[`\"'“*]{{0,3}}{_KEYWORD}:",
    re.IGNORECASE,
)
_TEMPLATE_LINE = re.compile(rf"^[\s>*`\"]*{_KEYWORD}:[*`\s]*(?:<|\[|\{{|\(|…|\.\.\.)", re.IGNORECASE | re.MULTILINE)
_CONDITION = re.compile(r"\b(?:if|when|unless|where)\b", re.IGNORECASE)
_FINAL_LINE = re.compile(rf"^[\s>*#`\"-]*{_KEYWORD}:[*`\s]*(.+?)[*`\"\s]*$", re.IGNORECASE | re.MULTILINE)
_BARE = re.compile(
    r"\b(?:only|just|nothing but)\b[^.\n]{0,30}\b(?:number|letter|word|name|answer|value|option|result|digits?)\b|"
    r"\bone word\b|\bsingle (?:word|letter|number)\b|\bno explanation\b",
    re.IGNORECASE,
)
_SHORT = re.compile(r"\bone sentence\b|\bbriefly\b|\bin short\b|\bconcise(?:ly)?\b|\bone line\b", re.IGNORECASE)
_LETTERS_AFTER = re.compile(r"^\s*(?:[-*]\s*)?\(?([A-H])[).:]\s+(\S.*?)\s*$", re.MULTILINE)
_INLINE = re.compile(r"(?<![\w(])\(?([A-H])\)\s*(.+?)(?=[,;]?\s*\(?[A-H]\)\s|[?.\n]|$)")
_CLOSED = re.compile(
    r"^(?:is|are|was|were|does|do|did|can|could|has|have|had|should|will|would|may)\s[^?\n]{2,300}\?|"
    r"\byes or no\b|\btrue or false\b|\byes/no\b",
    re.IGNORECASE | re.MULTILINE,
)
_TRUTH = re.compile(r"\btrue or false\b|\btrue/false\b", re.IGNORECASE)
_PEER_TAG = re.compile(
    r"<(\w+)[^>\n]*?\b(?:label|id|name|from)\s*=\s*[\"']?([A-Z]|\d{1,2})\b[\"']?[^>\n]*>(.*?)</\1>", re.DOTALL
)
_PEER_HEADING = re.compile(
    r"^[#*=\[<>\-\s]*(?:(?:peer|the|candidate)\s+)?"
    r"(?:answer|response|candidate|peer|member|model|review|reviewer|opinion)"
    r"[\s-]+([A-Z]|\d{1,2})\b[^\n]{0,80}$",
    re.IGNORECASE | re.MULTILINE,
)
_PEER_JSON = re.compile(r"\"label\"\s*:\s*\"([A-Z]|\d{1,2})\"\s*,\s*\"text\"\s*:\s*\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_BLOCK = re.compile(r"^=== (\S{8,128}) ([^\n]{1,120}) ===\n(.*?)\n=== \1 end of \2 ===$", re.DOTALL | re.MULTILINE)
_PEER_LABEL = re.compile(r"(?:answer|response|peer|member|opinion)\s+([A-Z]|\d{1,2})", re.IGNORECASE)
_TRAILER = re.compile(
    r"^(?:how to reply|now (?:check|write|answer|decide)|reply format|instructions)\b", re.IGNORECASE | re.MULTILINE
)
_REVIEWING = re.compile(
    r"\bfor each (?:answer|response)\b|"
    r"\b(?:check|review|judge|assess|critique|evaluate|grade|rate)\s+"
    r"(?:them|each|every|these|those|several|the (?:\w+ )?(?:answers|responses))\b",
    re.IGNORECASE,
)
_DECIDED = re.compile(
    r"\bdecided(?:\s+(?:value|answer|result|by code))*\b[^:\n]{0,60}:\s*[`\"*<]*\s*([^\n`\"*<>]{1,200})", re.IGNORECASE
)
_SUBJECT = re.compile(r"\w[\w'’-]*")
_QUOTED = re.compile(r"`[^`]*`|<[^<>\n]*>")
_CLAUSE = re.compile(r"[.,;:!?()\n]")
_ECHO = re.compile(
    r"^\s*(?:please\s+)?(?:say|repeat|reply with|respond with|answer with)\s+"
    r"(?:(?:exactly|only|just|this|the words?|the phrase)\b[:\s]*)*[\"“'`]?([^\n]{1,200}?)[\"”'`]?[.!]?\s*$",
    re.IGNORECASE,
)
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "the and for are was were what which who whom whose why how when where does did can could should "
        "would will may might with without from into onto about between than then that this these those there "
        "their them they you your our his her its not but have has had been being some any all most more less "
        "many much very explain describe tell discuss compare write give list please answer question best "
        "good better way ways make makes use used using one two three over under after before each every end "
        "line final only just also such like please short sentence sentences word words paragraph paragraphs "
        "user system reply say main works happens hello difference differences ",
    )
)


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a multiple choice question."""

    letter: str
    text: str


@dataclass(frozen=True, slots=True)
class Peer:
    """An answer of somebody else that the prompt shows under a label."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a prompt says. `closing` is the word of a demanded last line (`Answer`), `conditional` if only for some."""

    question: str
    options: tuple[Option, ...] = ()
    yes_no: bool = False
    truth: bool = False
    """A yes/no question to be answered with true or false."""
    closing: str | None = None
    conditional: bool = False
    bare: bool = False
    short: bool = False
    peers: tuple[Peer, ...] = ()
    reviewing: bool = False
    """The peers are to be judged one by one, not brought together."""
    decided: str | None = None
    subject: tuple[str, ...] = ()
    echo: str | None = None
    """Words the prompt asks to be said back."""

    @property
    def favourite(self) -> str | None:
        """The final value most peers announce; the first seen wins a tie. None when none announces one."""
        values = [value for peer in self.peers if (value := final_value(peer.text)) is not None]
        if not values:
            return None
        counted = Counter(value.casefold().rstrip(".") for value in values)
        best = counted.most_common(1)[0][0]
        return next(value.rstrip(".") for value in values if value.casefold().rstrip(".") == best)


def read(instructions: str, text: str) -> Reading:
    """Read the instructions and the last user message of a request."""
    text = text[:_LONGEST]
    blocks = {match.group(2): match.group(3) for match in _BLOCK.finditer(text)}
    peers = find_peers(text)
    outside = _BLOCK.sub("", text)
    wishes = f"{instructions[:_LONGEST]}\n{outside}"
    question = _find_question(outside, blocks, peers)
    options = _options(question)
    closing, conditional = _closing(wishes)
    return Reading(
        question=question,
        options=options,
        yes_no=not options and _CLOSED.search(question) is not None,
        truth=_TRUTH.search(question) is not None,
        closing=closing,
        conditional=conditional,
        bare=not peers and closing is None and _BARE.search(f"{instructions}\n{question}") is not None,
        short=_SHORT.search(question) is not None,
        peers=peers,
        reviewing=bool(peers) and _REVIEWING.search(wishes) is not None,
        decided=_decided(blocks, outside),
        subject=_subject(question),
        echo=echoed.group(1).strip() if (echoed := _ECHO.match(question)) else None,
    )


def final_value(text: str) -> str | None:
    """Return what the last line of the form `Answer: value` in a text announces."""
    found = _FINAL_LINE.findall(text)
    return found[-1][1].strip() if found else None


def find_peers(text: str) -> tuple[Peer, ...]:
    """Return the labelled answers in a prompt: marked blocks, labelled tags, JSON objects, or headings `Answer A`."""
    blocks = tuple(
        Peer(label.group(1), match.group(3).strip())
        for match in _BLOCK.finditer(text)
        if (label := _PEER_LABEL.fullmatch(match.group(2).strip()))
    )
    if blocks:
        return blocks
    tagged = tuple(Peer(match.group(2), match.group(3).strip()) for match in _PEER_TAG.finditer(text))
    if tagged:
        return tagged
    quoted = tuple(
        Peer(match.group(1), match.group(2).replace("\\n", "\n").replace('\\"', '"'))
        for match in _PEER_JSON.finditer(text)
    )
    if quoted:
        return quoted
    headings = list(_PEER_HEADING.finditer(text))
    if not headings:
        return ()
    ends = [*(match.start() for match in headings[1:]), len(text)]
    return tuple(
        Peer(match.group(1), body)
        for match, end in zip(headings, ends, strict=True)
        if (body := text[match.end() : end].strip())
    )


def sentences(text: str) -> list[str]:
    """Cut a text into its sentences, without headings, list marks and announced final values."""
    body = _FINAL_LINE.sub("", text)
    lines = (line.strip().lstrip("-*#> ").strip() for line in body.splitlines())
    return [piece.strip() for line in lines for piece in re.split(r"(?<=[.!?])\s+", line) if len(piece.strip()) > 12]


def _find_question(outside: str, blocks: Mapping[str, str], peers: tuple[Peer, ...]) -> str:
    """Return the block called question, else the text up to the first labelled answer or the notes on how to reply."""
    if "question" in blocks:
        return blocks["question"]
    if peers and peers[0].text in outside:
        outside = outside[: outside.find(peers[0].text)]
    trailer = _TRAILER.search(outside)
    return outside[: trailer.start()] if trailer else outside


def _closing(text: str) -> tuple[str | None, bool]:
    """Return the word of the demanded last line, and whether it is demanded only under a condition."""
    match = _TEMPLATE_LINE.search(text) or _CLOSING.search(text)
    if match is None:
        return None, False
    word = match.group(1)
    before = text[max(match.start() - 300, 0) : match.end()]
    sentence = re.split(r"\n\s*\n|(?<=[.?!])\s", before)[-1]
    return word[0].upper() + word[1:].lower(), _CONDITION.search(sentence) is not None


def _decided(blocks: Mapping[str, str], outside: str) -> str | None:
    for label, text in blocks.items():
        if "decided" in label.lower():
            return text.strip()
    found = _DECIDED.search(outside)
    return found.group(1).strip() if found else None


def _options(question: str) -> tuple[Option, ...]:
    for pattern in (_LETTERS_AFTER, _INLINE):
        found = [Option(match.group(1), match.group(2).strip(" ,;")) for match in pattern.finditer(question)]
        letters = [option.letter for option in found]
        if len(found) >= 2 and letters == sorted(set(letters)) and letters[0] == "A":
            return tuple(found)
    return ()


def _subject(question: str) -> tuple[str, ...]:
    """Return the words a question is about: its longest run of up to three words that mean something."""
    best: tuple[str, ...] = ()
    for clause in _CLAUSE.split(_QUOTED.sub(".", question[:4000]))[:40]:
        run: tuple[str, ...] = ()
        for word in (*_SUBJECT.findall(clause), ""):
            if len(word) > 2 and word.lower() not in _STOP_WORDS:
                run = (*run, word)[-3:]
                if len("".join(run)) > len("".join(best)):
                    best = run
            else:
                run = ()
    return best

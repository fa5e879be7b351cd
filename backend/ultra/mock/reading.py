"""Reads a prompt as a model would: what is asked, in which form, and which labelled answers of others it shows."""

import re
from collections import Counter
from dataclasses import dataclass

from ultra.mock import peers as shown
from ultra.mock.peers import Block, Peer, final_value
from ultra.mock.phrases import subject_words

_LONGEST = 200_000
_END = 10_000

_KEYWORD = r"(answer|final answer|vote|decision|choice)"
_CLOSING = re.compile(
    r"\b(?:end|ends|ending|finish|close|conclude|last line|final line|line|write|give)\b[^\n]{0,120}?"
    rf"[`\"'“*]{{0,3}}{_KEYWORD}:",
    re.IGNORECASE,
)
_TEMPLATE_LINE = re.compile(rf"^[\s>*`\"]*{_KEYWORD}:[*`\s]*(?:<|\[|\{{|\(|…|\.\.\.)", re.IGNORECASE | re.MULTILINE)
_CONDITION = re.compile(r"\b(?:if|when|unless|where)\b", re.IGNORECASE)
_BARE = re.compile(
    r"\b(?:only|just|nothing but)\b[^.\n]{0,30}\b(?:number|letter|word|name|answer|value|option|result|digits?)\b|"
    r"\bone word\b|\bsingle (?:word|letter|number)\b|\bno explanation\b",
    re.IGNORECASE,
)
_SHORT = re.compile(r"\bone sentence\b|\bbriefly\b|\bin short\b|\bconcise(?:ly)?\b|\bone line\b", re.IGNORECASE)
_NUMBER = r"(one|two|three|four|five|six|\d{1,2})"
_MOST_SENTENCES = re.compile(
    rf"\b{_NUMBER} sentences? at most\b|\bat most {_NUMBER} sentences?\b|\bone to {_NUMBER} sentences\b", re.IGNORECASE
)
_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_LETTERS_AFTER = re.compile(r"^\s*(?:[-*]\s*)?\(?([A-H])[).:]\s+(\S.*?)\s*$", re.MULTILINE)
_INLINE = re.compile(r"(?<![\w(])\(?([A-H])\)\s*(.+?)(?=[,;]?\s*\(?[A-H]\)\s|[?.\n]|$)")
_ASSERTED = re.compile(
    r"(?:^|[.!:]\s+)(?:is|are|was|were|does|do|did|can|could|has|have|had|should|will|would|may)\s[^?\n]{2,300}\?",
    re.IGNORECASE | re.MULTILINE,
)
_YES_OR_NO = re.compile(r"\byes or no\b|\btrue or false\b|\byes/no\b|\btrue/false\b", re.IGNORECASE)
_TRUTH = re.compile(r"\btrue or false\b|\btrue/false\b", re.IGNORECASE)
_MOOT = re.compile(
    r"\bshould\b|\b(?:is|are|would) (?:it|they|this|that) (?:be )?(?:worth|wise|better|a good idea|time|advisable)\b|"
    r"\bdo(?:es)? you (?:think|believe|recommend)\b|\bwould you\b|\bbetter than\b|\bworse than\b",
    re.IGNORECASE,
)
_WANTS_PROSE = re.compile(
    r"\b(?:why|explain|describe|discuss|compare|contrast|summari[sz]e|pros and cons|advantages|draft|roadmap|analy[sz]e"
    r"|brainstorm|plan (?:to|for|a|an|the)|difference between|how (?:do|does|did|can|could|should|would|to))\b",
    re.IGNORECASE,
)
_NOW = re.compile(r"^this is the (?:user's )?question now[.:]\s*$", re.IGNORECASE | re.MULTILINE)
_TRAILER = re.compile(
    r"^(?:how to reply|now (?:check|write|answer|decide|give)|reply format|instructions)\b",
    re.IGNORECASE | re.MULTILINE,
)
_REVIEWING = re.compile(
    r"\bfor each (?:answer|response)\b|"
    r"\b(?:check|review|judge|assess|critique|evaluate|grade|rate)\s+"
    r"(?:them|each|every|these|those|several|the (?:\w+ )?(?:answers|responses))\b",
    re.IGNORECASE,
)
_VIEWPOINT = re.compile(r"^your (?:viewpoint|perspective|role): ([^\n]+?)(?:\. |\.?$)", re.IGNORECASE | re.MULTILINE)
_OWN = re.compile(r"your (?:(?:earlier|own|previous|first) )+\w+", re.IGNORECASE)
_DOCUMENT = re.compile(r"document \d+(?:: (.+))?", re.IGNORECASE)
_DECIDED = re.compile(
    r"\bdecided(?:\s+(?:value|answer|result|by code))*\b[^:\n]{0,60}:\s*[`\"*<]*\s*([^\n`\"*<>]{1,200})", re.IGNORECASE
)
_ECHO = re.compile(
    r"^\s*(?:please\s+)?(?:say|repeat|reply with|respond with|answer with)\s+"
    r"(?:(?:exactly|only|just|this|the words?|the phrase)\b[:\s]*)*[\"“'`]?([^\n]{1,200}?)[\"”'`]?[.!]?\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a multiple choice question."""

    letter: str
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a prompt says. `closing` is the word of a demanded last line (`Answer`), `conditional` if only for some."""

    question: str
    wishes: str = ""
    """Everything that is no quoted material: the instructions, the notes on how to reply."""
    options: tuple[Option, ...] = ()
    yes_no: bool = False
    truth: bool = False
    """A yes/no question to be answered with true or false."""
    is_open: bool = False
    """The question wants reasons, a plan, a comparison or advice, even where its words name a known fact."""
    closing: str | None = None
    conditional: bool = False
    bare: bool = False
    short: bool = False
    most_sentences: int | None = None
    peers: tuple[Peer, ...] = ()
    reviewing: bool = False
    """The peers are to be judged one by one, not brought together."""
    own: str | None = None
    """The reader's earlier answer, which is to be improved."""
    reviews: tuple[Peer, ...] = ()
    decided: str | None = None
    viewpoint: str | None = None
    documents: tuple[Block, ...] = ()
    """Texts that were given along, by their names."""
    earlier: str | None = None
    """The question that this one continues."""
    echo: str | None = None
    """Words the prompt asks to be said back."""

    @property
    def subject(self) -> tuple[str, ...]:
        """The words the question is about."""
        return subject_words(self.question)

    @property
    def favourite(self) -> str | None:
        """The final value most answers announce, the own one first among equals. None when none announces one."""
        texts = [*([self.own] if self.own is not None else []), *(peer.text for peer in self.peers)]
        values = [value for text in texts if (value := final_value(text)) is not None]
        if not values:
            return None
        best = Counter(value.casefold().rstrip(".") for value in values).most_common(1)[0][0]
        return next(value.rstrip(".") for value in values if value.casefold().rstrip(".") == best)


def read(instructions: str, text: str) -> Reading:
    """Read the instructions and the last user message of a request."""
    text = text[:_LONGEST]
    blocks = shown.find_blocks(text)
    peers = shown.find_peers(text)
    outside = shown.without_blocks(text)
    wishes = f"{_ends(instructions)}\n{_ends(outside)}"
    question = _find_question(outside, blocks, peers)
    options = _options(question)
    closing, conditional = _closing(wishes)
    is_open = not options and _is_open(question, demanded=closing is not None and not conditional)
    return Reading(
        question=question,
        wishes=wishes,
        options=options,
        yes_no=not options and not is_open and (_asserts(question) or _YES_OR_NO.search(question) is not None),
        truth=_TRUTH.search(question) is not None,
        is_open=is_open,
        closing=closing,
        conditional=conditional,
        bare=not peers and closing is None and _BARE.search(f"{instructions}\n{question}") is not None,
        short=_SHORT.search(question) is not None,
        most_sentences=_most_sentences(wishes),
        peers=peers,
        reviewing=bool(peers) and _REVIEWING.search(wishes) is not None,
        own=next((block.text for block in blocks if _OWN.fullmatch(block.name)), None),
        reviews=shown.labelled(blocks, reviews=True),
        decided=_decided(blocks, outside),
        viewpoint=viewed.group(1).strip() if (viewed := _VIEWPOINT.search(wishes)) else None,
        documents=_documents(blocks),
        earlier=_block(blocks, "earlier question"),
        echo=echoed.group(1).strip() if (echoed := _ECHO.match(question)) else None,
    )


def _ends(text: str) -> str:
    """Return the beginning and the end of a long text: what it wants stands there."""
    return text if len(text) <= 2 * _END else f"{text[:_END]}\n{text[-_END:]}"


def _find_question(outside: str, blocks: tuple[Block, ...], peers: tuple[Peer, ...]) -> str:
    """Return the block called question, else the text up to the first labelled answer or the notes on how to reply."""
    quoted = _block(blocks, "question")
    if quoted is not None:
        return quoted
    if now := _NOW.search(outside):
        outside = outside[now.end() :]
    if peers and peers[0].text in outside:
        outside = outside[: outside.find(peers[0].text)]
    trailer = _TRAILER.search(outside)
    return outside[: trailer.start()] if trailer else outside


def _block(blocks: tuple[Block, ...], name: str) -> str | None:
    return next((block.text for block in blocks if block.name.lower() == name), None)


def _documents(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    found = ((_DOCUMENT.fullmatch(block.name), block.text) for block in blocks)
    return tuple(Block(match.group(1) or "the document", text) for match, text in found if match)


def _asserts(question: str) -> bool:
    return _ASSERTED.search(question) is not None


def _is_open(question: str, *, demanded: bool) -> bool:
    """Say whether a question wants prose; one of opinion does, unless a short final answer is demanded of it."""
    question = _ends(question)
    if _YES_OR_NO.search(question):
        return False
    is_moot = _MOOT.search(question) is not None
    if is_moot and demanded:
        return False
    return is_moot or _WANTS_PROSE.search(question) is not None


def _most_sentences(wishes: str) -> int | None:
    found = _MOST_SENTENCES.search(wishes)
    if found is None:
        return None
    word = next(each for each in found.groups() if each).lower()
    return _COUNTS.get(word) or max(int(word), 1)


def _closing(text: str) -> tuple[str | None, bool]:
    """Return the word of the demanded last line, and whether it is demanded only under a condition."""
    match = _TEMPLATE_LINE.search(text) or _CLOSING.search(text)
    if match is None:
        return None, False
    word = match.group(1)
    before = text[max(match.start() - 300, 0) : match.end()]
    sentence = re.split(r"\n\s*\n|(?<=[.?!])\s", before)[-1]
    return word[0].upper() + word[1:].lower(), _CONDITION.search(sentence) is not None


def _decided(blocks: tuple[Block, ...], outside: str) -> str | None:
    for block in blocks:
        if "decided" in block.name.lower():
            return block.text
    found = _DECIDED.search(outside)
    return found.group(1).strip() if found else None


def _options(question: str) -> tuple[Option, ...]:
    for pattern in (_LETTERS_AFTER, _INLINE):
        found = [Option(match.group(1), match.group(2).strip(" ,;")) for match in pattern.finditer(question)]
        letters = [option.letter for option in found]
        if len(found) >= 2 and letters == sorted(set(letters)) and letters[0] == "A":
            return tuple(found)
    return ()

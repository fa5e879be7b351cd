"""What others said, as a prompt shows it: labelled answers, announced final values, plain sentences."""

import re
from dataclasses import dataclass

_LABEL = r"[A-Z]\d{0,6}|\d{1,2}"
_FINAL_LINE = re.compile(
    r"^[ \t>*#`\"-]*(?:answer|final answer|vote|decision|choice):[*`\s]*(.+?)[*`\"\s]*$", re.IGNORECASE | re.MULTILINE
)
_TAG = re.compile(
    rf"<(\w+)[^>\n]*?\b(?:label|id|name|from)\s*=\s*[\"']?({_LABEL})\b[\"']?[^>\n]*>(.*?)</\1>", re.DOTALL
)
_HEADING = re.compile(
    r"^[#*=\[<>\-\s]*(?i:(?:(?:peer|the|candidate)\s+)?"
    r"(?:answer|response|candidate|peer|member|model|review|reviewer|opinion))"
    rf"[\s-]+({_LABEL})\b[^\n]{{0,80}}$",
    re.MULTILINE,
)
_JSON = re.compile(rf"\"label\"\s*:\s*\"({_LABEL})\"\s*,\s*\"text\"\s*:\s*\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_BLOCK = re.compile(r"^=== (\S{8,128}) ([^\n]{1,120}) ===\n(.*?)\n=== \1 end of \2 ===$", re.DOTALL | re.MULTILINE)
_BLOCK_LABEL = re.compile(rf"(answer|response|peer|member|opinion|review)\s+({_LABEL})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Peer:
    """An answer of somebody else that the prompt shows under a label."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A text quoted between two lines that carry the same mark and say what it is."""

    name: str
    text: str


def find_blocks(text: str) -> tuple[Block, ...]:
    """Return the marked blocks of a prompt, in order."""
    return tuple(Block(match.group(2).strip(), match.group(3).strip()) for match in _BLOCK.finditer(text))


def without_blocks(text: str) -> str:
    """Return what a prompt says outside its marked blocks."""
    return _BLOCK.sub("", text)


def labelled(blocks: tuple[Block, ...], *, reviews: bool = False) -> tuple[Peer, ...]:
    """Return the blocks that show somebody's answer (or review) under a label."""
    found = ((_BLOCK_LABEL.fullmatch(block.name), block.text) for block in blocks)
    return tuple(
        Peer(label.group(2), text) for label, text in found if label and (label.group(1).lower() == "review") == reviews
    )


def find_peers(text: str) -> tuple[Peer, ...]:
    """Return the labelled answers in a prompt: marked blocks, labelled tags, JSON objects, or headings `Answer A`."""
    blocks = labelled(find_blocks(text))
    if blocks:
        return blocks
    tagged = tuple(Peer(match.group(2), match.group(3).strip()) for match in _TAG.finditer(text))
    if tagged:
        return tagged
    quoted = tuple(
        Peer(match.group(1), match.group(2).replace("\\n", "\n").replace('\\"', '"')) for match in _JSON.finditer(text)
    )
    if quoted:
        return quoted
    headings = list(_HEADING.finditer(text))
    if len(headings) < 2:
        return ()
    ends = [*(match.start() for match in headings[1:]), len(text)]
    return tuple(
        Peer(match.group(1), body)
        for match, end in zip(headings, ends, strict=True)
        if (body := text[match.end() : end].strip())
    )


def final_value(text: str) -> str | None:
    """Return what the last line of the form `Answer: value` in a text announces."""
    found = _FINAL_LINE.findall(text)
    return found[-1].strip() if found else None


def same_value(one: str | None, other: str | None) -> bool:
    """Are both there and the same, whatever their case and full stop?"""
    return one is not None and other is not None and one.casefold().rstrip(".") == other.casefold().rstrip(".")


def without_final_value(text: str) -> str:
    """Return a text without the lines that announce a final value."""
    return _FINAL_LINE.sub("", text).strip()


def sentences(text: str) -> list[str]:
    """Cut a text into its sentences, without headings, list marks and announced final values."""
    lines = (line.strip().lstrip("-*#> ").strip() for line in without_final_value(text).splitlines())
    return [piece.strip() for line in lines for piece in re.split(r"(?<=[.!?])\s+", line) if len(piece.strip()) > 12]

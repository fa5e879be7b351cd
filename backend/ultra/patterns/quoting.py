r"""How other people's words are set into a prompt, so that they stay data.

A block of quoted text stands between two lines that carry the run's random mark:

    === q7Zk2vX9 answer A ===
    the text
    === q7Zk2vX9 end of answer A ===

The text inside is raw, not JSON-escaped: models read code and tables better that way, and anyone can find a peer's
words in the bytes that were sent. Instead it is made harmless by these rules, in this order:

1. line ends become `\n`; other control characters go, tabs stay; lone surrogates, which no wire can carry, become
   U+FFFD
2. characters that steer or hide text (bidirectional controls, zero-width spaces, tags, fillers) go. A joiner or an
   emoji selector stays where scripts and emoji need it: one alone, after a visible character
3. markers of chat templates (`<|im_start|>`, `[INST]`, `</s>`, ...) get a space after their first character, which
   keeps them readable and stops a tokenizer from taking them for the real thing
4. the mark itself, in any case, becomes `[mark removed]`: a block cannot close itself even when its author saw the mark

The caller's question is not changed by rules 1 to 3 (except for lone surrogates): it is the task, not material.
"""

import re

_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\u0085\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_JOINERS = re.compile("[\u200c\u200d\ufe0e\ufe0f]+")
_TEMPLATE_TOKENS = re.compile(
    r"<\|[^\s<>|]{1,64}\|>"  # ChatML, Llama 3, Phi, Qwen, Command, gpt-oss
    r"|<\uff5c[^\s<>\uff5c]{1,64}\uff5c>"  # DeepSeek
    r"|<</?SYS>>|</?s>|<(?:bos|eos|pad|unk|sop|eop)>"  # Llama 2, Gemma, GLM
    r"|<(?:start|end)_of_(?:turn|image)>"  # Gemma
    r"|</?(?:think|tool_call|tool_calls|tool_response)>"  # Qwen, DeepSeek
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|THINK|gMASK)\]"  # Mistral, GLM
)
_MARK = re.compile(r"[A-Za-z0-9_-]{8,128}")
_LABEL_LENGTH = 120


def checked_mark(mark: str) -> str:
    """Return `mark`; raises `ValueError` unless it is 8 to 128 letters, digits, `_` or `-`."""
    if not _MARK.fullmatch(mark):
        raise ValueError("the delimiter must be 8 to 128 letters, digits, '_' or '-'")
    return mark


def verbatim(text: str, *, mark: str) -> str:
    """Return the caller's own words: unchanged but for the mark and for lone surrogates."""
    return _without_mark(_SURROGATES.sub("\ufffd", text), mark)


def neutral(text: str, *, mark: str) -> str:
    """Return foreign words made harmless by the four rules above. Doing it twice changes nothing more."""
    text = _CONTROLS.sub("", _LINE_ENDS.sub("\n", text))
    text = _HIDDEN.sub("", _SURROGATES.sub("\ufffd", text))
    text = _JOINERS.sub(_wanted_joiners, text)
    text = _TEMPLATE_TOKENS.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)
    return _without_mark(text, mark)


def block(label: str, text: str, *, mark: str) -> str:
    """Set `text`, already made harmless, between two lines that carry the mark and the label."""
    label = " ".join(neutral(label, mark=mark).split())[:_LABEL_LENGTH]
    return f"=== {mark} {label} ===\n{text}\n=== {mark} end of {label} ==="


def hidden_characters(text: str) -> list[int]:
    """Return the offsets of characters that steer or hide text, for refusing them where a person wrote them."""
    return [found.start() for found in _HIDDEN.finditer(text)]


def _without_mark(text: str, mark: str) -> str:
    return re.sub(re.escape(mark), "[mark removed]", text, flags=re.IGNORECASE)


def _wanted_joiners(found: re.Match[str]) -> str:
    """Keep one joiner (or an emoji selector with its joiner) after a character whose script uses them."""
    run, at = found[0], found.start()
    before = found.string[at - 1] if at else " "
    if before > "\x7f" and not before.isspace():
        return "\ufe0f\u200d" if run.startswith("\ufe0f\u200d") else run[0]
    is_keycap = before in "0123456789#*" and run[0] == "\ufe0f"
    return run[0] if is_keycap else ""

"""Decides which tools a scripted model calls, and with which arguments."""

import json
import re
from collections.abc import Mapping

from ultra.domain.chat import ChatRequest, Tool, ToolCall, ToolResult
from ultra.mock.chance import number
from ultra.mock.instances import Hints, Unsatisfiable, generate

_WORD = re.compile(r"[a-zà-ÿ]{3,}")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "the and for are get set given with from that this what which who how you your can use used tool function "
        "call calls current returns return value name make find look about any all one not has have will "
        "please tell answer question only current input string",
    )
)
_NAMES = re.compile(r"(?<![.!?]\s)(?<!^)\b([A-ZÀ-Þ][\wà-ÿ'’-]+(?:\s[A-ZÀ-Þ][\wà-ÿ'’-]+)*)")
_QUOTED = re.compile(r"`[^`]*`")
_NUMBERS = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")
_ID_PREFIXES = {"anthropic": "toolu_", "openai": "call_"}


def unusable(request: ChatRequest) -> str | None:
    """Return what is wrong with the tools, as every vendor sees it: arguments are always an object."""
    for tool in request.tools:
        kind = tool.schema.get("type", "object") if isinstance(tool.schema, Mapping) else None
        if str(kind).lower() != "object":  # one vendor writes its types in capitals
            return f"Invalid schema for function '{tool.name}': its type must be 'object', not {kind!r}."
    return None


def last_results(request: ChatRequest) -> tuple[ToolResult, ...]:
    """Return the tool results that the conversation ends with: what the model was waiting for."""
    results: list[ToolResult] = []
    for message in reversed(request.messages):
        found = [part for part in message.parts if isinstance(part, ToolResult)]
        if not found:
            break
        results = found + results
    return tuple(results)


def calls(request: ChatRequest, question: str, hints: Hints, *, provider: str) -> tuple[ToolCall, ...]:
    """Return the calls a model makes now; none when it would rather answer.

    A required or named choice always calls. Left to itself it calls the tool whose name or description the
    question mentions, unless results have just come. With parallel calls one call is made per name mentioned.
    """
    tools = _allowed(request)
    if not tools or request.tool_choice.mode == "none":
        return ()
    forced = request.tool_choice.mode in ("required", "named")
    if not forced and last_results(request):
        return ()
    ranked = sorted(tools, key=lambda tool: -_relevance(tool, question))
    relevant = [tool for tool in ranked if _relevance(tool, question) >= 1]
    if not relevant and not forced:
        return ()
    chosen = relevant or ranked[:1]
    if request.tool_choice.parallel is False:
        return (_call(chosen[0], hints, request, 0, provider),)
    if len(chosen) == 1:
        subjects = [Hints(hints.key, name, hints.sentence, (name,), hints.numbers) for name in hints.names[:4]]
        if len(subjects) > 1 and _takes_one_name(chosen[0]):
            return tuple(_call(chosen[0], each, request, index, provider) for index, each in enumerate(subjects))
    return tuple(_call(tool, hints, request, index, provider) for index, tool in enumerate(chosen[:4]))


def gather_hints(question: str, *, key: str, value: str | None, sentence: str) -> Hints:
    """Collect what a question offers as arguments: proper names, numbers and the value it asks for."""
    spoken = _QUOTED.sub(" ", question[:4000])
    names = tuple(dict.fromkeys(match.group(1) for match in _NAMES.finditer(spoken)))
    numbers = tuple(_NUMBERS.findall(question[:4000]))
    return Hints(key, value, sentence, names, numbers, _texts(question))


def _texts(question: str) -> dict[str, str]:
    asked = " ".join(question.split())[:300]
    sum_text = re.search(r"[-(]?\d[\d\s.+*/^()%-]*\d\)?", asked)
    texts = {"query": asked, "question": asked, "q": asked, "prompt": asked}
    if sum_text:
        texts |= {"expression": sum_text.group().strip(), "formula": sum_text.group().strip()}
    return texts


def _allowed(request: ChatRequest) -> tuple[Tool, ...]:
    names = request.tool_choice.names
    return tuple(tool for tool in request.tools if not names or tool.name in names)


def _relevance(tool: Tool, question: str) -> float:
    """Weigh a tool: a mentioned name counts two, each word of the name one, each word of the description a half."""
    plain = question.lower()
    asked = set(_WORD.findall(plain))
    name_words = set(_WORD.findall(re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", tool.name).lower())) - _COMMON
    described = set(_WORD.findall((tool.description or "").lower())) - _COMMON - name_words
    score = 2.0 if tool.name.lower() in plain else 0.0
    return score + len(name_words & asked) + 0.5 * len(described & asked)


def _takes_one_name(tool: Tool) -> bool:
    properties = tool.schema.get("properties", {})
    required = tool.schema.get("required", list(properties))
    strings = [
        name for name in required if properties.get(name, {}).get("type") == "string" and "enum" not in properties[name]
    ]
    return len(strings) == 1


def _call(tool: Tool, hints: Hints, request: ChatRequest, index: int, provider: str) -> ToolCall:
    try:
        arguments = generate(tool.schema or {"type": "object"}, hints)
    except Unsatisfiable:
        arguments = {}
    mark = f"{number(hints.key, tool.name, str(len(request.messages)), str(index)):016x}"
    return ToolCall(
        id=f"{_ID_PREFIXES.get(provider, 'call_')}{mark}",
        name=tool.name,
        args_json=json.dumps(arguments, ensure_ascii=False, separators=(",", ":")),
    )

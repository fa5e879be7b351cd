"""One conversation turn in the form that every wire is translated to and from.

A request goes down once as a `ChatRequest`; events come up once, in this order:

    Started  (PartStarted Delta* PartEnded)*  UsageReported*  Finished

Parts may interleave by index, and `UsageReported` may come anywhere after `Started`. A stream ends with exactly
one `Finished`, or raises an `UltraError`; a stream that ends otherwise was truncated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
Json: TypeAlias = Mapping[str, Any]

# --- parts of a message -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opaque:
    """A vendor's own bytes (signature, encrypted reasoning): valid only at that provider and model, else dropped."""

    provider: str
    model: str
    raw: Any


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture: bytes with their media type, or an https URL passed on where the provider fetches it itself."""

    data: bytes | None = None
    media_type: str | None = None
    url: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A document by value (`data`) or by the vendor's own id."""

    data: bytes | None = None
    media_type: str | None = None
    filename: str | None = None
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class Audio:
    """Recorded sound; `format` as OpenAI names it (`wav`, `mp3`)."""

    data: bytes
    format: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model asks for a tool. `args_json` is the raw text: models may write invalid JSON."""

    id: str
    name: str
    args_json: str
    opaque: Opaque | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the tool said. `name` is needed by wires that map results by name."""

    call_id: str
    parts: tuple["Text | Image | File", ...]
    name: str | None = None
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Thinking shown by a model, raw or summarised; `opaque` carries the signature it must be returned with."""

    text: str
    kind: Literal["raw", "summary"] = "raw"
    opaque: Opaque | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The model's own words for declining."""

    text: str


Part: TypeAlias = Text | Image | File | Audio | ToolCall | ToolResult | Reasoning | Refusal | Opaque


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. Instructions that open a conversation stand in `ChatRequest.instructions`, not here."""

    role: Role
    parts: tuple[Part, ...]


# --- what is asked ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call; `schema` is JSON Schema for its arguments."""

    name: str
    description: str | None = None
    schema: Json = field(default_factory=dict)
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """`named` allows only `names`; `parallel` None leaves it to the vendor."""

    mode: Literal["auto", "none", "required", "named"] = "auto"
    names: tuple[str, ...] = ()
    parallel: bool | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """The form of the answer; `schema`, `name` and `strict` belong to `json_schema`."""

    kind: Literal["text", "json_object", "json_schema"] = "text"
    name: str | None = None
    schema: Json | None = None
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class ReasoningWish:
    """How much to think: an effort word (`none` ... `max`), or a budget in tokens; None is the model's default."""

    effort: str | None = None
    budget_tokens: int | None = None
    want_text: bool = False


@dataclass(frozen=True, slots=True)
class Sampling:
    """Each None is the model's default."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    presence_penalty: float | None = None
    frequency_penalty: float | None = None


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One completion as asked for. `model` is `provider/model-name`, an alias or an ensemble until routing resolves it.

    `provider_options` holds fields that only one vendor knows, by provider name; they are sent as they are.
    """

    model: str
    messages: tuple[Message, ...]
    instructions: tuple[Part, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    output: Output = Output()
    max_output_tokens: int | None = None
    reasoning: ReasoningWish = ReasoningWish()
    sampling: Sampling = Sampling()
    stream: bool = False
    end_user: str | None = None
    provider_options: Mapping[str, Json] = field(default_factory=dict)
    losses: tuple["Loss", ...] = ()
    """What the caller's wire said that this form has no place for; to be reported like a provider's losses."""


# --- what comes back ----------------------------------------------------------------------------------------------

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "filtered", "refusal", "paused"]
PartKind: TypeAlias = Literal["text", "reasoning", "tool_call", "refusal", "opaque"]


@dataclass(frozen=True, slots=True)
class Loss:
    """Something asked for that this model's wire cannot carry, and what was done about it; always reported."""

    param: str
    action: Literal["dropped", "changed"]
    detail: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call: totals include their parts (`input_total` includes cached, `output_total` reasoning)."""

    input_total: int = 0
    input_cached: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output_total: int = 0
    output_reasoning: int = 0
    estimated: bool = False
    """True when the vendor reported nothing and the numbers were counted here."""


@dataclass(frozen=True, slots=True)
class Started:
    """The vendor has accepted; `id` is its id for the answer, `model` what it says it runs."""

    id: str
    provider: str
    model: str
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class PartStarted:
    """A part begins. `tool_id` and `tool_name` belong to `tool_call`; indexes count from 0 without gaps."""

    index: int
    kind: PartKind
    tool_id: str | None = None
    tool_name: str | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """More of part `index`: its text, or a fragment of its arguments as JSON text."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class PartEnded:
    """Part `index` is whole; `opaque` is the signature or the vendor's bytes that belong to it."""

    index: int
    opaque: Opaque | None = None


@dataclass(frozen=True, slots=True)
class UsageReported:
    """A cumulative snapshot: the last one wins, nothing is added."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class Finished:
    """The vendor announced the end. `raw_reason` is its own word."""

    reason: FinishReason
    raw_reason: str | None = None
    stop_sequence: str | None = None


Event: TypeAlias = Started | PartStarted | Delta | PartEnded | UsageReported | Finished

"""Which models there are and whether they can be asked now; unknown is None, never False."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from ultra.domain.pricing import Price

State: TypeAlias = Literal["available", "degraded", "rate_limited", "unavailable", "disabled", "unknown"]
Reason: TypeAlias = Literal[
    "no_api_key", "auth_failed", "permission_denied", "quota_exhausted", "billing", "rate_limited", "overloaded",
    "timeout", "network", "dns", "tls", "server_error", "protocol_error", "circuit_open", "model_not_found",
    "deprecated", "retired", "region_blocked", "disabled_by_operator", "quorum_not_met", "never_checked",
]  # fmt: skip
Source: TypeAlias = Literal["provider", "catalogue", "operator", "measured"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Tokens; None is unknown."""

    context_tokens: int | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model can do; None is unknown. `parameters` says which sampling fields it takes."""

    streaming: bool | None = None
    tools: bool | None = None
    parallel_tools: bool | None = None
    tool_choice_required: bool | None = None
    json_object: bool | None = None
    json_schema: bool | None = None
    reasoning: bool | None = None
    reasoning_efforts: tuple[str, ...] | None = None
    reasoning_can_disable: bool | None = None
    reasoning_text: str | None = None
    prompt_cache: Literal["automatic", "explicit", "none"] | None = None
    logprobs: bool | None = None
    seed: bool | None = None
    count_tokens: bool | None = None
    parameters: Mapping[str, bool] = field(default_factory=dict)
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """`active`, `deprecated` or `retired`; None where nobody says."""

    status: Literal["active", "deprecated", "retired"] | None = None
    released_at: datetime | None = None
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None
    replacement: str | None = None
    knowledge_cutoff: str | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Availability:
    """Can it be asked now, and if not, why and until when."""

    state: State = "unknown"
    reason: Reason | None = "never_checked"
    detail: str | None = None
    since: datetime | None = None
    checked_at: datetime | None = None
    check: Literal["passive", "active"] | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Latency:
    """Own measurements of a rolling window, milliseconds; None below five samples."""

    window_s: int
    samples: int
    ttft_p50_ms: int | None = None
    ttft_p95_ms: int | None = None
    total_p50_ms: int | None = None
    total_p95_ms: int | None = None
    output_tokens_per_s: float | None = None
    success_rate: float | None = None


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One entry of a provider's own live list, in our words; every None is something it does not say."""

    name: str
    display_name: str | None = None
    created: datetime | None = None
    limits: Limits = Limits()
    capabilities: Capabilities = Capabilities()
    lifecycle: Lifecycle = Lifecycle()


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be named. `id` is `provider/provider_model`; an ensemble has `members` and no provider model."""

    id: str
    provider: str
    provider_model: str
    kind: Literal["upstream", "ensemble"] = "upstream"
    display_name: str | None = None
    family: str | None = None
    created: datetime | None = None
    aliases: tuple[str, ...] = ()
    strength: int | None = None
    """Rank for choosing a panel: higher is stronger; None is unranked."""
    limits: Limits = Limits()
    input_modalities: tuple[str, ...] | None = None
    output_modalities: tuple[str, ...] | None = None
    capabilities: Capabilities = Capabilities()
    lifecycle: Lifecycle = Lifecycle()
    price: Price | None = None
    availability: Availability = Availability()
    latency: Latency | None = None
    mock: bool = False
    members: tuple[str, ...] | None = None

    @property
    def usable(self) -> bool:
        """The one boolean a form needs: it may be asked now and is not retired."""
        return self.availability.state in ("available", "degraded", "unknown") and self.lifecycle.status != "retired"


@dataclass(frozen=True, slots=True)
class ProviderState:
    """One provider as a whole, for dashboards."""

    id: str
    state: State
    reason: Reason | None
    checked_at: datetime | None
    key_configured: bool
    mock: bool = False
    base_url: str | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What something may cost, in USD; each None is unknown."""

    minimum: Decimal | None
    expected: Decimal | None
    maximum: Decimal | None

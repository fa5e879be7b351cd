"""Models as JSON: OpenAI's list item with everything else under one key `ultra`, and the envelope around a list.

Unknown is null, prices are decimal strings per million tokens, times are RFC 3339. `created` must be an integer for
OpenAI's clients; where nobody says it, it is 0.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Literal

from ultra.domain.models import Availability, Capabilities, Estimate, Latency, Lifecycle, Limits, Model, ProviderState
from ultra.domain.pricing import Price, Tier

SCHEMA: Final = 1
CAPABILITIES: Final = (
    "streaming",
    "tools",
    "parallel_tools",
    "json_object",
    "json_schema",
    "reasoning",
    "logprobs",
    "seed",
)
"""Capabilities a list can be filtered by, beside the kinds of input (`vision`, `pdf`, `audio`)."""
_MODALITIES: Final[Mapping[str, str]] = {"vision": "image", "pdf": "pdf", "audio": "audio"}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which models a caller wants to see; the defaults are the default list: all that are not retired."""

    available: bool | None = None
    provider: str | None = None
    capabilities: tuple[str, ...] = ()
    include_retired: bool = False
    kind: Literal["upstream", "ensemble"] | None = None

    def accepts(self, model: Model) -> bool:
        """Whether the model belongs in the list. An unknown capability is not a capability."""
        return (
            (self.include_retired or model.lifecycle.status != "retired")
            and (self.available is None or model.usable == self.available)
            and (self.provider is None or model.provider == self.provider)
            and (self.kind is None or model.kind == self.kind)
            and all(_can(model, capability) for capability in self.capabilities)
        )


def is_capability(word: str) -> bool:
    """Whether a list can be filtered by this word."""
    return word in CAPABILITIES or word in _MODALITIES


def words() -> tuple[str, ...]:
    """Return every word a list can be filtered by."""
    return (*CAPABILITIES, *_MODALITIES)


def _can(model: Model, capability: str) -> bool:
    if capability in _MODALITIES:
        return _MODALITIES[capability] in (model.input_modalities or ())
    return getattr(model.capabilities, capability, None) is True


def item(model: Model, *, environment: str, estimate: Estimate | None = None) -> dict[str, Any]:
    """Return one model; `estimate` is what an ensemble may cost."""
    retires = model.lifecycle.retires_at
    return {
        "id": model.id,
        "object": "model",
        "created": int(model.created.timestamp()) if model.created else 0,
        "owned_by": model.provider,
        "shutdown_date": retires.date().isoformat() if retires else None,
        "ultra": {
            "schema": SCHEMA,
            "kind": model.kind,
            "environment": environment,
            "mock": model.mock,
            "display_name": model.display_name,
            "provider": model.provider,
            "provider_model": model.provider_model if model.kind == "upstream" else None,
            "aliases": list(model.aliases),
            "family": model.family,
            "strength": model.strength,
            "usable": model.usable,
            "access": {"allowed": True, "reason": None, "budget_remaining_usd": None, "limits": None},
            "availability": _availability(model.availability, model.latency),
            "latency": _latency(model.latency),
            "limits": _limits(model.limits),
            "modalities": {"input": _listed(model.input_modalities), "output": _listed(model.output_modalities)},
            "capabilities": _capabilities(model.capabilities),
            "pricing": _pricing(model.price, estimate),
            "lifecycle": _lifecycle(model.lifecycle),
            "members": _listed(model.members),
        },
    }


def envelope(
    models: Iterable[Model],
    providers: Iterable[ProviderState],
    *,
    environment: str,
    now: datetime,
    wanted: Filter | None = None,
    estimates: Mapping[str, Estimate] | None = None,
) -> dict[str, Any]:
    """Return OpenAI's list of the models that `wanted` accepts, with counts and providers under `ultra`."""
    chosen = [model for model in models if (wanted or Filter()).accepts(model)]
    known = estimates or {}
    return {
        "object": "list",
        "data": [item(model, environment=environment, estimate=known.get(model.id)) for model in chosen],
        "ultra": {
            "schema": SCHEMA,
            "environment": environment,
            "mock": any(model.mock for model in chosen),
            "generated_at": _time(now),
            "counts": counts(chosen),
            "providers": [_provider(provider) for provider in providers],
        },
    }


def counts(models: Collection[Model]) -> dict[str, Any]:
    """Count models: all, usable ones, and how many are in each state."""
    states = Counter(model.availability.state for model in models)
    return {
        "total": len(models),
        "usable": sum(model.usable for model in models),
        "by_state": dict(sorted(states.items())),
    }


def etag(content: Mapping[str, Any]) -> str:
    """Return a strong entity tag over what is listed; the time of the listing itself is not part of it."""
    own = {key: value for key, value in content.get("ultra", {}).items() if key != "generated_at"}
    text = json.dumps({**content, "ultra": own}, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def _provider(state: ProviderState) -> dict[str, Any]:
    return {
        "id": state.id,
        "state": state.state,
        "reason": state.reason,
        "checked_at": _time(state.checked_at),
        "key_configured": state.key_configured,
        "mock": state.mock,
    }


def _availability(found: Availability, latency: Latency | None) -> dict[str, Any]:
    rate = None
    if latency is not None and latency.success_rate is not None:
        rate = {"value": latency.success_rate, "window_s": latency.window_s, "samples": latency.samples}
    return {
        "state": found.state,
        "reason": found.reason,
        "detail": found.detail,
        "since": _time(found.since),
        "checked_at": _time(found.checked_at),
        "check": found.check,
        "retry_at": _time(found.retry_at),
        "success_rate": rate,
    }


def _latency(latency: Latency | None) -> dict[str, Any] | None:
    if latency is None:
        return None
    return {
        "window_s": latency.window_s,
        "samples": latency.samples,
        "ttft_ms": {"p50": latency.ttft_p50_ms, "p95": latency.ttft_p95_ms},
        "total_ms": {"p50": latency.total_p50_ms, "p95": latency.total_p95_ms},
        "output_tokens_per_s": {"p50": latency.output_tokens_per_s},
    }


def _limits(limits: Limits) -> dict[str, Any]:
    return {
        "context_tokens": limits.context_tokens,
        "max_input_tokens": limits.max_input_tokens,
        "max_output_tokens": limits.max_output_tokens,
        "source": limits.source,
    }


def _capabilities(known: Capabilities) -> dict[str, Any]:
    return {
        "endpoints": None,
        "streaming": known.streaming,
        "tools": known.tools,
        "parallel_tools": known.parallel_tools,
        "tool_choice_required": known.tool_choice_required,
        "json_object": known.json_object,
        "json_schema": known.json_schema,
        "reasoning": {
            "supported": known.reasoning,
            "can_disable": known.reasoning_can_disable,
            "efforts": _listed(known.reasoning_efforts),
            "text": known.reasoning_text,
        },
        "prompt_cache": known.prompt_cache,
        "logprobs": known.logprobs,
        "seed": known.seed,
        "count_tokens": known.count_tokens,
        "parameters": dict(known.parameters),
        "source": known.source,
    }


def _pricing(price: Price | None, estimate: Estimate | None) -> dict[str, Any] | None:
    if price is None and estimate is None:
        return None
    shown: dict[str, Any] = {"currency": "USD", "unit": "1M tokens"}
    if price is not None:
        shown |= {
            "input": _money(price.input),
            "output": _money(price.output),
            "cache_read": _money(price.cache_read),
            "cache_write_5m": _money(price.cache_write_5m),
            "cache_write_1h": _money(price.cache_write_1h),
            "reasoning": "as_output",
            "image": None,
            "request": None,
            "tiers": [_tier(tier) for tier in price.tiers],
            "source": price.source,
            "as_of": price.as_of.isoformat() if price.as_of else None,
            "overridden": price.overridden,
        }
    if estimate is not None:
        amounts = {"minimum": estimate.minimum, "expected": estimate.expected, "maximum": estimate.maximum}
        shown["estimated"] = {"unit": "run", **{name: _money(amount) for name, amount in amounts.items()}}
    return shown


def _tier(tier: Tier) -> dict[str, Any]:
    return {
        "above": tier.above,
        "input": _money(tier.input),
        "output": _money(tier.output),
        "cache_read": _money(tier.cache_read),
        "cache_write_5m": _money(tier.cache_write),
        "cache_write_1h": _money(tier.cache_write_1h),
    }


def _lifecycle(known: Lifecycle) -> dict[str, Any]:
    return {
        "status": known.status,
        "released_at": _time(known.released_at),
        "deprecated_at": _time(known.deprecated_at),
        "retires_at": _time(known.retires_at),
        "replacement": known.replacement,
        "knowledge_cutoff": known.knowledge_cutoff,
        "source": known.source,
    }


def _money(amount: Decimal | None) -> str | None:
    """Write a decimal without exponent and without closing zeros: `0`, `2.5`, `10`."""
    if amount is None:
        return None
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _listed(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)

"""Where each of the three vendors is asked."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ultra.config.secret import SecretRef
from ultra.config.settings import Settings

Place: TypeAlias = Literal["mock", "named", "vendor", "off"]


@dataclass(frozen=True, slots=True)
class Vendor:
    """Where one of the three vendors is asked.

    `place` is `named` where a base URL is given on purpose, `mock` where the mock servers stand in, `vendor` for the
    vendor's own address, and `off` where nothing of that holds. The key belongs to `named` and `vendor` only: at a
    mock the key of the mock is used, so that a real one never goes there.
    """

    name: Literal["openai", "anthropic", "gemini"]
    place: Place
    base_url: str | None
    api_key: SecretRef


def vendors(settings: Settings) -> tuple[Vendor, Vendor, Vendor]:
    """Say for each vendor where it is asked and with which key."""
    return (
        Vendor("openai", *_where(settings, settings.openai_base_url), settings.openai_api_key),
        Vendor("anthropic", *_where(settings, settings.anthropic_base_url), settings.anthropic_api_key),
        Vendor("gemini", *_where(settings, settings.gemini_base_url), settings.gemini_api_key),
    )


def _where(settings: Settings, base_url: str | None) -> tuple[Place, str | None]:
    if base_url is not None:
        return "named", base_url
    if settings.mock_servers:
        return "mock", None
    return ("vendor" if settings.environment == "production" else "off"), None

"""Rules about several settings at once: where providers may be."""

from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from ultra.config.addresses import is_loopback, is_own_address
from ultra.config.problems import Problem
from ultra.config.secret import SecretRef
from ultra.config.settings import Settings
from ultra.config.toml_file import Presets, UltraToml

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


def judge_settings(settings: Settings, toml: UltraToml, presets: Presets | None = None) -> list[Problem]:
    """Return what is wrong with settings that are each right by themselves."""
    named: list[tuple[str, str, str | None]] = [
        (f"ULTRA_{each.name.upper()}_BASE_URL", each.name, each.base_url) for each in vendors(settings)
    ]
    # Beside mock servers, a preset without an address of its own is the mock's.
    usual = None if settings.mock_servers else presets
    named += [(f"providers.{each.name}.base_url", each.name, each.address(usual)) for each in toml.providers]
    private = toml.private_providers()
    problems = []
    for setting, provider, url in named:
        if url is None:
            continue
        if is_own_address(url, settings.host, settings.port):
            problems.append(Problem(setting, "is Ultra's own address: it would call itself.", "Name the provider's."))
        elif settings.environment == "production" and provider not in private and not _is_remote(url):
            hint = (
                f'In production a neighbour is marked in ultra.toml: [[providers]] name = "{provider}", private = true.'
            )
            problems.append(Problem(setting, "is on loopback or plain http.", hint))
    if settings.environment == "production" and settings.mock_servers:
        problems.append(Problem("ULTRA_MOCK_SERVERS", "may not be true in production.", "Remove it."))
    return problems


def _is_remote(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and not is_loopback(parts.hostname or "")

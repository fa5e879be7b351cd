"""Who is asked, and where: providers built from the configuration, the mock servers beside them where they stand in."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from ultra.config import Loaded, ProviderTable, SecretRef, Settings, Vendor, vendors
from ultra.domain.models import ListedModel, Model
from ultra.inventory.facts import read_facts
from ultra.inventory.sources import ProviderSource
from ultra.mock.pace import Pace
from ultra.mock.server import base_path, create_mock
from ultra.mock.server import serve as serve_mock
from ultra.providers import (
    ROWS,
    Anthropic,
    Compatible,
    Gemini,
    HttpProvider,
    OpenAI,
    Row,
    Timeouts,
    open_session,
    row_for,
)
from ultra.system import System

ADDRESSES: Final[Mapping[str, str]] = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "gemini": "https://generativelanguage.googleapis.com",
}
"""The vendors' own addresses."""

MOCK_KEY: Final = "mock-key"
"""What is sent to a mock in place of a key; it opens nothing anywhere else."""

_FIRST_TOKEN_S: Final = 0.3
_VARIATION: Final = 0.5


@asynccontextmanager
async def provider_sources(loaded: Loaded, *, system: System, serves: bool) -> AsyncIterator[Sequence[ProviderSource]]:
    """Build every configured provider over one HTTP client, and start the mock servers if any of them needs one."""
    settings = loaded.settings
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session(ca_file=settings.ca_file))
        mock = await stack.enter_async_context(_mock(loaded, system, serves=serves)) if _needs_mock(loaded) else None
        wiring: dict[str, Any] = {"session": session, "system": system, "timeouts": _timeouts(settings)}
        sources = [_vendor(vendor, settings, mock, wiring) for vendor in vendors(settings) if vendor.place != "off"]
        sources += [
            _compatible(table, loaded, mock, wiring) for table in loaded.toml.providers if not _is_vendor(table)
        ]
        yield sources


def presets() -> Mapping[str, Row]:
    """Return the servers that `ultra.toml` may call by name."""
    return ROWS


def mock_models(loaded: Loaded) -> Mapping[str, Sequence[ListedModel]]:
    """Return what the mock servers list: the shipped catalogue's models, and those named in `ultra.toml`."""
    facts = read_facts()
    listed: dict[str, Sequence[ListedModel]] = {name: facts.listed(name) for name in ADDRESSES}
    listed |= {
        table.name: [ListedModel(name=name) for name in table.models]
        for table in loaded.toml.providers
        if not _is_vendor(table)
    }
    return listed


def mock_pace(tokens_per_second: float) -> Pace:
    """Return how fast the mock servers speak; 0 tokens per second is as fast as possible."""
    if tokens_per_second == 0:
        return Pace()
    return Pace(first_token_s=_FIRST_TOKEN_S, tokens_per_s=tokens_per_second, variation=_VARIATION)


@asynccontextmanager
async def _mock(loaded: Loaded, system: System, *, serves: bool) -> AsyncIterator[str]:
    settings = loaded.settings
    app = create_mock(
        system=system,
        seed=settings.mock_seed,
        models=mock_models(loaded),
        pace=mock_pace(settings.mock_tokens_per_second),
    )
    # A command beside a running server takes any free port: the one in the settings is the server's.
    async with serve_mock(app, port=settings.mock_port if serves else 0) as address:
        yield address


def _needs_mock(loaded: Loaded) -> bool:
    return loaded.settings.mock_servers


def _vendor(vendor: Vendor, settings: Settings, mock: str | None, wiring: Mapping[str, Any]) -> ProviderSource:
    is_mock = vendor.place == "mock"
    address = f"{mock}{base_path(vendor.name)}" if is_mock else vendor.base_url or ADDRESSES[vendor.name]
    provider: HttpProvider
    common = {
        **wiring,
        "base_url": address,
        "key": _mock_key if is_mock else vendor.api_key.reveal,
        "key_hint": f"Set {vendor.name.upper()}_API_KEY.",
        "capabilities": _knowledge(vendor.name, lambda model: model.capabilities),
    }
    match vendor.name:
        case "openai":
            provider = OpenAI(**common)
        case "anthropic":
            limits = _knowledge("anthropic", lambda model: model.limits.max_output_tokens)
            provider = Anthropic(**common, version=settings.anthropic_version, max_output=limits)
        case "gemini":
            provider = Gemini(**common, version=settings.gemini_api_version)
    return ProviderSource(
        provider=provider,
        has_key=lambda: is_mock or vendor.api_key.is_set,
        mock=is_mock,
        base_url=address,
        pricing={"openai": "openai", "anthropic": "anthropic", "gemini": "google"}[vendor.name],
    )


def _compatible(table: ProviderTable, loaded: Loaded, mock: str | None, wiring: Mapping[str, Any]) -> ProviderSource:
    row = ROWS[table.preset] if table.preset else row_for(table.name, table.base_url or "")
    # A preset's own address is a real server's; in development only one named on purpose is asked.
    is_mock = mock is not None and table.base_url is None
    address = f"{mock}{base_path(table.name)}" if is_mock else table.base_url or row.base_url
    key = loaded.keys.get(table.name, SecretRef(f"providers.{table.name}.api_key"))
    provider = Compatible(
        **wiring,
        row=row,
        name=table.name,
        base_url=address,
        key=_mock_key if is_mock else key.reveal,
        key_hint=f'Give the provider {table.name} an api_key = "env:{row.key_setting or "NAME"}" in ultra.toml.',
    )
    return ProviderSource(
        provider=provider,
        has_key=lambda: is_mock or key.is_set,
        needs_key=provider.needs_key,
        mock=is_mock,
        base_url=address,
        models=table.models,
        pricing=table.preset,
        is_own=table.private or row.is_self_hosted,
    )


def _is_vendor(table: ProviderTable) -> bool:
    """Tell a table that only says of a vendor that its server is private."""
    return table.name in ADDRESSES


def _mock_key() -> str:
    return MOCK_KEY


def _knowledge(provider: str, read: Callable[[Model], Any]) -> Callable[[str], Any]:
    """Return what the shipped catalogue knows of a provider's model by its name."""
    facts = read_facts()
    return lambda name: read(facts.about(provider, name))


def _timeouts(settings: Settings) -> Timeouts:
    return Timeouts(
        connect=settings.connect_timeout_s,
        first_byte=settings.first_byte_timeout_s,
        idle=settings.idle_timeout_s,
    )

"""Who is asked, and where: providers built from the configuration, the mock servers beside them where they stand in."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from ultra.config import Loaded, ProviderTable, SecretRef, Settings, Vendor, vendors
from ultra.domain.models import ListedModel, Model
from ultra.inventory.facts import read_facts
from ultra.inventory.sources import ProviderSource
from ultra.mock.pace import Pace
from ultra.mock.server import Application, base_path, create_mock
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


class Workshop:
    """Builds providers over one HTTP client and, where they are needed, the mock servers of one process."""

    def __init__(self, *, session: Any, mock: "Mock | None", system: System) -> None:
        self._session = session
        self._mock = mock
        self._system = system

    def build(self, loaded: Loaded) -> Sequence[ProviderSource]:
        """Build every configured provider; nothing is asked."""
        settings = loaded.settings
        mock = None if self._mock is None else self._mock.address
        wiring: dict[str, Any] = {"session": self._session, "system": self._system, "timeouts": _timeouts(settings)}
        sources = [_vendor(vendor, settings, mock, wiring) for vendor in vendors(settings) if vendor.place != "off"]
        tables = [table for table in loaded.toml.providers if not _is_vendor(table)]
        return [*sources, *(_compatible(table, loaded, mock, wiring) for table in tables)]

    def relist(self, loaded: Loaded) -> None:
        """Have the mock servers list what is configured now; they forget what was asked of them if that differs."""
        if self._mock is not None:
            self._mock.relist(loaded)


@asynccontextmanager
async def open_workshop(loaded: Loaded, *, system: System, serves: bool) -> AsyncIterator[Workshop]:
    """Open the HTTP client, and start the mock servers if any provider needs one."""
    settings = loaded.settings
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session(ca_file=settings.ca_file))
        mock = await stack.enter_async_context(_mock(loaded, system, serves=serves)) if _needs_mock(loaded) else None
        yield Workshop(session=session, mock=mock, system=system)


@asynccontextmanager
async def provider_sources(loaded: Loaded, *, system: System, serves: bool) -> AsyncIterator[Sequence[ProviderSource]]:
    """Build every configured provider once."""
    async with open_workshop(loaded, system=system, serves=serves) as workshop:
        yield workshop.build(loaded)


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


class Mock:
    """The mock servers of this process, whose lists of models can be replaced while they serve."""

    def __init__(self, loaded: Loaded, system: System) -> None:
        self.address = ""
        self._system = system
        self._models = mock_models(loaded)
        self._app = self._made(loaded)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        await self._app(scope, receive, send)

    def relist(self, loaded: Loaded) -> None:
        """List other models from now on, if they are others."""
        models = mock_models(loaded)
        if models != self._models:
            self._models, self._app = models, self._made(loaded)

    def _made(self, loaded: Loaded) -> Application:
        settings = loaded.settings
        return create_mock(
            system=self._system,
            seed=settings.mock_seed,
            models=mock_models(loaded),
            pace=mock_pace(settings.mock_tokens_per_second),
        )


@asynccontextmanager
async def _mock(loaded: Loaded, system: System, *, serves: bool) -> AsyncIterator[Mock]:
    mock = Mock(loaded, system)
    # A command beside a running server takes any free port: the one in the settings is the server's.
    async with serve_mock(mock, port=loaded.settings.mock_port if serves else 0) as address:
        mock.address = address
        yield mock


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

"""Who would be asked, and where, before anything is built."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from ultra.checks.case import Case
from ultra.config import ProviderTable, is_of_origin, is_own_address, is_public, vendors


@dataclass(frozen=True, slots=True)
class Asked:
    """One provider.

    `setting` is where it is named, `url` where it is asked (None: at a mock, or at the vendor's own address),
    `key_setting` where its key is expected (None: it needs none).
    """

    name: str
    setting: str
    url: str | None
    is_mock: bool
    is_private: bool
    key_setting: str | None
    has_key: bool

    @property
    def is_remote(self) -> bool:
        """Whether it is asked over TLS, and neither on this machine nor on a private network."""
        parts = urlsplit(self.url or "https://vendor.invalid")
        return parts.scheme == "https" and is_public(parts.hostname or "")

    @property
    def is_usable(self) -> bool:
        """Whether it would answer, as far as that can be said from here."""
        return self.is_mock or self.has_key or self.key_setting is None


def providers(case: Case) -> Iterator[Asked]:
    """Yield every provider that would be asked; those of an `ultra.toml` that cannot be read are unknown."""
    private = case.toml.private_providers() if case.toml else frozenset()
    names = set()
    for vendor in vendors(case.settings):
        names.add(vendor.name)
        if vendor.place != "off":
            yield Asked(
                name=vendor.name,
                setting=f"ULTRA_{vendor.name.upper()}_BASE_URL",
                url=vendor.base_url,
                is_mock=vendor.place == "mock",
                is_private=vendor.name in private,
                key_setting=vendor.api_key.name,
                has_key=vendor.api_key.is_set,
            )
    for table in case.toml.providers if case.toml else ():
        if table.name not in names:
            yield _compatible(case, table)


def is_ultra(asked: Asked, case: Case) -> bool:
    """Whether a provider would be Ultra itself: where it listens, or where the world knows it."""
    settings = case.settings
    if asked.url is None:
        return False
    if settings.public_origin is not None and is_of_origin(asked.url, settings.public_origin):
        return True
    return is_own_address(asked.url, settings.host, settings.port)


def _compatible(case: Case, table: ProviderTable) -> Asked:
    # Beside mock servers, a preset without an address of its own is the mock's.
    is_mock = case.settings.mock_servers and table.base_url is None
    reference = table.key(case.presets)
    key = case.loaded.keys.get(table.name)
    return Asked(
        name=table.name,
        setting=f"providers.{table.name}.base_url",
        url=None if is_mock else table.address(case.presets),
        is_mock=is_mock,
        is_private=table.private,
        key_setting=reference.removeprefix("env:") if reference else None,
        has_key=key is not None and key.is_set,
    )

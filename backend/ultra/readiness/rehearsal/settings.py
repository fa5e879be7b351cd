"""What the rehearsal's Ultra is configured with: production, as an operator would write it down."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ORIGIN: Final = "https://ultra.example"
"""What browsers would know it by; a proxy in front of it would speak TLS."""

MODELS: Final[Sequence[str]] = ("alpha", "beta", "gamma", "delta", "first", "second", "third", "slow")
"""What the compatible server `acme` has; each step that lets something go wrong uses models of its own."""

VENDORS: Final[Mapping[str, str]] = {"openai": "/openai/v1", "anthropic": "/anthropic", "gemini": "/gemini"}
"""Where the mock speaks each vendor's wire."""

_SHORTENED: Final = {"ULTRA_SHUTDOWN_GRACE_S": "6", "ULTRA_RUN_LEASE_S": "4", "ULTRA_BREAKER_OPEN_S": "4"}
"""So that nobody waits long for what takes half a minute otherwise."""


def production_settings(
    *,
    secrets: Mapping[str, str],
    database_url: str,
    redis_url: str,
    vendors_at: str,
    ca_file: Path,
    own_keys: Mapping[str, str],
    live_keys: Mapping[str, str],
) -> dict[str, str]:
    """Return the settings by name. `secrets` are the guarding ones; `own_keys` are the mocks' keys by provider.

    A vendor in `live_keys` is asked at its own address with that key; all others are the mock's at `vendors_at`.
    """
    mocked = [name for name in VENDORS if name not in live_keys]
    return {
        **secrets,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "ULTRA_PUBLIC_ORIGIN": ORIGIN,
        "ULTRA_CA_FILE": str(ca_file),
        "ULTRA_LOG_LEVEL": "debug",
        **_SHORTENED,
        **{f"ULTRA_{name.upper()}_BASE_URL": vendors_at + VENDORS[name] for name in mocked},
        **{f"{name.upper()}_API_KEY": own_keys[name] for name in mocked},
        **{f"{name.upper()}_API_KEY": key for name, key in live_keys.items()},
        "ACME_API_KEY": own_keys["acme"],
    }


def ultra_toml(*, acme_at: str, live: Sequence[str], own: str = "") -> str:
    """Return `ultra.toml`: the mocks are on loopback, so each is marked as private. `own` tables come first."""
    lines = [own] if own else []
    for name in VENDORS:
        if name not in live:
            lines += ["[[providers]]", f'name = "{name}"', "private = true"]
    lines += ["[[providers]]", 'name = "acme"', f'base_url = "{acme_at}/acme/v1"', 'api_key = "env:ACME_API_KEY"']
    lines += ["private = true", f"models = {json.dumps(list(MODELS))}"]
    for model in MODELS:
        lines += [f'[prices."acme/{model}"]', 'input = "1"', 'output = "2"']
    return "\n".join([*lines, ""])

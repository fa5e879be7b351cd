"""What may be served: the rules that a server's settings keep beside being right one by one."""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Final

from ultra.config.addresses import is_loopback
from ultra.config.problems import Problem
from ultra.config.settings import Settings
from ultra.config.strength import guarding

_ANY: Final = "*"


def judge_access(settings: Settings) -> Iterator[Problem]:
    """Yield what would let in whom nobody meant to let in; in every environment."""
    if settings.environment == "testing" and not is_loopback(settings.host):
        yield Problem("ULTRA_HOST", "must be a loopback address in testing.", "Use 127.0.0.1.")
    if any(ip_network(each, strict=False).prefixlen == 0 for each in settings.trusted_proxies):
        yield Problem(
            "ULTRA_TRUSTED_PROXIES",
            "trusts every address: anybody could claim any other.",
            "Name the networks of your own proxies.",
        )
    if settings.cors_credentials and _ANY in settings.cors_origins:
        yield Problem("ULTRA_CORS_ORIGINS", "may not be * together with ULTRA_CORS_CREDENTIALS.", "Name the origins.")
    if settings.environment == "production" and settings.test_mode_secret.is_set:
        yield Problem("ULTRA_TEST_MODE_SECRET", "may not be set in production.", "Remove it.")


def judge_serving(settings: Settings) -> Iterator[Problem]:
    """Yield what is missing for `ultra serve`."""
    if settings.workers > 1:
        yield from _judge_sharing(settings)
    if settings.environment != "production":
        return
    origin = settings.public_origin
    if origin is None or not origin.startswith("https://"):
        sentence = "is not set." if origin is None else "is not https."
        yield Problem("ULTRA_PUBLIC_ORIGIN", sentence, "Name the https address that browsers and clients use.")
    for each in guarding(settings):
        if not each.is_set:
            yield Problem(
                each.name,
                "is not set.",
                "Generate one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
            )


def advise(settings: Settings) -> Iterator[Problem]:
    """Yield what is possible and not meant for production."""
    if settings.environment != "production":
        return
    if settings.database_url.scheme == "sqlite":
        yield Problem("DATABASE_URL", "is SQLite: fine for one worker on one machine.", "Use postgresql://.")
    if settings.redis_url is None:
        yield Problem("REDIS_URL", "is not set: limits are forgotten at every start.", "Use Valkey or Redis.")


def _judge_sharing(settings: Settings) -> Iterator[Problem]:
    """Several processes share one database that takes several writers, and one counter."""
    if settings.database_url.scheme not in ("postgresql", "postgres"):
        yield Problem("ULTRA_WORKERS", "above 1 needs PostgreSQL.", "Set DATABASE_URL=postgresql://..., or use 1.")
    if settings.redis_url is None:
        yield Problem("ULTRA_WORKERS", "above 1 needs a shared counter.", "Set REDIS_URL, or use 1.")

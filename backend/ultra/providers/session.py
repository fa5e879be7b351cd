"""The one HTTP client of the process, and what its failures mean."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from ultra.domain.errors import NetworkFailed, ProtocolViolated, TimedOut, Truncated, UltraError, Upstream

FAILURES = (aiohttp.ClientError, HttpProcessingError, OSError)
"""Everything the client raises when the network or the other side fails."""


@asynccontextmanager
async def open_session(
    *, connections: int = 1000, ca_file: Path | None = None, keep_alive: float = 30.0
) -> AsyncIterator[aiohttp.ClientSession]:
    """Open the client that all providers share; leaving closes every connection.

    It follows no redirect, keeps no cookie, and reads neither proxies nor passwords from the environment.
    `connections` bounds how many are open at once, `ca_file` has authorities to trust beside the system's,
    `keep_alive` is how many seconds an idle connection is kept.
    """
    connector = aiohttp.TCPConnector(
        limit=connections,
        keepalive_timeout=keep_alive,
        ssl=_trusting(ca_file) if ca_file else True,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"user-agent": "ultra"},
        timeout=aiohttp.ClientTimeout(total=None),
        trust_env=False,
    ) as session:
        yield session


def _trusting(ca_file: Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=ca_file)
    return context


_MEANINGS: tuple[tuple[type[Exception], type[UltraError], str, str], ...] = (
    (aiohttp.ClientConnectorDNSError, NetworkFailed, "dns", "The address of {} cannot be resolved."),
    (aiohttp.ClientConnectorCertificateError, NetworkFailed, "tls", "The certificate of {} is not valid."),
    (aiohttp.ClientSSLError, NetworkFailed, "tls", "No secure connection to {} could be made."),
    (aiohttp.ConnectionTimeoutError, TimedOut, "timeout", "No connection to {} came about in time."),
    (aiohttp.ClientConnectorError, NetworkFailed, "network", "No connection to {} could be made."),
    (aiohttp.ServerTimeoutError, TimedOut, "timeout", "{} sent nothing for too long."),
    (aiohttp.ClientResponseError, ProtocolViolated, "protocol_violated", "{} answered with bytes that are not HTTP."),
    (aiohttp.ServerDisconnectedError, NetworkFailed, "network", "{} closed the connection without an answer."),
    (aiohttp.ClientPayloadError, Truncated, "truncated", "{} closed the connection in the middle of its answer."),
    (aiohttp.ClientError, NetworkFailed, "network", "The connection to {} failed."),
    (HttpProcessingError, ProtocolViolated, "protocol_violated", "{} answered with bytes that are not HTTP."),
    (TimeoutError, TimedOut, "timeout", "{} sent nothing for too long."),
    (OSError, NetworkFailed, "network", "The connection to {} failed."),
)
_NOTHING_SENT = (aiohttp.ClientConnectorError, aiohttp.ClientSSLError, aiohttp.ConnectionTimeoutError)


def network_error(error: Exception, provider: str) -> UltraError:
    """Return what a failure of the client means. Nothing of its own text is kept: it can hold URLs and headers."""
    for kind, meaning, code, sentence in _MEANINGS:
        if isinstance(error, kind):
            started = not isinstance(error, _NOTHING_SENT)
            return meaning(sentence.format(provider), code=code, provider=provider, upstream=Upstream(started=started))
    raise error

"""A certificate that a client believes who trusts the authority, and nobody else."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ultra.readiness.rehearsal.certificates import make_certificates

pytestmark = pytest.mark.anyio


async def connected(held: Path, trusted: Path | None, name: str) -> None:
    """Serve with the certificate on loopback and connect by that name."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(held)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        trust = ssl.create_default_context(cafile=trusted)
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname=name)
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_it_is_believed(tmp_path: Path, name: str) -> None:
    """By both names of this machine; the key is its owner's alone."""
    trusted, held = make_certificates(tmp_path, now=datetime.now(UTC))
    await connected(held, trusted, name)
    assert held.stat().st_mode & 0o777 == 0o600


async def test_it_is_not_believed_elsewhere(tmp_path: Path) -> None:
    """Not by another name, and not by who does not know the authority."""
    trusted, held = make_certificates(tmp_path, now=datetime.now(UTC))
    with pytest.raises(ssl.SSLCertVerificationError):
        await connected(held, trusted, "ultra.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        await connected(held, None, "127.0.0.1")

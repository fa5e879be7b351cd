"""`ultra mock`: the mock providers as a program of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ultra.cli.command import Command

if TYPE_CHECKING:
    import ssl

    from ultra.mock.server import Application

_EXAMPLES = """Examples:  ultra mock --port 9100

ultra mock --record https://api.openai.com/v1 --cassettes cassettes

ultra mock --replay --cassettes cassettes

ultra mock --certificate server.pem"""


class Mock(Command):
    """Serves the vendors' wires without the vendors."""

    name = "mock"

    def attach(self, program: typer.Typer) -> None:
        """Add `ultra mock`."""
        program.command(self.name, epilog=_EXAMPLES)(mock)


def mock(
    port: Annotated[int, typer.Option(help="Loopback port; 0 takes a free one.")] = 8090,
    seed: Annotated[str, typer.Option(help="The same seed gives the same answers.")] = "ultra",
    speed: Annotated[float, typer.Option(min=0, help="Tokens per second; 0 is as fast as possible.")] = 80,
    record: Annotated[str | None, typer.Option(help="Base URL of a real provider to pass everything on to.")] = None,
    replay: Annotated[bool, typer.Option("--replay", help="Answer from cassettes only.")] = False,
    cassettes: Annotated[Path, typer.Option(help="Folder of recorded exchanges.")] = Path("cassettes"),
    scenarios: Annotated[bool, typer.Option("--scenarios", help="List the faults that can be asked for.")] = False,
    certificate: Annotated[
        Path | None, typer.Option(help="PEM file with a certificate and its key: serve over TLS.")
    ] = None,
) -> int:
    """Serve OpenAI's, Anthropic's and Gemini's wires on loopback, with faults on demand."""
    import asyncio

    from ultra.cli.output import print_table
    from ultra.mock.faults import SCENARIOS

    if scenarios:
        print_table(("Scenario", "What it does"), [(each.name, each.sentence) for each in SCENARIOS.values()])
        return 0
    if record and replay:
        raise typer.BadParameter("--record and --replay exclude each other.")

    async def whole() -> None:
        async with _application(record, replay=replay, folder=cassettes, seed=seed, speed=speed) as application:
            await _serve(application, port, tls=_tls(certificate))

    asyncio.run(whole())
    return 0


@asynccontextmanager
async def _application(
    record: str | None, *, replay: bool, folder: Path, seed: str, speed: float
) -> AsyncIterator["Application"]:
    from ultra.cli.house import configuration
    from ultra.mock.cassettes import Cassettes
    from ultra.mock.recorder import create_recorder, create_replayer
    from ultra.mock.server import create_mock
    from ultra.providers import open_session
    from ultra.services import mock_models, mock_pace
    from ultra.system import System

    system = System()
    if replay:
        yield create_replayer(cassettes=Cassettes(folder), system=system)
    elif record:
        async with open_session() as session:
            yield create_recorder(base_url=record, cassettes=Cassettes(folder), session=session, system=system)
    else:
        models = mock_models(configuration())
        yield create_mock(system=system, seed=seed, models=models, pace=mock_pace(speed))


def _tls(certificate: Path | None) -> "ssl.SSLContext | None":
    import ssl

    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate)
    except OSError as error:  # what OpenSSL has to say is an OSError too
        raise typer.BadParameter(f"{certificate} holds no certificate with its key: {error.strerror}.") from None
    return context


async def _serve(application: "Application", port: int, *, tls: "ssl.SSLContext | None") -> None:
    import asyncio
    import signal

    from ultra.mock.server import BASE_PATHS, serve

    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with serve(application, port=port, tls=tls) as address:
        typer.echo(f"Mock providers at {address}")
        for provider, path in BASE_PATHS.items():
            typer.echo(f"  ULTRA_{provider.upper()}_BASE_URL={address}{path}")
        await stop.wait()

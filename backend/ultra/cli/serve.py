"""`ultra serve`: the HTTP service."""

from typing import Annotated

import typer

from ultra.cli.command import Command

_EXAMPLE = "Example:  ultra serve --port 9000"


class Serve(Command):
    """Serves until it is told to stop."""

    name = "serve"

    def attach(self, program: typer.Typer) -> None:
        """Add `ultra serve`."""
        program.command(self.name, epilog=_EXAMPLE)(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (ULTRA_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one (ULTRA_PORT).")] = None,
    workers: Annotated[int | None, typer.Option(help="Number of processes (ULTRA_WORKERS).")] = None,
) -> int:
    """Serve the HTTP interface until SIGTERM or Ctrl-C."""
    from ultra.cli._serving import run as run_here
    from ultra.cli._workers import Workers
    from ultra.cli.house import complete_examination
    from ultra.system import System
    from ultra.telemetry import logs

    said = {"ULTRA_HOST": host, "ULTRA_PORT": port, "ULTRA_WORKERS": workers}
    examination, overrides = complete_examination(said, serving=True)
    loaded = examination.usable()
    logs.configure(level=loaded.settings.log_level, form=loaded.settings.log_format)
    for each in examination.findings:
        if each.level == "warning":
            logs.warn(f"{each.id} {each.setting}: {each.sentence}", hint=each.hint)
    if loaded.settings.workers > 1:
        return Workers(loaded, overrides, system=System()).run()
    return 0 if run_here(loaded, overrides) else 1

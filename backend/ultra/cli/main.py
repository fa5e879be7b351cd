"""Finds the commands, runs one, and turns whatever goes wrong into a sentence, a hint and an exit code."""

import sys
from collections.abc import Sequence

import typer

import ultra.cli
from ultra.cli.command import Command
from ultra.cli.exits import EXITS, exit_code
from ultra.discovery import collect

INTERRUPTED = 130

_HELP = """One door in front of many language models; one answer that says how far it can be trusted.

Exit codes: """ + "; ".join(f"{code} {meaning}" for code, meaning in EXITS.items())


def program() -> typer.Typer:
    """Return the program with every command of this folder."""
    app = typer.Typer(
        name="ultra",
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for command in collect(ultra.cli, Command).values():  # type: ignore[type-abstract]  # only subclasses are collected
        command().attach(app)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        from ultra import __version__

        typer.echo(f"ultra {__version__}")
        raise typer.Exit


def _options(
    *,
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    """Take what may stand before the command."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        result = program()(args=list(arguments), standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        result = INTERRUPTED
    except SystemExit as left:
        if isinstance(left.__context__, BrokenPipeError):
            return 0  # whoever read our output has left; nothing is wrong
        raise
    except Exception as error:
        code, text = exit_code(error)
        if code is None:
            raise
        sys.stderr.write(text)
        return code
    if result == INTERRUPTED:
        sys.stderr.write("\nInterrupted.\n")
    return result if isinstance(result, int) else 0

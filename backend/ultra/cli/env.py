"""`ultra env`: the env files of this folder, and which environment is in force."""

import typer

from ultra.cli import _env_edit as editing
from ultra.cli import _env_reading as reading
from ultra.cli import _env_secrets as secrets
from ultra.cli import _env_switch as switching
from ultra.cli import _env_writing as writing
from ultra.cli.command import Command

_HELP = """Edit this machine's settings and switch between environments.

What is written goes to .env.{environment}.local, and to .env for a switch; `ultra config` explains the result.
"""


class Env(Command):
    """Looks after env files."""

    name = "env"

    def attach(self, program: typer.Typer) -> None:
        """Add the commands that read, those that write, and `ultra env switch`."""
        group = typer.Typer(help=_HELP, no_args_is_help=True)
        group.command("list", epilog="Example:  ultra env list")(reading.list_environments)
        group.command("show", epilog="Example:  ultra env show --environment production")(reading.show)
        group.command("get", epilog="Example:  ultra env get OPENAI_API_KEY --reveal")(reading.get)
        group.command("diff", epilog="Example:  ultra env diff development production")(reading.diff)
        group.command("validate", epilog="Example:  ultra env validate --environment production")(reading.validate)
        group.command("set", epilog="Example:  ultra env set OPENAI_API_KEY --environment production")(writing.set_)
        group.command("unset", epilog="Example:  ultra env unset ULTRA_PORT")(writing.unset)
        group.command("init", epilog="Example:  ultra env init --environment production")(writing.init)
        group.command("edit", epilog="Example:  ultra env edit --environment production")(editing.edit)
        group.command("generate", epilog="Example:  ultra env generate --environment production")(secrets.generate)
        group.command("switch", epilog="Example:  ultra env switch production")(switching.switch)
        program.add_typer(group, name=self.name)

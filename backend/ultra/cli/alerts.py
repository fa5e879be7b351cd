"""`ultra alerts`: what stands, and whether the channels can be reached."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from ultra.cli.command import Command

if TYPE_CHECKING:
    from ultra.desk.desk import Desk
    from ultra.domain.alerts import Standing
    from ultra.services import Services
    from ultra.telemetry.alerts import Channels, Delivery


class Alerts(Command):
    """Tries and lists alerts."""

    name = "alerts"

    def attach(self, program: typer.Typer) -> None:
        """Add `ultra alerts test` and `list`."""
        group = typer.Typer(help="Try the channels of alerts, and list the alerts that stand.", no_args_is_help=True)
        group.command("test", epilog="Example:  ultra alerts test")(tell)
        group.command("list", epilog="Example:  ultra alerts list --json")(list_standing)
        program.add_typer(group, name=self.name)


def tell(json: Annotated[bool, typer.Option("--json", help="Print JSON, without addresses.")] = False) -> int:
    """Tell every channel of ULTRA_ALERT_URLS that this is a test; exits 1 when one was not reached, 78 without any."""
    from dataclasses import asdict

    from ultra.cli.house import configuration
    from ultra.cli.output import print_json, print_table
    from ultra.config import ConfigurationInvalid, Problem
    from ultra.telemetry.alerts import Channels

    settings = configuration().settings
    channels = Channels(read=settings.alert_urls.reveal)
    if not channels.names():
        hint = f"Give apprise addresses: scripts/set-env.sh set ULTRA_ALERT_URLS --environment {settings.environment}"
        raise ConfigurationInvalid([Problem("ULTRA_ALERT_URLS", "is not set: there is nobody to tell.", hint)])
    told = asyncio.run(_tell_all(channels, settings.environment))
    if json:
        print_json([asdict(each) for each in told])
    else:
        print_table(
            ("Channel", "Result"), [(each.channel, "told" if each.is_told else each.reason or "") for each in told]
        )
    return 0 if all(each.is_told for each in told) else 1


def list_standing(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> int:
    """Print the alerts that stand, oldest first."""
    from dataclasses import asdict

    from ultra.cli.house import in_house
    from ultra.cli.output import print_json, print_table
    from ultra.store.alerts import StoredAlertBook

    async def work(services: "Services", _: "Desk") -> "tuple[Standing, ...]":
        return await StoredAlertBook(database=services.database).standing()

    standing = in_house(work)
    if json:
        print_json([asdict(each) for each in standing])
    elif standing:
        rows = [(f"{each.since:%Y-%m-%d %H:%M:%S}", each.name, each.subject, each.sentence) for each in standing]
        print_table(("Since (UTC)", "Alert", "About", "What"), rows)
    else:
        typer.echo("No alert stands.")
    return 0


async def _tell_all(channels: "Channels", environment: str) -> "list[Delivery]":
    title = f"Ultra ({environment}): test"
    body = "This is a test: alerts of this server arrive here."
    return await asyncio.gather(
        *(channels.tell(name, title=title, body=body, tone="info") for name in channels.names())
    )

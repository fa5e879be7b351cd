"""`ultra models`: which models can be asked now."""

from typing import TYPE_CHECKING, Annotated

import typer

from ultra.cli.command import Command

if TYPE_CHECKING:
    from ultra.desk.desk import Desk
    from ultra.domain.models import Model
    from ultra.services import Services


class Models(Command):
    """Lists the models."""

    name = "models"

    def attach(self, program: typer.Typer) -> None:
        """Add `ultra models`."""
        program.command(self.name, epilog="Example:  ultra models --provider openai")(models)


def models(
    provider: Annotated[str | None, typer.Option(help="Only this provider's models.")] = None,
    available: Annotated[bool, typer.Option("--available", help="Only models that can be asked now.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """List the models with availability, reason, limits and price."""
    from ultra.cli.house import in_house

    async def work(services: "Services", _: "Desk") -> int:
        from ultra.cli.output import print_json, print_table
        from ultra.inventory import listing

        _refuse_unknown(provider, [state.id for state in services.catalogue.providers()])
        await services.refresh_models()
        found = [
            model
            for model in services.catalogue.models()
            if (provider is None or model.provider == provider) and (model.usable or not available)
        ]
        if json:
            print_json([listing.item(model, environment=services.settings.environment) for model in found])
            return 0
        headings = ("Model", "State", "Reason", "Context", "USD in", "USD out", "Aliases")
        print_table(headings, [_row(model) for model in found])
        return 0

    return in_house(work)


def _refuse_unknown(provider: str | None, known: list[str]) -> None:
    from ultra.domain.errors import NotFound

    if provider not in (None, "ultra", *known):
        raise NotFound(f"There is no provider {provider!r}.", hint=f"There are {', '.join(known)}, and ultra.")


def _row(model: "Model") -> tuple[str, ...]:
    price = model.price
    return (
        model.id,
        model.availability.state,
        model.availability.reason or "",
        f"{model.limits.context_tokens:,}" if model.limits.context_tokens else "?",
        str(price.input) if price and price.input is not None else "?",
        str(price.output) if price and price.output is not None else "?",
        ", ".join(model.aliases),
    )

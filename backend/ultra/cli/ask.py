"""`ultra ask`: one model, one answer, as it is written."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ultra.cli.command import Command

if TYPE_CHECKING:
    from ultra.desk.desk import Desk
    from ultra.services import Services

_EXAMPLE = 'Example:  ultra ask "What is the capital of Australia?" --model anthropic/claude-sonnet-4-5'


class Ask(Command):
    """Asks one model."""

    name = "ask"

    def attach(self, program: typer.Typer) -> None:
        """Add `ultra ask`."""
        program.command(self.name, epilog=_EXAMPLE)(ask)


def ask(
    prompt: Annotated[str, typer.Argument(help="The question; - reads it from standard input.")],
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="A model, an alias or an ensemble such as ultra/consensus.")
    ] = None,
    system: Annotated[str | None, typer.Option("--system", "-s", help="Instructions for the model.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the answer and what is known about it as JSON.")] = False,
) -> int:
    """Ask one model and print its answer while it is written."""
    from ultra.cli.house import in_house

    text = sys.stdin.read() if prompt == "-" else prompt

    async def work(services: "Services", desk: "Desk") -> int:
        return await _ask(services, desk, text, model=model, system=system, as_json=json)

    return in_house(work)


async def _ask(
    services: "Services", desk: "Desk", text: str, *, model: str | None, system: str | None, as_json: bool
) -> int:
    from ultra.cli.output import harmless
    from ultra.domain.chat import ChatRequest, Message, Text
    from ultra.domain.completion import Fold
    from ultra.domain.identity import LOCAL_OPERATOR

    request = ChatRequest(
        model=model or services.catalogue.panel((), size=1)[0].id,
        messages=(Message("user", (Text(text),)),),
        instructions=(Text(system),) if system else (),
        stream=not as_json,
    )
    fold = Fold()
    opening = desk.completions.open(LOCAL_OPERATOR, request, request_id=services.system.new_id("req"))
    async with opening as told:
        async for event in told:
            shown = len(fold.text)
            fold.add(event)
            if not as_json:
                said = fold.text[shown:]
                sys.stdout.write(harmless(said) if sys.stdout.isatty() else said)
                sys.stdout.flush()
        completion = fold.result()
        _conclude(completion.text, completion.finish_reason, told.extras(), told.model, as_json=as_json)
    return 0


def _conclude(text: str, finish_reason: str, extras: dict[str, Any], model: str, *, as_json: bool) -> None:
    if as_json:
        from ultra.cli.output import print_json

        print_json({"text": text, "finish_reason": finish_reason, "model": model, "ultra": extras})
        return
    sys.stdout.write("\n")
    if sys.stderr.isatty():
        cost = extras.get("cost_usd")
        status = extras.get("heading")
        facts = [model, *([status] if status else []), f"${cost}" if cost is not None else "cost unknown"]
        sys.stderr.write(f"\033[2m{' · '.join(facts)}\033[0m\n")

"""`ultra analyze`: several models, one question, and the panel at work before your eyes."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ultra.cli.command import Command

if TYPE_CHECKING:
    from ultra.desk.desk import Desk
    from ultra.domain.analysis import Question, RunOptions
    from ultra.services import Services

_EXAMPLE = 'Example:  ultra analyze "Is 221 a prime number?" --flow vote'


class Analyze(Command):
    """Asks a panel."""

    name = "analyze"

    def attach(self, program: typer.Typer) -> None:
        """Add `ultra analyze`."""
        program.command(self.name, epilog=_EXAMPLE)(analyze)


def analyze(
    prompt: Annotated[str, typer.Argument(help="The question; - reads it from standard input.")],
    pattern: Annotated[
        str, typer.Option("--pattern", "-p", help="What to look for: see `ultra patterns`.")
    ] = "consensus",
    flow: Annotated[str | None, typer.Option(help="route, compare, vote, adaptive, council or full.")] = None,
    model: Annotated[list[str] | None, typer.Option("--model", "-m", help="Whom to ask; repeat it.")] = None,
    budget: Annotated[str | None, typer.Option(help="Most that may be spent, in USD.")] = None,
    deadline: Annotated[float | None, typer.Option(help="Most seconds the run may take.")] = None,
    context: Annotated[list[Path] | None, typer.Option("--context", "-c", help="A text file to go along.")] = None,
    follow_up: Annotated[str | None, typer.Option(help="Id of an earlier run to continue.")] = None,
    store: Annotated[bool, typer.Option(help="Keep the run in the history.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print the whole run as JSON.")] = False,
) -> int:
    """Ask several models one question, compare what they say, and print one answer."""
    from ultra.cli.house import in_house
    from ultra.domain.analysis import Document, Question

    text = sys.stdin.read() if prompt == "-" else prompt
    documents = tuple(Document(path.name, _text(path)) for path in context or ())

    async def work(services: "Services", desk: "Desk") -> int:
        options = desk.runs.options(
            pattern=pattern,
            flow=flow,
            models=tuple(model or ()),
            budget_usd=_money(budget),
            deadline_s=deadline,
            store=store,
        )
        return await _run(services, desk, Question(text, context=documents), options, follow_up, as_json=json)

    return in_house(work)


async def _run(
    services: "Services",
    desk: "Desk",
    question: "Question",
    options: "RunOptions",
    follow_up: str | None,
    *,
    as_json: bool,
) -> int:
    from ultra.cli._panel_view import print_verdict, watch
    from ultra.cli.output import print_json
    from ultra.domain.analysis import FINAL
    from ultra.domain.identity import LOCAL_OPERATOR

    request_id = services.system.new_id("req")
    run = await desk.runs.begin(LOCAL_OPERATOR, question, options, request_id=request_id, follow_up_to=follow_up)
    try:
        events = desk.runs.follow(LOCAL_OPERATOR, run.id)
        await watch(events, live=sys.stdout.isatty() and not as_json)
    finally:
        # Only an interruption gets here before the end: whoever pressed Ctrl-C wants the spending to stop.
        if (await desk.runs.get(LOCAL_OPERATOR, run.id)).status not in FINAL:
            await desk.runs.cancel(LOCAL_OPERATOR, run.id)
    result: dict[str, Any] = await desk.runs.result(LOCAL_OPERATOR, run.id)
    if as_json:
        print_json(result)
    else:
        print_verdict(result)
    return 1 if result["status"] in ("failed", "cancelled") else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{path} is not text in UTF-8.") from None


def _money(budget: str | None) -> Any:
    from decimal import Decimal, InvalidOperation

    if budget is None:
        return None
    try:
        return Decimal(budget)
    except InvalidOperation:
        raise typer.BadParameter("The budget must be a number of US dollars, such as 0.05.") from None

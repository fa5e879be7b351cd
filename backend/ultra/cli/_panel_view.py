"""The panel at work, live on a terminal, and the verdict at the end."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.rule import Rule
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from ultra.cli.output import harmless
from ultra.domain.analysis import JournalEvent

_LEAST = 8


@dataclass(slots=True)
class Member:
    """One line of the view: what a model is doing in a stage."""

    stage: str
    model: str
    state: str = "asking"
    text: str = ""
    seconds: float | None = None


@dataclass(slots=True)
class PanelView:
    """Takes a run's events one by one and draws what they add up to."""

    members: dict[tuple[str, str], Member] = field(default_factory=dict)
    synthesis: str = ""
    cost: str | None = None

    def take(self, event: JournalEvent) -> None:
        """Take the next event of the journal."""
        data = event.data
        match event.type:
            case "call.started":
                self._member(data).state = "asking"
            case "answer.started" | "answer.delta":
                member = self._member(data)
                member.state = "answering"
                member.text += data.get("text", "")
            case "answer.done":
                member = self._member(data)
                member.state, member.text, member.seconds = "done", data["text"], data["duration_s"]
            case "answer.failed":
                member = self._member(data)
                member.state, member.text, member.seconds = "failed", data["error"] or "", data["duration_s"]
            case "synthesis.delta":
                self.synthesis += data["text"]
            case "cost":
                self.cost = data["spent_usd"]
            case _:
                pass

    def _member(self, data: Mapping[str, Any]) -> Member:
        key = (data["stage"], data["role"])
        return self.members.setdefault(key, Member(stage=data["stage"], model=data["model"]))

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table of the panel, a line for each member, and the synthesis as far as it is written."""
        members = self.members.values()
        stage = max((len(member.stage) for member in members), default=0)
        model = max((len(member.model) for member in members), default=0)
        room = max(options.max_width - len("✓  ") - stage - model - 4 - len("10.0 s  "), _LEAST)
        table = Table(box=None, pad_edge=False, show_header=False)
        for _ in range(4):
            table.add_column(no_wrap=True, min_width=1)
        for member in members:
            table.add_row(_mark(member), member.stage, Text(member.model, "bold"), _progress(member, room))
        yield table
        if self.synthesis:
            yield Rule(style="dim")
            yield Text(harmless(self.synthesis))


def _mark(member: Member) -> RenderableType:
    marks = {"done": Text("✓", "green"), "failed": Text("✗", "red")}
    return marks.get(member.state) or Spinner("dots", style="cyan")


def _progress(member: Member, room: int) -> Text:
    """Return the time it took and the last words, in so many characters: an answer's end says what it comes to."""
    tail = " ".join(harmless(member.text).split())
    tail = tail if len(tail) < room else "…" + tail[1 - room :]
    if member.seconds is None:
        return Text(tail or "…", "dim")
    return Text(f"{member.seconds:.1f} s  ", "cyan") + Text(tail, "red" if member.state == "failed" else "dim")


async def watch(events: AsyncIterator[JournalEvent], *, live: bool) -> None:
    """Follow a run to its end; draw it when `live`, and leave on the screen who said what."""
    view = PanelView()
    if not live:
        async for event in events:
            view.take(event)
        return
    console = Console(highlight=False)
    with Live(view, console=console, refresh_per_second=12):
        async for event in events:
            view.take(event)
        view.synthesis = ""  # the verdict that follows says it
    console.print()


def print_verdict(result: Mapping[str, Any]) -> None:
    """Print the heading, the verdict, how far it can be trusted, and what it cost."""
    console = Console(highlight=False)
    trusted = result["status"] == "complete"
    console.print(Rule(Text(result["heading"], "bold green" if trusted else "bold yellow"), align="left", style="dim"))
    if result["text"] and console.is_terminal:
        console.print(Markdown(harmless(result["text"])))
    elif result["text"]:
        console.out(result["text"], highlight=False)
    for line, style in _remarks(result):
        console.print(Text(harmless(line), style), soft_wrap=True)
    console.print(Text(_facts(result), "dim"), soft_wrap=True)


def _remarks(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what went wrong, with its style: the run's error, whoever failed and why, and every other warning."""
    error = result["error"]
    if error:
        yield error["detail"], "red"
        if error["hint"]:
            yield f"  {error['hint']}", "red"
    failed = [each for each in result["answers"] if each["status"] == "failed" and each["error_kind"] != "cancelled"]
    for answer in failed:
        yield f"{answer['model']}: {answer['error']}", "red"
    for warning in result["warnings"]:
        if not any(warning.startswith(f"{answer['model']} did not answer") for answer in failed):
            yield f"Note: {warning}", "yellow"


def _facts(result: Mapping[str, Any]) -> str:
    agreement = result["agreement"] or {}
    facts = [f"{result['answered'] or 0} of {result['asked']} answered"]
    if result["decided"] is not None:
        facts.append(f"decided: {result['decided']}")
    if agreement.get("value") is not None:
        facts.append(f"{agreement['supporters']} of {agreement['answered']} agree")
    facts.append("confidence: not calibrated" if result["confidence"] is None else f"{result['confidence']:.0%} sure")
    cost = result["cost"]["usd"]
    facts.append(f"${cost}" if cost is not None else "cost unknown")
    if result["timing"]["seconds"] is not None:
        facts.append(f"{result['timing']['seconds']:.1f} s")
    return " · ".join([*facts, result["id"]])

"""Patterns with plain templates, checked as strictly as the real ones."""

from collections.abc import Mapping, Sequence

from ultra.domain.analysis import Prompt
from ultra.domain.errors import NotFound
from ultra.domain.patterns import OPTIONAL, USES, Labelled, Stage, StageFacts


class FakeLens:
    """Renders every fact of a stage under its name, one block each."""

    def __init__(
        self,
        name: str = "consensus",
        *,
        minimum_panel: int = 2,
        default_flow: str = "adaptive",
        roles: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.summary = f"The lens {name}."
        self.when = "In tests."
        self.minimum_panel = minimum_panel
        self.default_flow = default_flow
        self.roles = tuple(roles)
        self.shape = "One text."

    def render(self, stage: Stage, facts: StageFacts, *, role: str | None = None, delimiter: str) -> Prompt:
        """Fill the stage; a needed fact that is missing or an unused one that is there raises `ValueError`."""
        given: Mapping[str, object] = {
            "question": facts.question,
            "answers": facts.answers,
            "own": facts.own,
            "reviews": facts.reviews,
            "decided": facts.decided,
        }
        lines = [f"stage: {stage}"]
        for name, value in given.items():
            if name not in USES[stage]:
                if value:
                    raise ValueError(f"the {stage} stage does not use {name}")
                continue
            if value:
                lines.append(_block(name, value, delimiter))
            elif name not in OPTIONAL:
                raise ValueError(f"the {stage} stage needs {name}")
        lines += [_block(f"document {each.name}", each.text, delimiter) for each in facts.documents]
        if facts.earlier is not None:
            lines.append(_block("earlier", f"{facts.earlier.prompt} {facts.earlier.verdict}", delimiter))
        return Prompt(f"lens {self.name}" + (f" as {role}" if role else ""), "\n".join(lines))


class FakePatterns:
    """Holds the lenses given, or `consensus` alone."""

    def __init__(self, *lenses: FakeLens) -> None:
        self.lenses = {lens.name: lens for lens in lenses or (FakeLens(),)}

    def get(self, name: str) -> FakeLens:
        """Return a lens."""
        if name not in self.lenses:
            raise NotFound(f"There is no pattern {name!r}.", param="pattern", hint=f"Near: {', '.join(self.lenses)}")
        return self.lenses[name]

    def all(self) -> tuple[FakeLens, ...]:
        """Return every lens."""
        return tuple(self.lenses[name] for name in sorted(self.lenses))


def _block(name: str, value: object, delimiter: str) -> str:
    if isinstance(value, tuple | list):
        blocks = [_block(f"{name} {each.label}", each.text, delimiter) for each in value if isinstance(each, Labelled)]
        return "\n".join(blocks)
    return f"<{delimiter} {name}>\n{value}\n</{delimiter}>"

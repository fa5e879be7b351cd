"""Running Ultra's own commands where the server is."""

from ultra.readiness.stage import Stage
from ultra.readiness.step import Unmet


async def done(stage: Stage, *words: str, database: str | None = None) -> str:
    """Run a command and return what it printed; raises `Unmet` when it fails."""
    finished = await stage.tools.command(*words, database=database)
    if finished.code:
        said = " ".join((finished.err or finished.out).split())[-300:]
        raise Unmet(f"`ultra {' '.join(words)}` ended with {finished.code}: {said}")
    return finished.out

"""Does every name in `ultra.toml` mean a model that is served?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.connection import Connection
from ultra.checks.reaching import Reached
from ultra.domain.findings import Finding


class ListedModels(Connection):
    """An alias or a panel names a model that its provider does not list."""

    name = "U097"
    title = "A provider does not serve a model"
    why = "The model was withdrawn, renamed or misspelt: whoever asks it gets an error, or another candidate."
    mend = (
        "Take a name that `ultra models` shows. One that is served without being listed stands in `models` of "
        "its provider's table."
    )
    level = "warning"

    def find(self, case: Case, reached: Reached) -> Iterator[Finding]:
        """Yield what is wrong."""
        toml = case.toml
        if toml is None:
            return
        listed = {each.asked.name: each.models for each in reached.providers if each.models is not None}
        extra = {f"{table.name}/{model}" for table in toml.providers for model in table.models}
        for kind, names in (("aliases", toml.aliases), ("panels", toml.panels)):
            for name, members in names.items():
                for member in members:
                    provider, _, model = member.partition("/")
                    if provider in listed and model not in listed[provider] and member not in extra:
                        sentence = f"names {member}, which {provider} does not list."
                        yield self.finding(
                            f"ultra.toml, {kind}.{name}", sentence, "`ultra models` shows what it lists."
                        )

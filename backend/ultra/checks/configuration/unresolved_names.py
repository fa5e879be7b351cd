"""Does every name in `ultra.toml` mean a model?"""

from collections.abc import Collection, Iterator

from ultra.checks.asked import providers
from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding
from ultra.inventory.catalogue import OWN


class UnresolvedNames(Check):
    """An alias, a panel or a remark in `ultra.toml` names something that is no model here."""

    name = "U012"
    title = "A name means no model"
    why = "Whoever asks that alias or panel gets an error instead of an answer, or fewer answers than were meant."
    mend = (
        "Write `provider/model` with a provider that is configured, an alias of the same file, or (for an "
        "alias) an ensemble such as `ultra/consensus`. Whether the provider really serves the model is seen "
        "by `ultra check --connect`."
    )
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.toml is None:
            return
        names = {each.name for each in providers(case)}
        for alias, targets in case.toml.aliases.items():
            yield from self._judge(f"aliases.{alias}", targets, {*names, OWN}, case.toml.aliases)
        for panel, members in case.toml.panels.items():
            yield from self._judge(f"panels.{panel}", members, names, case.toml.aliases)
        for kind in ("models", "prices"):
            yield from self._judge(kind, getattr(case.toml, kind), names, {})

    def _judge(
        self, place: str, members: Collection[str], names: Collection[str], aliases: Collection[str]
    ) -> Iterator[Finding]:
        where = f"ultra.toml, {place}"
        for member in members:
            provider, slash, _ = member.partition("/")
            if not slash and member not in aliases:
                sentence, hint = (
                    "has a member that is not an alias of this file.",
                    "Members are provider/model or an alias.",
                )
                yield self.finding(where, sentence, hint)
            elif slash and provider == OWN and OWN not in names:
                sentence, hint = "has a member that is an ensemble.", "Members of a panel are models."
                yield self.finding(where, sentence, hint, level="warning")
            elif slash and provider not in names:
                sentence = f"names the provider {provider}, which is not configured."
                yield self.finding(where, sentence, "Configure it, or remove the name.", level="warning")

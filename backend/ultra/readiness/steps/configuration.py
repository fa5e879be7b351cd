"""The configuration is judged clean by `ultra check`."""

import json

from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect

_PRIVATE = "U033"


class Configuration(Step):
    """Runs `ultra check` where the server is; what a rehearsal cannot avoid is told."""

    name = "check"
    title = "`ultra check` finds no error, and tells of the private providers"
    advice = "Run `ultra check --environment production`: it names each problem and what to do."
    needs = frozenset({Need.COMMANDS})

    async def check(self, stage: Stage) -> str:
        """Judge what is served, without and with connecting."""
        counted = []
        for words in (("check", "--json"), ("check", "--json", "--connect")):
            finished = await stage.tools.command(*words)
            expect(finished.out.strip(), f"`ultra {' '.join(words)}` printed nothing: {finished.err.strip()[-200:]}")
            findings = json.loads(finished.out)["findings"]
            errors = [f"{each['id']} {each['setting']}: {each['sentence']}" for each in findings if _is_grave(each)]
            expect(not errors and finished.code == 0, f"Exit code {finished.code}. {' '.join(errors)[:400]}")
            counted.append({each["id"] for each in findings})
        told = set.union(*counted)
        expect(_PRIVATE in told, f"That providers are on loopback, marked as private, is not told ({_PRIVATE}).")
        return f"No error; told of {', '.join(sorted(told))}."


def _is_grave(finding: dict[str, str]) -> bool:
    return finding["level"] == "error"

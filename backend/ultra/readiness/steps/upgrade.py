"""A database of the previous revision is brought up and served."""

import json
import re

from ultra.readiness.asking import Line
from ultra.readiness.people import Person
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, NotRun, Step, expect
from ultra.readiness.steps._commands import done


class Upgrade(Step):
    """Goes one revision back in a database of its own, and forward again."""

    name = "upgrade"
    title = "A database of the previous revision is upgraded and served"
    advice = "Run `ultra db status` and `ultra db upgrade` on a restored copy before upgrading the real one."
    needs = frozenset({Need.COMMANDS})
    patience_s = 170.0

    async def check(self, stage: Stage) -> str:
        """Make it, take one revision back, upgrade, serve, sign in."""
        name = stage.system.new_id("previous")
        await stage.tools.new_database(name)
        revisions = _applied(await done(stage, "db", "upgrade", database=name))
        if len(revisions) < 2:
            raise NotRun("There is only one revision: nothing to upgrade from.")
        newest, previous = revisions[-1], revisions[-2]
        await done(stage, "db", "downgrade", "--to", previous, database=name)
        before = json.loads(await done(stage, "db", "status", "--json", database=name))
        expect(before["revision"] == previous, f"One revision back it is at {before['revision']}.")
        expect(before["pending"] == [newest], f"One revision back {before['pending']} are pending.")
        again = _applied(await done(stage, "db", "upgrade", database=name))
        expect(again == [newest], f"The upgrade applied {again} instead of {newest}.")
        user, password = stage.system.new_id("upgraded"), stage.system.token()
        stage.made[f"password of {user}"] = password
        created = await stage.tools.command(
            "users", "create", user, "--admin", "--password-stdin", database=name, said=password
        )
        expect(created.code == 0, f"No user can be made after the upgrade: {created.err[-300:]}")
        async with stage.tools.beside(name) as address:
            line = Line(address, stage.system, known=stage.line.known, leaks=stage.line.leaks)
            (await (await Person(line, "", user, password).sign_in()).client.get("/api/users")).expect(200)
        return f"From {previous} to {newest}, then served."


def _applied(said: str) -> list[str]:
    """Return the revisions that `ultra db upgrade` has named, oldest first."""
    return re.findall(r"\br\d{4}\w*", said)

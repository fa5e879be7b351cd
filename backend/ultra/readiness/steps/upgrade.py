"""A database of the previous revision is brought up and served."""

import json
import secrets
from typing import Any

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
        name = f"previous_{secrets.token_hex(4)}"
        await stage.tools.new_database(name)
        revisions = (await _status(stage, name))["pending"]
        if len(revisions) < 2:
            raise NotRun("There is only one revision: nothing to upgrade from.")
        await done(stage, "db", "upgrade", database=name)
        await done(stage, "db", "downgrade", "--to", revisions[-2], database=name)
        before = await _status(stage, name)
        expect(before["revision"] == revisions[-2], f"One back it is at {before['revision']}.")
        expect(before["pending"] == revisions[-1:], f"One back {before['pending']} are pending.")
        await done(stage, "db", "upgrade", database=name)
        after = await _status(stage, name)
        expect((after["revision"], after["pending"]) == (revisions[-1], []), "After the upgrade something is pending.")
        user, password = f"upgraded-{secrets.token_hex(3)}", secrets.token_urlsafe(24)
        stage.made[f"password of {user}"] = password
        created = await stage.tools.command(
            "users", "create", user, "--admin", "--password-stdin", database=name, said=password
        )
        expect(created.code == 0, f"No user can be made after the upgrade: {created.err[-300:]}")
        async with stage.tools.beside(name) as address:
            line = Line(address, known=stage.line.known, leaks=stage.line.leaks)
            (await (await Person(line, "", user, password).sign_in()).client.get("/api/users")).expect(200)
        return f"From {revisions[-2]} to {revisions[-1]}, then served."


async def _status(stage: Stage, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await done(stage, "db", "status", "--json", database=name))
    return found

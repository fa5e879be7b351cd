"""What was saved can be served again."""

from ultra.readiness.asking import Client, Line, bearer
from ultra.readiness.people import Person
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect
from ultra.readiness.steps._commands import done


class Backup(Step):
    """Makes a backup while the server serves, restores it into an empty database, and serves that."""

    name = "backup"
    title = "A backup, restored, is served: accounts, keys and runs are there"
    advice = "Run `ultra db backup` and `ultra db restore` by hand and read what they say; keep backups elsewhere."
    needs = frozenset({Need.ADMIN, Need.MODELS, Need.COMMANDS})
    patience_s = 170.0

    async def check(self, stage: Stage) -> str:
        """Leave traces, save, restore, and look for them over HTTP."""
        person = await stage.person()
        key, gone = await person.key(), await person.key()
        (await person.client.ask("DELETE", f"/api/keys/{gone['id']}")).expect(204)
        stage.made |= {f"keys of {person.name}": key["key"], f"revoked key of {person.name}": gone["key"]}
        asked = {"prompt": "What is 6 times 7?", "models": [stage.models[0]], "deadline_s": 60}
        run = (await person.client.post("/api/analyze", asked)).expect(200).json
        name = stage.system.new_id("restored")
        file = f"{name}.backup"
        await done(stage, "db", "backup", file)
        await stage.tools.new_database(name)
        await done(stage, "db", "restore", file, "--keep-keys", database=name)
        async with stage.tools.beside(name) as address:
            line = Line(address, stage.system, known=stage.line.known, leaks=stage.line.leaks)
            twin = await Person(line, person.id, person.name, person.password).sign_in()
            found = (await twin.client.get(f"/api/analyses/{run['id']}")).expect(200).json
            expect(found["text"] == run["text"], "The restored run has another text.")
            (await Client(line, [bearer(key["key"])]).get("/v1/models")).expect(200)
            (await Client(line, [bearer(gone["key"])]).get("/v1/models")).refused(401)
        audited = await done(stage, "audit", "verify", database=name)
        return f"Restored and served; revoked keys stay revoked. {' '.join(audited.split())[:100]}"

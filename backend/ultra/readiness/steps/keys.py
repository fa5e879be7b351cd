"""API keys do what they are for, and nothing once they are revoked."""

from ultra.readiness.asking import Client, bearer
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect
from ultra.readiness.steps._everywhere import everywhere


class Keys(Step):
    """Makes keys, uses them, and takes them away."""

    name = "keys"
    title = "API keys keep to their scopes and end at once when revoked"
    advice = "All workers must share ULTRA_KEY_PEPPER and one database; nothing may cache replies in between."
    needs = frozenset({Need.ADMIN})

    async def check(self, stage: Stage) -> str:
        """Make a narrow key, overstep, revoke."""
        person = await stage.person()
        made = await person.key(scopes=["models:read"])
        text = made["key"]
        stage.made[f"key of {person.name}"] = text
        listed = (await person.client.get("/api/keys")).expect(200)
        expect(text not in listed.text, "The list of keys shows the text of a key.")
        holder = Client(stage.line, [bearer(text)])
        other = Client(stage.line, [("x-api-key", text)])
        await everywhere(lambda: holder.get("/v1/models"), 200, "A live key")
        for client in (holder, other):
            asked = {"model": "nobody/nothing", "messages": [{"role": "user", "content": "Hello"}]}
            (await client.post("/v1/chat/completions", asked)).refused(403)
            (await client.post("/api/keys", {"name": "more"})).refused(403)
        in_the_address = stage.stranger()
        (await in_the_address.get(f"/v1/models?api_key={text}")).refused(400)
        (await person.client.ask("DELETE", f"/api/keys/{made['id']}")).expect(204)
        await everywhere(lambda: holder.get("/v1/models"), 401, "A revoked key")
        return "A key limited to reading models does just that; revoked, it is refused on every worker."

"""Everybody may do what their role allows, and sees what is theirs."""

from ultra.readiness.asking import Client
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect

_QUESTION = {"model": "nobody/nothing", "messages": [{"role": "user", "content": "Hello"}]}


class Roles(Step):
    """Lets each role try what is beyond it."""

    name = "roles"
    title = "Roles are kept, and a change of role counts at once"
    advice = "Look for a proxy that adds credentials or answers from a cache."
    needs = frozenset({Need.ADMIN})

    async def check(self, stage: Stage) -> str:
        """Overstep as a stranger, a viewer, a member and an operator."""
        admin = await stage.admin()
        viewer, member = await stage.person("viewer"), await stage.person()
        operator = await stage.person("operator")
        for path in ("/api/users", "/api/keys", "/api/analyses", "/v1/models", "/api/health"):
            (await stage.stranger().get(path)).refused(401)
        await _is_refused(viewer.client, ("POST", "/v1/chat/completions", _QUESTION), ("POST", "/api/keys", {}))
        for person in (viewer, member, operator):
            await _is_refused(person.client, ("GET", "/api/users", None), ("GET", "/api/audit", None))
            await _is_refused(person.client, ("PATCH", f"/api/users/{person.id}", {"role": "admin"}))
        (await admin.client.get("/api/audit?limit=1")).expect(200)
        mine = (await member.key())["id"]
        (await operator.client.get(f"/api/keys/{mine}")).refused(404)
        (await operator.client.ask("DELETE", f"/api/keys/{mine}")).refused(404)
        (await admin.client.ask("PATCH", f"/api/users/{member.id}", json={"role": "viewer"})).expect(200)
        await _is_refused(member.client, *[("POST", "/v1/chat/completions", _QUESTION)] * 6)
        (await admin.client.ask("PATCH", f"/api/users/{viewer.id}", json={"disabled": True})).expect(200)
        for _ in range(6):
            (await viewer.client.get("/api/auth/me")).refused(401)
        return "Strangers, viewers, members and operators are each stopped where they should be."


async def _is_refused(client: Client, *requests: tuple[str, str, object]) -> None:
    for method, path, body in requests:
        reply = await client.ask(method, path, json=body)
        expect(reply.status == 403, f"{reply.asked} answered {reply.status} instead of 403 to somebody who may not.")
        reply.refused(403)

"""Programs get tokens, renew them, and give them back."""

from ultra.readiness.asking import Client, bearer
from ultra.readiness.people import Person
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect
from ultra.readiness.steps._everywhere import everywhere

_ME = "/api/auth/me"


class Tokens(Step):
    """Follows a family of tokens from its beginning to its end."""

    name = "tokens"
    title = "Tokens are given, renewed and revoked, on every worker at once"
    advice = "All workers must share ULTRA_SIGNING_KEYS and one database."
    needs = frozenset({Need.ADMIN})

    async def check(self, stage: Stage) -> str:
        """Sign in, renew, revoke."""
        person = await stage.person("viewer")
        given = (await person.tokens()).expect(200)
        expect(not given.all("set-cookie"), "Asking for tokens sets a cookie.")
        kind = given.json["token_type"]
        expect(kind == "Bearer", f"The tokens are of the type {kind}.")
        expect(0 < given.json["expires_in"] <= 900, f"An access token lasts {given.json['expires_in']} s.")
        (await person.tokens(f"{person.password}x")).refused(401)
        fresh = await _renewed(person, given.json["refresh_token"])
        stage.made |= {f"renewed {name} of {person.name}": fresh[name] for name in ("access_token", "refresh_token")}
        holder = Client(stage.line, [bearer(fresh["access_token"])])
        await everywhere(lambda: holder.get(_ME), 200, "A fresh token")
        plain = stage.stranger()
        (await plain.post("/api/auth/revoke", {"refresh_token": fresh["refresh_token"]})).expect(204)
        await everywhere(lambda: holder.get(_ME), 401, "A revoked token")
        (await plain.post("/api/auth/refresh", {"refresh_token": fresh["refresh_token"]})).refused(401)
        for wrong in _badly_signed(person.access, fresh["access_token"]):
            (await Client(stage.line, [bearer(wrong)]).get(_ME)).refused(401)
        return "Renewed once, refused on every worker once revoked."


async def _renewed(person: Person, refresh: str) -> dict[str, str]:
    fresh: dict[str, str] = (
        (await Client(person.line).post("/api/auth/refresh", {"refresh_token": refresh})).expect(200).json
    )
    expect(fresh["refresh_token"] != refresh, "A refresh token is good for more than one renewal.")
    return fresh


def _badly_signed(text: str, other: str) -> tuple[str, ...]:
    """Return a token without its signature, with one that is off by a letter, and with another token's."""
    claims, _, signature = text.rpartition(".")
    off = "B" if signature[0] == "A" else "A"
    return f"{claims}.", f"{claims}.{off}{signature[1:]}", f"{claims}.{other.rpartition('.')[2]}"

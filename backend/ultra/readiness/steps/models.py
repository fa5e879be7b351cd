"""Who can be asked, and why others cannot."""

from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect


class Models(Step):
    """Reads both lists of models."""

    name = "models"
    title = "Available models are listed, and no mock is among them unnoticed"
    advice = "Read `reason` of the providers at /api/available-models: a key, an address or a certificate is wrong."
    needs = frozenset({Need.ADMIN})

    async def check(self, stage: Stage) -> str:
        """Compare the list for people with OpenAI's, and look at what each model says."""
        client = (await stage.person("viewer")).client

        async def read() -> bool:
            found = (await client.get("/api/available-models")).expect(200).json["providers"]
            return all(each["checked_at"] for each in found)

        await stage.until(read, 60, "every provider's list of models was read")
        listed = (await client.get("/api/available-models")).expect(200).json
        expect(listed["environment"] == "production", f"The list is of {listed['environment']}.")
        expect(not listed["mock"], "A mock of Ultra's own is among the models: ULTRA_MOCK_SERVERS is on.")
        usable = [each["id"] for each in listed["models"] if each["usable"]]
        expect(usable, f"No model is usable: {_reasons(listed)}.")
        expect(all(each["availability"]["reason"] for each in listed["models"] if not each["usable"]), _SILENT)
        theirs = (await client.get("/v1/models")).expect(200).json
        expect({each["id"] for each in theirs["data"]} == {each["id"] for each in listed["models"]}, _DIFFER)
        working = sorted(each["id"] for each in listed["providers"] if each["state"] == "available")
        return f"{len(usable)} models are usable, at {', '.join(working)}."


_SILENT = "A model is not usable and nothing says why."
_DIFFER = "/v1/models and /api/available-models list different models."


def _reasons(listed: dict[str, list[dict[str, str]]]) -> str:
    return "; ".join(f"{each['id']}: {each['reason']}" for each in listed["providers"]) or "there is no provider"

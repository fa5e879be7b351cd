"""What steps about real providers share: whom to ask, and that every call is paid from the purse."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from ultra.readiness.asking import Client
from ultra.readiness.offers import Offer, cheapest
from ultra.readiness.purse import Bill, Purse
from ultra.readiness.replies import Reply
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, NotRun, Step, Unmet

CHAT = "/v1/chat/completions"
_STAND_INS = frozenset({"acme"})
"""In a rehearsal this one is always a mock."""


class LiveStep(Step):
    """Asks the cheapest usable model of every real provider the same; one that fails keeps no other from it."""

    needs = frozenset({Need.ADMIN, Need.LIVE})
    turn = 80
    patience_s = 300.0

    @abstractmethod
    def question(self, model: str) -> dict[str, Any]:
        """Return what is asked; `max_tokens` bounds what it may cost."""

    @abstractmethod
    def judge(self, reply: Reply) -> str:
        """Say what was seen in a few words; raises `Unmet`."""

    def fits(self, offer: Offer) -> bool:
        """Whether that model can be expected to do it."""
        del offer
        return True

    async def check(self, stage: Stage) -> str:
        """Ask each of them; what the purse no longer covers makes the whole step not run."""
        if stage.purse is None:
            raise NotRun(Need.LIVE.sentence)
        client = (await stage.person()).client
        said, failed, left = [], [], []
        for offer in await self._chosen(client, stage):
            try:
                said.append(f"{offer.model}: {await self._ask(client, stage.purse, offer)}")
            except Unmet as error:
                failed.append(f"{offer.model}: {error}")
            except NotRun as error:
                left.append(f"{offer.model}: {error}")
        if failed:
            raise Unmet(" ".join(failed))
        if left:
            raise NotRun(" ".join([*left, *said]))
        return "; ".join(said)

    async def _ask(self, client: Client, purse: Purse, offer: Offer) -> str:
        asked = self.question(offer.model)
        with purse.paying(offer.most(asked)) as bill:
            reply = await client.post(CHAT, asked, patience=120)
            await _count(client, reply, bill)
        return self.judge(reply)

    async def _chosen(self, client: Client, stage: Stage) -> list[Offer]:
        """Return the cheapest model that fits of each real provider."""
        stand_ins = {*stage.vendors, *_STAND_INS} if stage.kind == "rehearsal" else set()
        offers = [offer for offer in await cheapest(client) if offer.provider not in stand_ins]
        if not offers:
            raise NotRun("No model of a real provider is usable: give its key, or read why at /api/available-models.")
        chosen: dict[str, Offer] = {}
        for offer in offers:
            if self.fits(offer):
                chosen.setdefault(offer.provider, offer)
        if not chosen:
            raise NotRun("No usable model of a real provider is known to be able to do that.")
        return list(chosen.values())


async def _count(client: Client, reply: Reply, bill: Bill) -> None:
    """Read what the request has cost, wherever it is told; a request that was refused has cost nothing."""
    bill.read(reply.get("x-ultra-cost-usd"))
    if bill.cost is None:
        found = await client.get(f"/api/requests/{reply.get('x-request-id')}")
        record: Mapping[str, Any] = found.json if found.status == 200 else {}
        bill.read(record.get("cost_usd") or ("0" if 400 <= reply.status < 500 else None))


def words(model: str, sentence: str, **more: Any) -> dict[str, Any]:
    """Return a request of one short sentence."""
    return {"model": model, "messages": [{"role": "user", "content": sentence}], "max_tokens": 64, **more}

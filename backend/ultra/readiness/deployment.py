"""A deployment as a stage: what can be tried from outside, with what somebody has given us."""

from pathlib import Path
from urllib.parse import urlsplit

from ultra.readiness.asking import Line
from ultra.readiness.offers import cheapest
from ultra.readiness.purse import Purse
from ultra.readiness.stage import Administrator, Stage
from ultra.system import System

_MODELS = 3


async def visit(
    url: str,
    *,
    origin: str | None,
    ca_file: Path | None,
    administrator: Administrator | None,
    purse: Purse | None,
    system: System,
) -> Stage:
    """Return the stage; models are only there to be asked where a purse pays for them."""
    parts = urlsplit(url)
    known = {} if administrator is None else {"the administrator's password": administrator.password}
    stage = Stage(
        line=Line(url, system, ca_file=ca_file, known=known),
        origin=origin or f"{parts.scheme}://{parts.netloc}",
        administrator=administrator,
        purse=purse,
    )
    if purse is not None and administrator is not None:
        offers = await cheapest((await stage.admin()).client)
        stage.prices = {offer.model: offer for offer in offers[:_MODELS]}
        stage.models = tuple(stage.prices)
    return stage

"""Nobody begins anything with a process that is about to end."""

import pytest
from starlette.responses import PlainTextResponse

from tests.fakes.asgi import Exchange
from ultra.domain.errors import Unavailable
from ultra.gate.threshold import Threshold


async def test_work_is_begun_until_the_door_is_closed() -> None:
    """Before, nothing is noticed of it; after, nobody comes in and is told when to ask again."""
    closed: list[bool] = []
    gate = Threshold(PlainTextResponse("done"), is_closed=lambda _: bool(closed))
    assert (await Exchange()(gate)).status == 200
    closed.append(True)
    with pytest.raises(Unavailable) as refused:
        await Exchange()(gate)
    assert (refused.value.code, refused.value.retry_after) == ("shutting_down", 1.0)

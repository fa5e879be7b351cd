"""OpenAI's model list."""

from datetime import UTC, datetime

from ultra.domain.models import Lifecycle, ListedModel
from ultra.protocols.openai_chat import model, models


def test_five_fields_a_model() -> None:
    """Known dates are told as the wire has them; an unknown creation is 0, for clients need an integer."""
    at = datetime(2026, 1, 2, tzinfo=UTC)
    known = ListedModel("gpt", created=at, lifecycle=Lifecycle(retires_at=at))
    assert models([known, ListedModel("b")], extra={"ultra": 1}) == {
        "object": "list",
        "data": [
            {
                "id": "gpt",
                "object": "model",
                "created": 1767312000,
                "owned_by": "openai",
                "shutdown_date": "2026-01-02",
            },
            {"id": "b", "object": "model", "created": 0, "owned_by": "openai", "shutdown_date": None},
        ],
        "ultra": 1,
    }
    assert model(known, owned_by="x", extra={"ultra": {}})["owned_by"] == "x"

"""Anthropic's list of models."""

import json

from tests.fakes.raw_server import answer
from ultra.domain.models import Capabilities
from ultra.providers import Anthropic


async def test_lists_models_page_by_page(make, server):
    """Pages are followed by their last id, and a list that never ends is left."""
    entry = {
        "type": "model",
        "id": "claude-x",
        "display_name": "Claude X",
        "created_at": "2026-10-05T00:00:00Z",
        "lifecycle": "deprecated",
        "deprecated_at": "2026-11-01T00:00:00Z",
        "retires_at": None,
        "max_input_tokens": 1000,
        "max_tokens": 200,
        "capabilities": {
            "effort": {"supported": True, "low": {"supported": True}, "max": {"supported": False}},
            "thinking": {
                "supported": True,
                "types": {"adaptive": {"supported": True}, "disabled": {"supported": False}},
            },
            "structured_outputs": {"supported": True},
        },
    }
    first = {"data": [entry], "has_more": True, "first_id": "claude-x", "last_id": "claude x"}
    second = {"data": [{"id": "claude-y"}], "has_more": True, "last_id": "claude x"}
    for page in (first, second):
        server.plan(answer(200, json.dumps(page).encode()))
    x, y = await make(Anthropic).list_models()
    assert [head.split(" ")[1] for head, _ in server.requests] == [
        "/v1/models?limit=1000",
        "/v1/models?limit=1000&after_id=claude%20x",
    ]
    assert "anthropic-version: 2026-10-21" in server.requests[0][0]
    assert (x.name, x.display_name, x.limits.max_input_tokens, x.limits.max_output_tokens) == (
        "claude-x",
        "Claude X",
        1000,
        200,
    )
    assert (x.lifecycle.status, x.lifecycle.deprecated_at.isoformat()) == ("deprecated", "2026-11-01T00:00:00+00:00")
    assert (x.capabilities.reasoning_efforts, x.capabilities.reasoning_can_disable) == (("low",), False)
    assert dict(x.capabilities.parameters) == {"thinking.adaptive": True, "thinking.disabled": False}
    assert (y.name, y.created, y.capabilities) == ("claude-y", None, Capabilities())

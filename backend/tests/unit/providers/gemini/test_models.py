"""Gemini's list of models."""

import json

from tests.fakes.raw_server import answer
from ultra.providers import Gemini


async def test_lists_models_that_answer_page_by_page(make, server):
    """Pages are followed by their token; models that only embed are left out."""
    first = {
        "models": [
            {
                "name": "models/gemini-x",
                "displayName": "Gemini X",
                "inputTokenLimit": 1000,
                "outputTokenLimit": 200,
                "supportedGenerationMethods": ["generateContent"],
                "thinking": True,
            },
            {"name": "models/embed", "supportedGenerationMethods": ["embedContent"]},
        ],
        "nextPageToken": "t/2",
    }
    server.plan(answer(200, json.dumps(first).encode()))
    server.plan(answer(200, b'{"models":[{"name":"models/gemini-y"}]}'))
    x, y = await make(Gemini).list_models()
    assert [head.split(" ")[1] for head, _ in server.requests] == [
        "/v1/models?pageSize=1000",
        "/v1/models?pageSize=1000&pageToken=t%2F2",
    ]
    assert (x.name, x.display_name, x.limits.max_input_tokens, x.limits.max_output_tokens) == (
        "gemini-x",
        "Gemini X",
        1000,
        200,
    )
    assert (x.capabilities.reasoning, y.name, y.capabilities.reasoning) == (True, "gemini-y", None)

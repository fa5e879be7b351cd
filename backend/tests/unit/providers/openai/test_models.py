"""OpenAI's list of models, and those of servers like it."""

import pytest

from ultra.domain.errors import (
    ProtocolViolated,
)
from ultra.providers import OpenAI


def test_lists_models_with_what_servers_add(pure):
    """The list is read with or without dates and limits, also as a bare array."""
    provider = pure(OpenAI)
    body = (
        b'{"object":"list","data":[{"id":"a","created":1791158400,"shutdown_date":"2027-01-31"},'
        b'{"id":"b","context_length":8192,"top_provider":{"max_completion_tokens":100}},{"noise":1}]}'
    )
    (first, second), cursor = provider.decode_models(body)
    assert cursor is None
    assert (first.name, first.created.isoformat()) == ("a", "2026-10-05T00:00:00+00:00")
    assert first.lifecycle.retires_at.isoformat() == "2027-01-31T00:00:00+00:00"
    assert (second.created, second.limits.context_tokens, second.limits.max_output_tokens) == (None, 8192, 100)
    assert provider.decode_models(b'[{"id":"a"}]')[0][0].name == "a"
    with pytest.raises(ProtocolViolated):
        provider.decode_models(b"<html>")

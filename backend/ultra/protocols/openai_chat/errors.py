"""OpenAI's error object."""

from typing import Any

from ultra.domain.errors import UltraError
from ultra.protocols.failures import Reply, code, failure, headers, sentence


def error(err: UltraError, *, request_id: str | None, status: int | None = None) -> Reply:
    """Return an error before the first byte. `status` replaces the table's, for a server that imitates the vendor."""
    return Reply(status or failure(err).status, headers(err, request_id=request_id), {"error": detail(err)})


def detail(err: UltraError) -> dict[str, Any]:
    """Return the object under `error`, in an answer as in a stream."""
    return {"message": sentence(err), "type": failure(err).openai_type, "param": err.param, "code": code(err)}

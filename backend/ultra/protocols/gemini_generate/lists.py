"""Gemini's model list, with its paging."""

from collections.abc import Mapping, Sequence
from typing import Any

from ultra.domain.errors import InvalidRequest
from ultra.domain.models import ListedModel

_METHODS = ("generateContent", "countTokens")
_LARGEST_PAGE = 1000


def model(listed: ListedModel, *, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return one model; fields nobody knows are left out, as Google does."""
    known: dict[str, Any] = {
        "name": f"models/{listed.name}",
        "version": "001",
        "displayName": listed.display_name or listed.name,
        "inputTokenLimit": listed.limits.max_input_tokens or listed.limits.context_tokens,
        "outputTokenLimit": listed.limits.max_output_tokens,
        "supportedGenerationMethods": list(_METHODS),
        "thinking": listed.capabilities.reasoning,
    }
    return {name: value for name, value in known.items() if value is not None} | dict(extra or {})


def models(
    listed: Sequence[ListedModel],
    *,
    page_size: int = 50,
    page_token: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return one page in the order given, and `nextPageToken` while there is more.

    `page_size` of 0 is the default and larger ones than 1000 count as 1000, as Google has it.
    """
    if page_size < 0:
        raise InvalidRequest("pageSize is negative.", param="pageSize", hint="Send 1 to 1000.")
    start = _start(page_token, len(listed)) if page_token else 0
    stop = start + min(page_size or 50, _LARGEST_PAGE)
    page: dict[str, Any] = {"models": [model(each) for each in listed[start:stop]]}
    if stop < len(listed):
        page["nextPageToken"] = str(stop)
    return page | dict(extra or {})


def _start(token: str, count: int) -> int:
    if not (token.isascii() and token.isdigit() and len(token) < 10 and int(token) < count):
        raise InvalidRequest(
            "pageToken is not one that was given out.", param="pageToken", hint="Send nextPageToken as it came."
        )
    return int(token)

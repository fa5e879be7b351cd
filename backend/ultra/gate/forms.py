"""A page's form as a browser sends it: names and texts, each once, and not too many of them."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from ultra.domain.errors import InvalidRequest

_MOST_FIELDS = 100


def read_form(body: bytes) -> Mapping[str, str]:
    """Return the fields of an `application/x-www-form-urlencoded` body; raises `InvalidRequest`."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise InvalidRequest("The form cannot be read.", code="invalid_form") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise InvalidRequest("A field of the form stands twice.", code="invalid_form")
    return fields

"""Bytes inside JSON: base64 and `data:` URLs, read strictly, and written back."""

import base64
import binascii

from ultra.domain.errors import InvalidRequest


def from_base64(text: str, *, param: str) -> bytes:
    """Return the bytes of standard, padded base64; anything else raises `InvalidRequest`."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise InvalidRequest(
            f"{param} is not base64.",
            param=param,
            hint="Send the bytes in standard base64 with padding, without line breaks.",
        )
    return data


def from_data_url(url: str, *, param: str) -> tuple[str, bytes]:
    """Return media type and bytes of a base64 `data:` URL (RFC 2397); anything else raises `InvalidRequest`."""
    head, comma, body = url.partition(",")
    media_type, *options = head[len("data:") :].split(";")
    is_base64 = bool(options) and options[-1].strip().lower() == "base64"
    if not comma or not url[:5].lower() == "data:" or not is_base64 or "/" not in media_type:
        raise InvalidRequest(
            f"{param} is not a base64 data: URL with a media type.",
            param=param,
            hint="Send data:<media type>;base64,<bytes>, for example data:image/png;base64,iVBORw0K...",
        )
    return media_type.strip().lower(), from_base64(body, param=param)

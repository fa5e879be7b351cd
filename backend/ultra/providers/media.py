"""Pictures, documents and sound by value, in the forms the wires want. Ultra never fetches what a URL names."""

import base64
import binascii
from dataclasses import replace

from ultra.domain.chat import Audio, File, Image
from ultra.domain.errors import InvalidRequest


def inline(image: Image) -> Image:
    """Return a picture with its bytes where it has them, also those of a `data:` URL; others come back as they are."""
    if image.data is not None or image.url is None or not image.url.startswith("data:"):
        return image
    head, comma, encoded = image.url.removeprefix("data:").partition(",")
    if not comma or not head.endswith(";base64"):
        raise InvalidRequest("A data: URL of an image must be base64.", param="messages")
    try:
        data = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise InvalidRequest("The base64 of an image is not valid.", param="messages") from None
    return replace(image, data=data, media_type=image.media_type or head.removesuffix(";base64"), url=None)


def base64_of(part: Image | File) -> tuple[str, str]:
    """Return media type and base64 text; raises `InvalidRequest` when the bytes or their type are missing."""
    if part.data is None or not part.media_type:
        raise InvalidRequest("An image or a file needs its bytes and its media type.", param="messages")
    return part.media_type, base64.b64encode(part.data).decode()


def data_url(part: Image | File) -> str:
    """Return bytes as a `data:` URL."""
    media_type, encoded = base64_of(part)
    return f"data:{media_type};base64,{encoded}"


def encoded_audio(audio: Audio) -> str:
    """Return sound as base64 text."""
    return base64.b64encode(audio.data).decode()

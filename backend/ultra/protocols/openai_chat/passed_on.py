"""Fields that Ultra passes on as they are: what OpenAI has words for must be of OpenAI's type."""

from collections.abc import Mapping
from typing import Any

from ultra.protocols.fields import Fields

_FLAGS = ("logprobs", "store")
_TEXTS = ("prompt_cache_key", "prompt_cache_retention", "service_tier", "verbosity")
_OBJECTS = ("audio", "prediction", "web_search_options")
_MOST_LOGPROBS = 20
_MOST_BIAS = 100


def judge_types(left: Mapping[str, Any]) -> None:
    """Raise `InvalidRequest` for a known field of another type; a field that nobody knows passes, whatever it is."""
    fields = Fields(left)
    for name in _FLAGS:
        fields.flag(name)
    for name in _TEXTS:
        fields.text(name)
    for name in _OBJECTS:
        fields.object(name)
    fields.integer("top_logprobs", 0, _MOST_LOGPROBS)
    fields.texts("modalities")
    biases = fields.object("logit_bias")
    if biases is not None:
        for token in biases.raw:
            biases.number(token, -_MOST_BIAS, _MOST_BIAS)
    metadata = fields.object("metadata")
    if metadata is not None:
        for name in metadata.raw:
            metadata.text(name)

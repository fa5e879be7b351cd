"""Which models a caller may ask: all of them, or those that a key names."""

from collections.abc import Sequence

from ultra.domain.errors import NotFound
from ultra.domain.identity import Principal
from ultra.domain.models import Model


def may_ask(principal: Principal, name: str, candidates: Sequence[Model]) -> bool:
    """Whether a caller may ask for `name`, which stands for `candidates`: by that name, or because each is allowed."""
    allowed = principal.models
    return allowed is None or name in allowed or all(model.id in allowed for model in candidates)


def refuse_others(principal: Principal, name: str, candidates: Sequence[Model]) -> None:
    """Raise `NotFound` for a model out of reach, in the words for one that does not exist."""
    if not may_ask(principal, name, candidates):
        raise NotFound(
            f"There is no model {name!r}.", param="model", code="model_not_found", hint="See GET /v1/models."
        )

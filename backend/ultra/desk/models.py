"""The models a caller may see, filtered as every entrance allows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ultra.desk.reach import may_ask
from ultra.domain.errors import InvalidRequest, NotFound
from ultra.domain.identity import Principal
from ultra.inventory import listing
from ultra.services import Services

Kind = Literal["upstream", "ensemble"]
INCLUDES = ("retired", "forbidden")
_PARAMETERS = ("available", "provider", "capability", "include", "kind")
_SEVERAL = ("capability", "include")
"""Parameters that take several words, separated by commas."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of models and its strong entity tag."""

    body: dict[str, Any]
    etag: str


def list_models(services: Services, principal: Principal, query: Mapping[str, str]) -> Listed:
    """Return the models within the caller's reach that the query wants; raises `InvalidRequest` for unknown words."""
    body = listing.envelope(
        [model for model in services.catalogue.models() if may_ask(principal, model.id, [model])],
        services.catalogue.providers(),
        environment=services.settings.environment,
        now=services.system.now(),
        wanted=_filter(query),
    )
    return Listed(body=body, etag=listing.etag(body))


def show_model(services: Services, principal: Principal, name: str) -> Listed:
    """Return one model by its id or alias; raises `NotFound`, which does not say whether it exists for others."""
    model = services.catalogue.get(name)
    if model is None or not may_ask(principal, name, [model]):
        raise NotFound(
            f"There is no model {name!r}.", param="model", code="model_not_found", hint="See GET /v1/models."
        )
    body = listing.item(model, environment=services.settings.environment)
    return Listed(body=body, etag=listing.etag(body))


def _filter(query: Mapping[str, str]) -> listing.Filter:
    _refuse_unknown(query)
    capabilities = tuple(word for word in query.get("capability", "").split(",") if word)
    include = {word for word in query.get("include", "").split(",") if word}
    kind: Kind | None = next((each for each in get_args(Kind) if each == query.get("kind")), None)
    return listing.Filter(
        available={"true": True, "false": False}.get(query.get("available", "")),
        provider=query.get("provider"),
        capabilities=capabilities,
        include_retired="retired" in include,
        kind=kind,
    )


def _refuse_unknown(query: Mapping[str, str]) -> None:
    allowed: dict[str, tuple[str, ...]] = {
        "available": ("true", "false"),
        "include": INCLUDES,
        "kind": get_args(Kind),
    }
    for name, value in query.items():
        if name not in _PARAMETERS:
            raise InvalidRequest(
                f"There is no parameter {name!r} here.", param=name, hint=f"Parameters: {', '.join(_PARAMETERS)}."
            )
        words = value.split(",") if name in _SEVERAL else [value]
        if name in allowed and not set(words) <= set(allowed[name]):
            raise InvalidRequest(f"{name} may be {', '.join(allowed[name])}.", param=name)
        if name == "capability" and not all(listing.is_capability(word) for word in words):
            raise InvalidRequest(
                "A capability is not known.", param=name, hint=f"Capabilities: {', '.join(listing.words())}."
            )

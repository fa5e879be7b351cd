"""Who reads an answer: a person in a browser, or a program."""

from starlette.types import Scope

_PROGRAMS = ("/api/", "/v1/", "/gemini/", "/health", "/metrics", "/openapi.json", "/static/")
"""Where addresses of programs begin; what they say does not depend on who asks."""
_PAGE = "text/html"
_JSON = frozenset({"application/json", "application/problem+json"})


def is_person(scope: Scope) -> bool:
    """Whether a request asks for a page: at an address of pages (or at none), naming HTML, and no JSON rather."""
    if scope["path"].startswith(_PROGRAMS):
        return False
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"accept"]
    wishes = [_wish(each) for line in lines for each in line.split(",")]
    page = max((weight for media, weight in wishes if media == _PAGE), default=0.0)
    return page > 0 and page >= max((weight for media, weight in wishes if media in _JSON), default=0.0)


def _wish(text: str) -> tuple[str, float]:
    """Read `media/type;q=0.5`; a weight that cannot be read is none."""
    media, *parameters = (part.strip().lower() for part in text.split(";"))
    for each in parameters:
        if each.startswith("q="):
            try:
                return media, float(each[2:])
            except ValueError:
                return media, 0.0
    return media, 1.0

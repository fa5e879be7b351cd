"""What a person reads when the gate does not let a request in, or something below it fails."""

from starlette.responses import HTMLResponse

from ultra.protocols.failures import Reply
from ultra.web.pages import page


def refusal(problem: Reply) -> HTMLResponse:
    """Return a problem document as a page: the same status, sentence, hint and request id."""
    told = problem.body
    return page(
        "refusal.html",
        status=problem.status,
        title=told["title"],
        detail=told["detail"],
        hint=told["hint"],
        request_id=told["request_id"],
    )

"""Keeps out what a page of another site makes a browser send."""

from starlette.types import Scope

from ultra.auth.approach import Approach
from ultra.auth.csrf import FIELD, SAFE_METHODS
from ultra.domain.errors import Forbidden, UnsupportedMedia
from ultra.domain.identity import Principal
from ultra.gate.forms import read_form
from ultra.gate.keepers import Keepers
from ultra.gate.need import Need
from ultra.gate.refusing import tell

_FOREIGN = frozenset({b"cross-site", b"same-site"})


async def refuse_other_sites(
    keepers: Keepers, need: Need, principal: Principal | None, approach: Approach, scope: Scope
) -> None:
    """Raise `Forbidden` or `UnsupportedMedia` for a request that is not ours, as its route's `need.csrf` says.

    A session's own reads are kept from other sites' pages too: Fetch Metadata tells them where it exists, and
    nothing else of theirs could read the answer.
    """
    try:
        if approach.method in SAFE_METHODS:
            if principal is not None:
                _refuse_foreign_reads(approach)
        elif need.csrf == "program":
            _refuse_foreign_pages(keepers, approach)
        elif principal is not None or need.csrf in ("sign_in", "sign_in_form"):
            form_token = read_form(await approach.body()).get(FIELD, "") if need.reads_form else None
            keepers.csrf.protect(approach, form_token=form_token)
    except (Forbidden, UnsupportedMedia) as error:
        await tell(keepers.refusals, "csrf_refused", cause=error.code, scope=scope, principal=principal)
        raise


def _refuse_foreign_reads(approach: Approach) -> None:
    """Let a page of another site link here (a navigation), but not fetch, embed or listen in somebody's name."""
    headers = dict(approach.headers)
    if headers.get(b"sec-fetch-site") in _FOREIGN and headers.get(b"sec-fetch-mode") != b"navigate":
        raise Forbidden("This request comes from a page of another site.", code="csrf")


def _refuse_foreign_pages(keepers: Keepers, approach: Approach) -> None:
    """Programs say nothing about sites; whoever does must be ours."""
    says_site = any(name in (b"origin", b"sec-fetch-site") for name, _ in approach.headers)
    if says_site and keepers.csrf.judge(approach) == "cross_site":
        raise Forbidden("This request comes from a page of another site.", code="csrf")

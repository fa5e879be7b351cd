"""What schemathesis is told about this server; it loads this file by its name, in a process of its own."""

import base64
import itertools
import json
import os
import urllib.request
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.specs.openapi import checks

_addresses = itertools.count()
_BY_PAGES = ("/api/auth/login", "/api/auth/link")
"""What only our own pages may ask."""
_WORDS = ("violin", "harbour", "lamp", "thicket", "marble", "otter", "quince", "saddle")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Let each request come from an address of its own, and what is for pages from a page."""
    del context, kwargs
    number = next(_addresses)
    case.headers["X-Forwarded-For"] = f"10.{number // 250 % 250}.{1 + number % 250}.9"
    if case.path in _BY_PAGES:
        case.headers.update(_as_a_page(case.headers["X-Forwarded-For"]))


@schemathesis.check
def gone_after_its_end(ctx: Any, response: Any, case: Any) -> bool | None:
    """Stand in for `use_after_free`, but for keys: an ended one can be looked at, says when, and opens nothing."""
    return None if case.path == "/api/keys/{key_id}" else checks.use_after_free(ctx, response, case)


@schemathesis.check
def kept_from_others(ctx: Any, response: Any, case: Any) -> bool | None:
    """Stand in for `object_level_authorization`, but for users: all administrators see all of them."""
    is_user = case.path.startswith("/api/users/")
    return None if is_user else checks.object_level_authorization(ctx, response, case)


def _as_a_page(address: str) -> dict[str, str]:
    """Return what a page of this server sends along: its token, and the cookie that it is bound to."""
    request = urllib.request.Request(
        f"{os.environ['TESTS_TARGET']}/api/auth/csrf", headers={"X-Forwarded-For": address}
    )
    with urllib.request.urlopen(request) as answer:
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        token = json.loads(answer.read())["csrf_token"]
    return {"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": token, "Cookie": cookie}


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(f"2026-01-01T00:00:00+00:00 run_{number}".encode()).decode()


schemathesis.openapi.format("cursor", st.integers(0, 999).map(_cursor))
schemathesis.openapi.format("flow", st.sampled_from(("route", "compare", "vote", "adaptive", "council", "full")))
schemathesis.openapi.format("network", st.sampled_from(("10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::1/128")))
schemathesis.openapi.format(
    "password", st.lists(st.sampled_from(_WORDS), min_size=4, max_size=6, unique=True).map(" ".join)
)

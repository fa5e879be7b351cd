"""Who may do what, written down apart from the server: every operation with its permission, and who has it."""

from collections.abc import Mapping

PUBLIC = None

OPERATIONS: Mapping[tuple[str, str], str | None] = {
    ("GET", "/health"): PUBLIC,
    ("GET", "/health/live"): PUBLIC,
    ("GET", "/health/ready"): PUBLIC,
    ("GET", "/api/auth/csrf"): PUBLIC,
    ("POST", "/api/auth/login"): PUBLIC,
    ("POST", "/api/auth/link"): PUBLIC,
    ("POST", "/api/auth/reset"): PUBLIC,
    ("POST", "/api/auth/token"): PUBLIC,
    ("POST", "/api/auth/refresh"): PUBLIC,
    ("POST", "/api/auth/revoke"): PUBLIC,
    ("POST", "/api/auth/logout"): "self:read",
    ("GET", "/api/auth/me"): "self:read",
    ("GET", "/api/auth/sessions"): "sessions:read",
    ("DELETE", "/api/auth/sessions"): "sessions:write",
    ("DELETE", "/api/auth/sessions/{session_id}"): "sessions:write",
    ("POST", "/api/auth/password"): "password:change",
    ("GET", "/api/keys"): "keys:read",
    ("POST", "/api/keys"): "keys:write",
    ("GET", "/api/keys/{key_id}"): "keys:read",
    ("DELETE", "/api/keys/{key_id}"): "keys:write",
    ("POST", "/api/keys/{key_id}/rotate"): "keys:write",
    ("GET", "/api/users"): "users:read",
    ("POST", "/api/users"): "users:write",
    ("GET", "/api/users/{user_id}"): "users:read",
    ("PATCH", "/api/users/{user_id}"): "users:write",
    ("DELETE", "/api/users/{user_id}"): "users:write",
    ("POST", "/api/users/{user_id}/reset"): "users:write",
    ("GET", "/api/audit"): "audit:read",
    ("GET", "/api/usage"): "usage:read",
    ("GET", "/api/requests/{request_id}"): "requests:read",
    ("GET", "/api/me/data"): "data:export",
    ("DELETE", "/api/me/data"): "data:erase",
    ("POST", "/api/analyze"): "runs:create",
    ("GET", "/api/analyses"): "runs:read",
    ("GET", "/api/analyses/{run_id}"): "runs:read",
    ("DELETE", "/api/analyses/{run_id}"): "runs:delete",
    ("POST", "/api/analyses/{run_id}/cancel"): "runs:create",
    ("GET", "/api/analyses/{run_id}/events"): "runs:read",
    ("GET", "/api/patterns"): "patterns:read",
    ("GET", "/api/patterns/{name}"): "patterns:read",
    ("GET", "/api/available-models"): "models:read",
    ("GET", "/api/health"): "health:read",
    ("GET", "/metrics"): "metrics:read",
}
"""What the description of the API must list: no more and no less."""

BESIDE: Mapping[tuple[str, str], str | None] = {
    ("POST", "/v1/chat/completions"): "completions:create",
    ("GET", "/v1/models"): "models:read",
    ("GET", "/v1/models/acme/alpha"): "models:read",
    ("GET", "/.well-known/security.txt"): PUBLIC,
}
"""Served beside the description."""

_VIEWER = frozenset(
    [
        "models:read",
        "password:change",
        "patterns:read",
        "requests:read",
        "runs:read",
        "self:read",
        "sessions:read",
        "sessions:write",
        "usage:read",
        "data:export",
        "data:erase",
    ]
)
_MEMBER = _VIEWER | {"completions:create", "runs:create", "runs:delete", "keys:read", "keys:write"}
_OPERATOR = _MEMBER | {"docs:read", "health:read", "metrics:read", "usage:read-all"}
_ADMIN = _OPERATOR | {"audit:read", "users:read", "users:write"}
_NOT_BY_KEY = frozenset(
    [
        "audit:read",
        "data:erase",
        "data:export",
        "keys:read",
        "password:change",
        "sessions:read",
        "sessions:write",
        "users:read",
        "users:write",
    ]
)

HAS: Mapping[str, frozenset[str]] = {
    "viewer": _VIEWER,
    "member": _MEMBER,
    "operator": _OPERATOR,
    "admin": _ADMIN,
    "key of an admin": _ADMIN - _NOT_BY_KEY - {"keys:write"},
    "key to read runs": frozenset({"runs:read"}),
}
"""What each kind of caller may do. A key gets `keys:write` only when it is asked for by name."""


def filled(path: str) -> str:
    """Return a path with an id in it that nothing has."""
    head, brace, rest = path.partition("{")
    return path if not brace else f"{head}nobody{rest.partition('}')[2]}"

"""Users in a dictionary, and the versions that follow from them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tests.fakes.audit import FakeAudit
from ultra.domain.access import AuditEntry, User
from ultra.domain.errors import Conflict, InvalidRequest
from ultra.domain.identity import Allowance, Role, allowance_changes
from ultra.store.names import folded_name
from ultra.system import System


class FakeUsers:
    """Keeps the promises of `Users` and, with `of`, of `Versions`.

    The fakes of sessions, tokens, keys and links are given this one, as they would share a database: they add
    themselves to `ending` (called when a user's sessions and families end) and `leaving` (called when it is deleted).
    """

    def __init__(self, *, system: System, audit: FakeAudit | None = None) -> None:
        self.rows: dict[str, User] = {}
        self.system = system
        self.audit = audit or FakeAudit(system=system)
        self.ending: list[Callable[[str], None]] = []
        self.leaving: list[Callable[[str], None]] = []

    async def create(self, user: User, audit: AuditEntry) -> None:
        """Keep a new user."""
        if user.id in self.rows or await self.by_name(user.username) is not None:
            raise Conflict("There is a user of that name already.", code="username_taken", param="username")
        self.rows[user.id] = user
        self.audit.note(audit)

    async def get(self, user_id: str) -> User | None:
        """Return a user."""
        return self.rows.get(user_id)

    async def by_name(self, username: str) -> User | None:
        """Return the user of that name."""
        wanted = folded_name(username)
        return next((user for user in self.rows.values() if folded_name(user.username) == wanted), None)

    async def all(self, *, limit: int, cursor: str | None) -> tuple[tuple[User, ...], str | None]:
        """Return users by name; the cursor is the last name shown."""
        found = sorted(self.rows.values(), key=lambda user: folded_name(user.username))
        if limit < 1:
            raise InvalidRequest("A page holds at least one user.", param="limit")
        if cursor is not None:
            found = [user for user in found if folded_name(user.username) > cursor]
        shown = tuple(found[:limit])
        return shown, folded_name(shown[-1].username) if len(found) > limit else None

    async def count(self) -> int:
        """Count."""
        return len(self.rows)

    async def change(
        self,
        user_id: str,
        audit: AuditEntry,
        *,
        role: Role | None = None,
        disabled: bool | None = None,
        password_hash: str | None = None,
        allowance: Allowance | None = None,
    ) -> User | None:
        """Change what is given."""
        user = self.rows.get(user_id)
        if user is None:
            return None
        if disabled or (role is not None and role is not Role.ADMIN):
            self._keep_an_administrator(user)
        changed = replace(user, version=user.version + 1)
        if role is not None:
            changed = replace(changed, role=role)
        if disabled is not None:
            changed = replace(changed, disabled_at=(user.disabled_at or self.system.now()) if disabled else None)
        if password_hash is not None:
            changed = replace(changed, password_hash=password_hash)
        if allowance is not None:
            changed = replace(changed, allowance=allowance)
        self.rows[user_id] = changed
        if disabled or password_hash is not None:
            for end in self.ending:
                end(user_id)
        moved = {} if allowance is None else {"allowance": allowance_changes(user.allowance, allowance)}
        self.audit.note(replace(audit, facts={**audit.facts, **moved}))
        return changed

    async def rehash(self, user_id: str, *, kept: str, password_hash: str) -> bool:
        """Replace a hash by another of the same password."""
        user = self.rows.get(user_id)
        if user is None or user.password_hash != kept:
            return False
        self.rows[user_id] = replace(user, password_hash=password_hash)
        return True

    async def delete(self, user_id: str, audit: AuditEntry) -> bool:
        """Remove a user with all that hangs on it."""
        user = self.rows.get(user_id)
        if user is None:
            return False
        self._keep_an_administrator(user)
        for leave in self.leaving:
            leave(user_id)
        del self.rows[user_id]
        self.audit.note(audit)
        return True

    async def of(self, user_ids: Sequence[str]) -> Mapping[str, int]:
        """Return versions; a missing one was deleted."""
        return {each: self.rows[each].version for each in user_ids if each in self.rows}

    def raise_version(self, user_id: str) -> None:
        """Say that a session, token family or key of the user has ended."""
        user = self.rows[user_id]
        self.rows[user_id] = replace(user, version=user.version + 1)

    def _keep_an_administrator(self, user: User) -> None:
        able = {each.id for each in self.rows.values() if each.role is Role.ADMIN and each.disabled_at is None}
        if able == {user.id}:
            raise Conflict("This is the last administrator.", code="last_administrator")

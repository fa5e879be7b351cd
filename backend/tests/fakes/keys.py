"""API keys in a dictionary."""

from dataclasses import replace
from datetime import datetime, timedelta

from tests.fakes.users import FakeUsers
from ultra.domain.access import ApiKey, AuditEntry, User
from ultra.domain.errors import Conflict, Forbidden, NotFound


class FakeKeys:
    """Keeps the promise of `Keys`, beside the users it is given."""

    def __init__(self, *, users: FakeUsers) -> None:
        self.rows: dict[str, ApiKey] = {}
        self._users = users
        users.leaving.append(self._forget)

    async def create(self, key: ApiKey, audit: AuditEntry) -> None:
        """Keep a key."""
        if key.owner not in self._users.rows:
            raise NotFound("There is no such user.")
        maker = None if key.made_with is None else await self.get(key.made_with, owner=key.owner)
        if key.made_with is not None and (maker is None or not _is_live(maker, key.created_at)):
            raise Forbidden("The key that this one is to be made with has ended.", code="insufficient_scope")
        self._keep(key)
        self._users.audit.note(audit)

    async def by_public_id(self, public_id: str) -> tuple[ApiKey, User] | None:
        """Return a key and its owner."""
        found = next((key for key in self.rows.values() if key.public_id == public_id), None)
        return None if found is None else (found, self._users.rows[found.owner])

    async def get(self, key_id: str, *, owner: str | None) -> ApiKey | None:
        """Return a key."""
        key = self.rows.get(key_id)
        return key if key is not None and owner in (None, key.owner) else None

    async def of(self, owner: str | None) -> tuple[ApiKey, ...]:
        """Return keys, newest first."""
        found = [key for key in self.rows.values() if owner in (None, key.owner)]
        return tuple(sorted(found, key=lambda key: (key.created_at, key.id), reverse=True))

    async def revoke(self, key_id: str, audit: AuditEntry, *, owner: str | None, at: datetime) -> bool:
        """End a key and what was made with it."""
        key = await self.get(key_id, owner=owner)
        if key is None:
            return False
        live = [each for each in (key, *self._made_with(key_id)) if _is_live(each, at)]
        if not live:
            return False
        self.rows |= {each.id: replace(each, revoked_at=at) for each in live}
        self._users.raise_version(key.owner)
        self._users.audit.note(audit)
        return True

    async def rotate(self, key_id: str, successor: ApiKey, audit: AuditEntry, *, overlap_until: datetime) -> bool:
        """Keep the successor and let the old one end later."""
        key = await self.get(key_id, owner=successor.owner)
        if key is None or key.overlap_until is not None or not _is_live(key, successor.created_at):
            return False
        live = [each for each in self._made_with(key_id) if _is_live(each, successor.created_at)]
        self.rows |= {each.id: replace(each, expires_at=min(each.expires_at, overlap_until)) for each in live}
        self._keep(replace(successor, rotated_from=key_id))
        self.rows[key_id] = replace(key, overlap_until=overlap_until)
        self._users.raise_version(key.owner)
        self._users.audit.note(audit)
        return True

    async def touch(self, key_id: str, at: datetime) -> None:
        """Remember when it was last used, at most once a minute."""
        key = self.rows.get(key_id)
        if key is not None and (key.last_used_at is None or key.last_used_at <= at - timedelta(minutes=1)):
            self.rows[key_id] = replace(key, last_used_at=at)

    def _made_with(self, key_id: str) -> list[ApiKey]:
        made = [each for each in self.rows.values() if each.made_with == key_id]
        return made + [further for each in made for further in self._made_with(each.id)]

    def _keep(self, key: ApiKey) -> None:
        if key.id in self.rows or any(each.public_id == key.public_id for each in self.rows.values()):
            raise Conflict("There is such a key already.", code="key_exists")
        self.rows[key.id] = key

    def _forget(self, user_id: str) -> None:
        self.rows = {key: each for key, each in self.rows.items() if each.owner != user_id}


def _is_live(key: ApiKey, at: datetime) -> bool:
    is_over = key.overlap_until is not None and key.overlap_until <= at
    return key.revoked_at is None and key.expires_at > at and not is_over

"""One-time links in a dictionary."""

from datetime import datetime

from tests.fakes.users import FakeUsers
from ultra.domain.access import AuditEntry, SignInLink, User
from ultra.domain.errors import NotFound


class FakeLinks:
    """Keeps the promise of `SignInLinks`, beside the users it is given."""

    def __init__(self, *, users: FakeUsers) -> None:
        self.rows: dict[str, SignInLink] = {}
        self._users = users
        users.leaving.append(self._forget)

    async def create(self, link: SignInLink, audit: AuditEntry) -> None:
        """Keep a link; earlier ones of the same user and purpose end."""
        if link.user_id not in self._users.rows:
            raise NotFound("There is no such user.")
        alike = (link.user_id, link.purpose)
        self.rows = {key: each for key, each in self.rows.items() if (each.user_id, each.purpose) != alike}
        self.rows[link.hash] = link
        self._users.audit.note(audit)

    async def redeem(self, link_hash: str, *, at: datetime) -> tuple[SignInLink, User] | None:
        """Use a link up."""
        link = self.rows.get(link_hash)
        if link is None or link.expires_at <= at:
            return None
        del self.rows[link_hash]
        return link, self._users.rows[link.user_id]

    def _forget(self, user_id: str) -> None:
        self.rows = {key: each for key, each in self.rows.items() if each.user_id != user_id}

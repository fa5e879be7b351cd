"""Users and their passwords: making users, changing and resetting passwords, links, the first administrator."""

from dataclasses import replace

from ultra.auth import password_rules
from ultra.auth.encodings import fingerprint
from ultra.auth.links import Purpose, username_in, write
from ultra.auth.passwords import Passwords
from ultra.auth.refusals import Refusals
from ultra.auth.sessions import BrowserSessions, OpenedSession
from ultra.auth.sign_in import USERNAME, Source
from ultra.domain.access import AuditEntry, SignInLink, SignInLinks, User, Users
from ultra.domain.errors import Conflict, Forbidden, InvalidRequest, NotFound, Unauthenticated
from ultra.domain.identity import Allowance, Principal, Role
from ultra.system import System

FIRST_ADMIN = "admin"
USED_UP = "The link is not valid any more."


class Accounts:
    """What is done with accounts as a whole; who may do it is asked before."""

    def __init__(
        self,
        *,
        users: Users,
        links: SignInLinks,
        passwords: Passwords,
        browser_sessions: BrowserSessions,
        refusals: Refusals,
        system: System,
    ) -> None:
        self._users = users
        self._links = links
        self._passwords = passwords
        self._browser_sessions = browser_sessions
        self._refusals = refusals
        self._system = system

    async def create_user(
        self,
        username: str,
        role: Role,
        *,
        password: str | None,
        actor: Principal,
        source: Source,
        allowance: Allowance | None = None,
    ) -> User:
        """Make a user, who without a password can only come in by a link.

        Raises `InvalidRequest` for a name or password that is refused and `Conflict` for a name that is taken.
        """
        if not USERNAME.fullmatch(username):
            raise InvalidRequest(
                "A username is 1 to 64 letters, digits or . _ @ + - and begins with a letter or digit.",
                param="username",
            )
        user = User(
            id=self._system.new_id("user"),
            username=username,
            role=role,
            created_at=self._system.now(),
            password_hash=None if password is None else await self._hashed(password, username),
            allowance=allowance or Allowance(),
        )
        await self._users.create(
            user, _by(actor, source.entry("user.create", actor=actor.id, target=user.id, role=role))
        )
        return user

    async def change_password(
        self, principal: Principal, *, old: str | None, wanted: str, source: Source
    ) -> OpenedSession | None:
        """Set another password; every session and token family of the user ends.

        Whoever came by session gets a fresh one; others sign in again. The old password is needed where there is one.
        Raises `InvalidRequest` for a password that is refused, `Forbidden` (`wrong_password`) for a wrong old one.
        """
        user = await self._users.get(principal.id)
        if user is None:
            raise NotFound("There is no such user.")
        if user.password_hash is not None and not await self._passwords.verify(user.password_hash, old or ""):
            await self._refuse("password.change", cause="password", actor=user.id, source=source)
            raise Forbidden("The old password is not right.", code="wrong_password")
        if user.password_hash is not None and wanted == old:
            raise InvalidRequest("The new password is the old one.", param="password", code="weak_password")
        entry = _by(principal, source.entry("password.change", actor=user.id, target=user.id))
        changed = await self._set(user, wanted, entry)
        if principal.credential != "session":
            return None
        return await self._open(changed, source, by="password")

    async def hand_out(self, user_id: str, purpose: Purpose, *, actor: Principal, source: Source) -> str:
        """Make a one-time link for a user and return its text; earlier ones for the same purpose end."""
        user = await self._users.get(user_id)
        if user is None:
            raise NotFound("There is no such user.")
        entry = _by(actor, source.entry("link.create", actor=actor.id, target=user.id, purpose=purpose))
        return await self._written(user, purpose, entry)

    async def sign_in_by_link(self, text: str, *, source: Source) -> OpenedSession:
        """Sign a browser in with a link, once; raises `Unauthenticated`."""
        _, user = await self._redeemed(text, "sign-in", source)
        return await self._open(user, source, by="link")

    async def reset_password(self, text: str, password: str, *, source: Source) -> User:
        """Set a password with a link, once; every session of the user ends, and none begins.

        Raises `Unauthenticated` for a link that is not good. A password that is refused does not use the link up.
        """
        username = username_in(text, "reset")
        if username is not None:
            _refuse_weak(password, username)
        _, user = await self._redeemed(text, "reset", source)
        return await self._set(user, password, source.entry("password.reset", actor=user.id, target=user.id, by="link"))

    async def ensure_first_admin(self) -> str | None:
        """Make the user `admin` where there is no user yet, and return a sign-in link for it.

        Until that user has a password, each call returns another link and the one before ends; then None. Of several
        workers that start at once, one makes the user and the last to ask has the link that works.
        """
        if await self._users.count() == 0:
            await self._create_first_admin()
        user = await self._users.by_name(FIRST_ADMIN)
        if (
            user is None
            or user.role is not Role.ADMIN
            or user.password_hash is not None
            or user.disabled_at is not None
        ):
            return None
        entry = AuditEntry("link.create", "done", actor=None, target=user.id, facts={"purpose": "sign-in"})
        return await self._written(user, "sign-in", entry)

    async def _create_first_admin(self) -> None:
        user = User(
            id=self._system.new_id("user"), username=FIRST_ADMIN, role=Role.ADMIN, created_at=self._system.now()
        )
        entry = AuditEntry("user.create", "done", actor=None, target=user.id, facts={"role": Role.ADMIN, "first": True})
        try:
            await self._users.create(user, entry)
        except Conflict:
            return  # another worker was quicker

    async def _redeemed(self, text: str, purpose: Purpose, source: Source) -> tuple[SignInLink, User]:
        is_ours = username_in(text, purpose) is not None
        found = await self._links.redeem(fingerprint(text), at=self._system.now()) if is_ours else None
        if found is None or found[0].purpose != purpose or found[1].disabled_at is not None:
            actor = None if found is None else found[1].id
            await self._refuse("link.redeem", cause="link", actor=actor, source=source)
            raise Unauthenticated(USED_UP)
        return found

    async def _written(self, user: User, purpose: Purpose, entry: AuditEntry) -> str:
        written = write(user, purpose, system=self._system)
        await self._links.create(written.link, entry)
        return written.text

    async def _open(self, user: User, source: Source, *, by: str) -> OpenedSession:
        entry = source.entry("sign_in", actor=user.id, to="session", by=by)
        return await self._browser_sessions.open(user, entry, address=source.address, user_agent=source.user_agent)

    async def _set(self, user: User, password: str, entry: AuditEntry) -> User:
        hashed = await self._hashed(password, user.username)
        changed = await self._users.change(user.id, entry, password_hash=hashed)
        if changed is None:
            raise NotFound("There is no such user.")
        return changed

    async def _hashed(self, password: str, username: str) -> str:
        _refuse_weak(password, username)
        return await self._passwords.hash(password)

    async def _refuse(self, action: str, *, cause: str, actor: str | None, source: Source) -> None:
        await self._refusals.write(
            action, cause=cause, actor=actor, address=source.address, request_id=source.request_id
        )


def _refuse_weak(password: str, username: str) -> None:
    reason = password_rules.judge(password, username)
    if reason is not None:
        raise InvalidRequest(
            reason,
            param="password",
            code="weak_password",
            hint="Several words that you alone would put together do well.",
        )


def _by(principal: Principal, entry: AuditEntry) -> AuditEntry:
    return replace(entry, credential=principal.credential)

"""Where steps act: the server, who may ask it, and what may be done to it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from ultra.readiness.asking import Client, Line
from ultra.readiness.offers import Offer
from ultra.readiness.people import Browser, Person
from ultra.readiness.purse import Bill, Purse
from ultra.readiness.step import Need, NotRun, Unmet
from ultra.readiness.workshop import Workshop
from ultra.system import System

_FRESH_S = 240.0
_LOOK_EVERY_S = 0.1

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who may make users."""

    name: str
    password: str = field(repr=False)


@dataclass(slots=True)
class Stage:
    """A running server; `origin` is what browsers know it by.

    `models` are those that steps may ask, cheapest first; none where asking costs money that nobody has allowed.
    `vendors` are those of the three whose mock stands in.
    `workshop` is there in a rehearsal, `purse` where real providers may be asked.
    """

    line: Line
    origin: str
    administrator: Administrator | None = None
    models: Sequence[str] = ()
    vendors: Sequence[str] = ()
    prices: Mapping[str, Offer] = field(default_factory=dict)
    """What those models cost, where that is paid from the purse."""
    workshop: Workshop | None = None
    purse: Purse | None = None
    kind: Literal["rehearsal", "deployment"] = "deployment"
    made: dict[str, str] = field(default_factory=dict)
    """Passwords, tokens and keys that steps have come by, so that logs can be searched for them."""
    _admin: Person | None = None
    _admin_until: float = 0.0
    _signing_in: asyncio.Lock = field(default_factory=asyncio.Lock)
    _guests: list[str] = field(default_factory=list)

    @property
    def provides(self) -> frozenset[Need]:
        """What steps find here."""
        found = set()
        if self.administrator is not None:
            found.add(Need.ADMIN)
        if self.models:
            found.add(Need.MODELS)
        if self.workshop is not None:
            found |= {Need.DEPENDENCIES, Need.PROCESSES, Need.COMMANDS, Need.LOGS}
        if self.purse is not None:
            found.add(Need.LIVE)
        return frozenset(found)

    @property
    def system(self) -> System:
        """The clock and the dice."""
        return self.line.system

    @property
    def tools(self) -> Workshop:
        """The workshop, for steps that have said that they need one."""
        if self.workshop is None:
            raise NotRun(Need.PROCESSES.sentence)
        return self.workshop

    @contextmanager
    def paying(self, asked: Mapping[str, Any]) -> Iterator[Bill]:
        """Pay for a request to one of `models` from the purse, where it costs anything; raises `NotRun`."""
        offer = self.prices.get(asked["model"])
        if self.purse is None or offer is None:
            yield Bill()
            return
        with self.purse.paying(offer.most(asked)) as bill:
            yield bill

    def stranger(self) -> Client:
        """Return somebody whom the server does not know."""
        return Client(self.line)

    def browser(self) -> Browser:
        """Return a browser in which nobody has signed in."""
        return Browser(self.line, self.origin)

    async def admin(self) -> Person:
        """Return the administrator, with a token that is good for a while."""
        if self.administrator is None:
            raise NotRun(Need.ADMIN.sentence)
        async with self._signing_in:
            if self._admin is None or self.system.monotonic() > self._admin_until:
                given = self.administrator
                self._admin = await Person(self.line, "", given.name, given.password).sign_in()
                self._admin_until = self.system.monotonic() + _FRESH_S
            return self._admin

    async def person(self, role: str = "member", **allowance: Any) -> Person:
        """Make a user of a role, signed in as a program; `tidy` removes them."""
        name, password = self.system.new_id("readiness"), f"{self.system.token()}-Zw7"
        asked: dict[str, Any] = {"username": name, "role": role, "password": password}
        if allowance:
            asked["allowance"] = allowance
        made = (await (await self.admin()).client.post("/api/users", asked)).expect(201).json
        self._guests.append(made["id"])
        person = await Person(self.line, made["id"], name, password).sign_in()
        self.made |= {
            f"password of {name}": password,
            f"access token of {name}": person.access,
            f"refresh token of {name}": person.refresh,
        }
        return person

    async def until(self, is_so: Callable[[], Awaitable[Found | None]], patience: float, what: str) -> Found:
        """Return the first true value of a question that is asked again and again; raises `Unmet` after a while."""
        deadline = self.system.monotonic() + patience
        while True:
            found = await is_so()
            if found:
                return found
            if self.system.monotonic() > deadline:
                raise Unmet(f"Not within {patience:g} s: {what}.")
            await self.system.sleep(_LOOK_EVERY_S)

    async def version(self) -> str | None:
        """Return the version that the server says it has; None when it does not answer."""
        with suppress(Unmet):
            return str((await self.stranger().get("/health")).json["version"])
        return None

    async def tidy(self) -> None:
        """Remove every user that steps have made, as far as the server lets us."""
        guests, self._guests = self._guests, []
        if guests:
            with suppress(Unmet):
                client = (await self.admin()).client
                for guest in guests:
                    await client.ask("DELETE", f"/api/users/{guest}")

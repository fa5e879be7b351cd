"""The server under test, as the cases know it: an address, an administrator, and a way to make users.

Any server can be the target; README.md says how. Cases that must look inside (its log, its keys, its upstream) take a
`House`, which is a target that the tests have started themselves.
"""

import itertools
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.blackbox.asking import Answer, Client, Headers, Seen
from tests.journeys.programs import Mock
from tests.twins.servers import Postgres
from tests.twins.valkeys import Valkey

_addresses = itertools.count(int.from_bytes(secrets.token_bytes(1), "big") << 8)
_FRESH_S = 240.0
PANEL = os.environ.get("ULTRA_TARGET_MODELS", "acme/alpha,acme/beta").split(",")
"""Two models that answer at once."""
SILENT = os.environ.get("ULTRA_TARGET_SILENT", "" if "ULTRA_TARGET_URL" in os.environ else "acme/delta")
"""A model that never begins to answer: what asks it stays open. Empty where the target has none."""


@dataclass(slots=True)
class Target:
    """A running server. `origin` is what browsers know it by."""

    url: str
    admin_name: str
    admin_password: str
    origin: str
    environment: str = "testing"
    workers: int = 1
    is_near: bool = True
    """Whether it is on loopback, so that each client can have an address of its own."""
    seen: Seen = field(default_factory=Seen)
    _admin: "Person | None" = None
    _admin_until: float = 0.0

    def client(self, headers: Headers = (), *, address: str | None = None) -> Client:
        """Return somebody new: a client that nobody has counted anything against."""
        return Client(self.url, seen=self.seen, address=address or self.new_address(), headers=headers)

    def new_address(self) -> str | None:
        """Return a loopback address in a network that no client had before; None for a far target."""
        number = next(_addresses)
        return f"127.{1 + number // 250 % 250}.{1 + number % 250}.9" if self.is_near else None

    @property
    def looks(self) -> int:
        """How often to ask until every worker has probably answered."""
        return 1 if self.workers == 1 else 8

    @property
    def admin(self) -> "Person":
        """The administrator, with a token that is good for a while."""
        if self._admin is None or time.monotonic() > self._admin_until:
            self._admin = Person(self, "", self.admin_name, self.admin_password, "admin")
            self._admin.sign_in()
            self._admin_until = time.monotonic() + _FRESH_S
        return self._admin

    def person(self, role: str = "member", **allowance: Any) -> "Person":
        """Make a user with a password, and sign them in with tokens."""
        name, password = f"u{secrets.token_hex(6)}", f"{secrets.token_urlsafe(18)}-Zw"
        asked: dict[str, Any] = {"username": name, "role": role, "password": password}
        if allowance:
            asked["allowance"] = allowance
        made = self.admin.client.post("/api/users", asked).expect(201).json
        person = Person(self, made["id"], name, password, role)
        person.sign_in()
        return person

    def audit(self, action: str, **like: Any) -> list[dict[str, Any]]:
        """Return the newest rows of an action in which these fields, or facts, are so."""
        rows = self.admin.client.get(f"/api/audit?action={action}&limit=500").expect(200).json["data"]
        return [row for row in rows if all({**row["facts"], **row}.get(name) == value for name, value in like.items())]


@dataclass(slots=True)
class House(Target):
    """A target that the tests have started: they know its secrets, its log, its database and its upstream."""

    folder: Path = Path()
    mock: Mock | None = None
    signing: tuple[str, str] = ("", "")
    test_secret: str = ""
    database_text: Callable[[], bytes] = bytes
    command: Callable[..., Any] = print
    """Runs `ultra` with these arguments in the same place, and returns the finished process."""
    setting: Mapping[str, str] = field(default_factory=dict)
    pid: int = 0
    valkey: Valkey | None = None
    postgres: Postgres | None = None

    def log(self) -> str:
        """Return what it has written to stdout and stderr."""
        files = [self.folder / "stdout.txt", self.folder / "ultra.log"]
        return "".join(each.read_text(errors="replace") for each in files)

    def asked(self) -> int:
        """Return how many requests have reached a model."""
        assert self.mock is not None
        return len(self.mock.requests())


@dataclass(slots=True)
class Person:
    """A user of the target, signed in as a program."""

    target: Target
    id: str
    name: str
    password: str = field(repr=False)
    role: str
    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.target.client()

    def sign_in(self) -> "Person":
        """Get tokens."""
        answer = self.tokens()
        if answer.status == 429 and not self.target.is_near:  # what others of this address have failed at
            time.sleep(float(answer.get("retry-after") or "1"))
            answer = self.tokens()
        pair = answer.expect(200).json
        self.access, self.refresh = pair["access_token"], pair["refresh_token"]
        self.client.headers = [bearer(self.access)]
        if not self.id:
            self.id = self.client.get("/api/auth/me").expect(200).json["id"]
        return self

    def tokens(self) -> Answer:
        """Ask for tokens, from this person's own address."""
        plain = self.target.client(address=self.client.address)
        return plain.post("/api/auth/token", {"username": self.name, "password": self.password})

    def key(self, **wanted: Any) -> dict[str, Any]:
        """Make an API key; its text is under `key`."""
        made: dict[str, Any] = self.client.post("/api/keys", {"name": "a key", **wanted}).expect(201).json
        return made

    def with_key(self, **wanted: Any) -> Client:
        """Return a client with a new key of this person."""
        return self.target.client([bearer(self.key(**wanted)["key"])])

    def browser(self) -> "Browser":
        """Return a browser in which this person has signed in."""
        browser = Browser(self.target)
        browser.sign_in(self.name, self.password).expect(200)
        return browser


class Browser:
    """Keeps cookies, and sends what a page of the server's own origin would send."""

    def __init__(self, target: Target) -> None:
        self.client = target.client()
        self.origin = target.origin
        self.cookies: dict[str, str] = {}
        self.token = ""

    @property
    def own(self) -> list[tuple[str, str]]:
        """What a page of this server sends along with an unsafe request."""
        return [("origin", self.origin), ("sec-fetch-site", "same-origin"), ("x-csrf-token", self.token)]

    @property
    def session(self) -> tuple[str, str]:
        """The session cookie's name and value."""
        name = next(each for each in self.cookies if each.endswith("ultra"))
        return name, self.cookies[name]

    def ask(self, method: str, path: str, *, headers: Headers | None = None, **request: Any) -> Answer:
        """Ask with the cookies; `headers` None sends what the server's own page would."""
        fields = list(self.own if headers is None else headers)
        if self.cookies:
            fields.append(("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        answer = self.client.ask(method, path, headers=fields, **request)
        self._keep(answer)
        return answer

    def sign_in(self, name: str, password: str) -> Answer:
        """Sign in as a page does."""
        self.token = self.ask("GET", "/api/auth/csrf", headers=()).expect(200).json["csrf_token"]
        answer = self.ask("POST", "/api/auth/login", json={"username": name, "password": password})
        if answer.status == 200:
            self.token = answer.json["csrf_token"]
        return answer

    def _keep(self, answer: Answer) -> None:
        for line in answer.all("set-cookie"):
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0]
            if value and "max-age=0" not in line.lower():
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)


def bearer(text: str) -> tuple[str, str]:
    """Return the header that presents a token or a key."""
    return ("authorization", f"Bearer {text}")


def given() -> Target | None:
    """Return the target that the environment names, if it names one."""
    url = os.environ.get("ULTRA_TARGET_URL", "").rstrip("/")
    if not url:
        return None
    return Target(
        url,
        admin_name=os.environ["ULTRA_TARGET_ADMIN"],
        admin_password=os.environ["ULTRA_TARGET_PASSWORD"],
        origin=os.environ.get("ULTRA_TARGET_ORIGIN", url),
        environment=os.environ.get("ULTRA_TARGET_ENVIRONMENT", "production"),
        workers=int(os.environ.get("ULTRA_TARGET_WORKERS", "2")),
        is_near="//127." in url,
    )


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Do something that many times in parallel, and return what each gave."""
    found: list[Any] = [None] * count
    faults: list[BaseException] = []

    def one(number: int) -> None:
        try:
            found[number] = work(number)
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            faults.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if faults:
        raise faults[0]
    return found


def each_worker(target: Target, ask: Callable[[], Answer]) -> Iterator[Answer]:
    """Ask until every worker has probably answered."""
    for _ in range(target.looks):
        yield ask()

"""Who asks: users with tokens and keys, and browsers with cookies."""

from dataclasses import dataclass, field
from typing import Any

from ultra.readiness.asking import Client, Headers, Line, bearer
from ultra.readiness.replies import Reply


@dataclass(slots=True)
class Person:
    """A user of the server, signed in as a program."""

    line: Line
    id: str
    name: str
    password: str = field(repr=False)
    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = Client(self.line)

    async def sign_in(self) -> "Person":
        """Get tokens and keep them."""
        pair = (await self.tokens()).expect(200).json
        self.access, self.refresh = pair["access_token"], pair["refresh_token"]
        self.client.headers = [bearer(self.access)]
        return self

    async def tokens(self, password: str | None = None) -> Reply:
        """Ask for tokens."""
        asked = {"username": self.name, "password": password or self.password}
        return await Client(self.line, address=self.client.address).post("/api/auth/token", asked)

    async def key(self, **wanted: Any) -> dict[str, Any]:
        """Make an API key; its text is under `key`."""
        made: dict[str, Any] = (await self.client.post("/api/keys", {"name": "readiness", **wanted})).expect(201).json
        return made


class Browser:
    """Keeps cookies, and sends what a page of the server's own origin would send."""

    def __init__(self, line: Line, origin: str) -> None:
        self.client = Client(line)
        self.origin = origin
        self.cookies: dict[str, str] = {}
        self.token = ""

    @property
    def own(self) -> list[tuple[str, str]]:
        """What a page of this server sends along with an unsafe request."""
        return [("origin", self.origin), ("sec-fetch-site", "same-origin"), ("x-csrf-token", self.token)]

    async def ask(self, method: str, path: str, *, headers: Headers | None = None, **request: Any) -> Reply:
        """Ask with the cookies; `headers` None sends what the server's own page would."""
        fields = list(self.own if headers is None else headers)
        if self.cookies:
            fields.append(("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        reply = await self.client.ask(method, path, headers=fields, **request)
        self._keep(reply)
        return reply

    async def sign_in(self, name: str, password: str) -> Reply:
        """Sign in as a page does."""
        self.token = (await self.ask("GET", "/api/auth/csrf", headers=())).expect(200).json["csrf_token"]
        reply = await self.ask("POST", "/api/auth/login", json={"username": name, "password": password})
        if reply.status == 200:
            self.token = reply.json["csrf_token"]
        return reply

    def _keep(self, reply: Reply) -> None:
        for line in reply.all("set-cookie"):
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0]
            if value and "max-age=0" not in line.lower():
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)

"""Which limits there are, and what each kind of request is charged; pure.

Counters are kept under hashes with a purpose, so that a shared server holds no names and no addresses in clear.
"""

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from ultra.domain.identity import Allowance, Principal
from ultra.domain.limits import Charge, Limit, Place
from ultra.limits.addresses import neighbourhood_of, network_of

RouteClass: TypeAlias = Literal["read", "write", "sign_in", "completion", "run"]

WEIGHTS: Final[Mapping[RouteClass, int]] = {"read": 1, "write": 5, "completion": 10, "sign_in": 20, "run": 100}
"""What a request costs Ultra itself, roughly in milliseconds of its own work; upstream money has budgets."""

_MINUTE: Final = 60.0
_SIGN_IN: Final = 600.0
_HOUR: Final = 3600.0
_PLACE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Rates:
    """How much is allowed; per minute where nothing else is said. None: no such limit."""

    public: int | None = 1200
    """Per address, what needs nobody to be known: health, metrics, static files. Counted apart from all else."""
    anonymous: int | None = 60
    """Per address, requests with no credential or with a bad one."""
    address: int | None = 3000
    """Per address, whoever calls."""
    principal: int | None = 1200
    """Per user, over all sessions, tokens and keys."""
    cost: int | None = 12_000
    """Per user, in the units of `WEIGHTS`."""
    tokens: int | None = 2_000_000
    """Per user, prompt and answer together."""
    concurrency: int | None = 64
    """Per user, completions and runs at once."""
    failures_by_address: int | None = 20
    """Failed sign-ins per address in ten minutes, whatever the account."""
    failures_by_network: int | None = 10
    """Failed sign-ins to one account per neighbourhood (IPv4 /24, IPv6 /48) in ten minutes."""
    failures_by_account: int | None = 50
    """Failed sign-ins to one account an hour, by all strangers together."""
    failures_by_device: int | None = 10
    """Failed sign-ins to one account from one device it knows, in ten minutes."""


class LimitPolicy:
    """Says what is charged. A limit that is off is never charged; the command line of this machine is never limited."""

    def __init__(self, *, rates: Rates) -> None:
        self._rates = rates

    def replace_rates(self, rates: Rates) -> None:
        """Put other limits in force; what has been counted so far still counts."""
        self._rates = rates

    def public(self, address: str | None) -> tuple[Charge, ...]:
        """Charge a request that needs nobody to be known."""
        return tuple(_charges("public", self._rates.public, _kept("address", network_of(address))))

    def anonymous(self, address: str | None) -> tuple[Charge, ...]:
        """Charge a request whose caller is not known: before a password is hashed, and when a credential was bad."""
        key = _kept("address", network_of(address))
        return (*_charges("address", self._rates.address, key), *_charges("anonymous", self._rates.anonymous, key))

    def caller(
        self,
        principal: Principal,
        *,
        address: str | None,
        route: RouteClass,
        tokens: int = 0,
    ) -> tuple[Charge, ...]:
        """Charge a request of a known caller, all in one question: address, user, key, cost, and tokens reserved.

        A key's requests count against its owner, too, within the owner's own allowance.
        """
        if principal.credential == "local":
            return ()
        own, key = _allowances(principal)
        user = _kept("principal", principal.id)
        return (
            *_charges("address", self._rates.address, _kept("address", network_of(address))),
            *_charges("principal", _first(own.requests_per_minute, self._rates.principal), user),
            *_charges("cost", self._rates.cost, user, weight=WEIGHTS[route], unit="cost"),
            *_charges("key", key.requests_per_minute, _credential(principal)),
            *(self.tokens(principal, tokens) if tokens else ()),
        )

    def tokens(self, principal: Principal, tokens: int) -> tuple[Charge, ...]:
        """Charge tokens: the most a completion may use; `Limiter.correct` each by what it did use."""
        if principal.credential == "local":
            return ()
        own, key = _allowances(principal)
        user, credential = _kept("principal", principal.id), _credential(principal)
        most = _first(own.tokens_per_minute, self._rates.tokens)
        return (
            *_charges("tokens", most, user, weight=tokens, unit="tokens"),
            *_charges("key-tokens", key.tokens_per_minute, credential, weight=tokens, unit="tokens"),
        )

    def places(self, principal: Principal) -> tuple[Place, ...]:
        """Return the places that a completion or run of this caller takes; renew them within half a minute."""
        if principal.credential == "local":
            return ()
        own, key = _allowances(principal)
        wanted = (
            ("concurrency", _first(own.concurrency, self._rates.concurrency), _kept("principal", principal.id)),
            ("key-concurrency", key.concurrency, _credential(principal)),
        )
        return tuple(Place(key, most, _PLACE_S, name) for name, most, key in wanted if most is not None)

    def sign_in(
        self, username: str, *, address: str | None, device: str | None = None, knows_network: bool = False
    ) -> tuple[Charge, ...]:
        """Charge an attempt to sign in, before the password is looked at; give all back when it was right.

        "Give back" is `Limiter.correct(charge, 0)`: so only failures stay counted, and many attempts at once cannot
        all slip by before the first has failed. Names that nobody has are counted like all others.

        Guessing is held back both ways: one address trying many accounts, and many addresses trying one account. And
        nobody can lock somebody else out: `device` is something secret that this account has signed in with before (a
        device cookie, a live session), checked by the caller; its attempts have a counter of their own, which a
        stranger can neither see nor use up. `knows_network` says that this account has signed in from that
        neighbourhood before: it is spared what strangers elsewhere do, and only its own neighbours can hold it back,
        for as long as they go on.
        """
        rates, account = self._rates, _folded(username)
        if device is not None:
            key = hashed("sign-in-device", account, device)
            return tuple(_charges("sign-in-device", rates.failures_by_device, key, window_s=_SIGN_IN))
        here = _kept("address", network_of(address))
        near = hashed("sign-in-network", account, neighbourhood_of(address))
        strangers = None if knows_network else rates.failures_by_account
        return (
            *_charges("sign-in-address", rates.failures_by_address, here, window_s=_SIGN_IN),
            *_charges("sign-in-network", rates.failures_by_network, near, window_s=_SIGN_IN),
            *_charges("sign-in-account", strangers, hashed("sign-in-account", account), window_s=_HOUR),
        )


def hashed(purpose: str, *parts: str) -> str:
    """Return 128 bits of SHA-256 over a purpose and parts, in hex; each part's length is part of it."""
    digest = hashlib.sha256()
    for part in (purpose, *parts):
        text = part.encode("utf-8", "surrogatepass")
        digest.update(len(text).to_bytes(8, "big") + text)
    return digest.hexdigest()[:32]


_kept = lru_cache(maxsize=8192)(hashed)
"""For what comes with every request; what is secret or chosen by strangers (devices, names) is hashed each time."""


@lru_cache(maxsize=1024)
def _limit(name: str, amount: int, window_s: float, unit: Literal["requests", "tokens", "cost"]) -> Limit:
    return Limit(name, amount, window_s, unit)


def _charges(
    name: str,
    amount: int | None,
    key: str,
    *,
    weight: int = 1,
    unit: Literal["requests", "tokens", "cost"] = "requests",
    window_s: float = _MINUTE,
) -> Iterator[Charge]:
    if amount is not None:
        yield Charge(_limit(name, amount, window_s, unit), key, weight)


def _allowances(principal: Principal) -> tuple[Allowance, Allowance]:
    """Return the user's allowance and the key's; a caller without a key has none of the latter."""
    if principal.credential == "key":
        return principal.owner_allowance or Allowance(), principal.allowance
    return principal.allowance, Allowance()


def _credential(principal: Principal) -> str:
    return _kept("credential", principal.line or principal.credential_id or "")


def _first(own: int | None, usual: int | None) -> int | None:
    return usual if own is None else own


def _folded(username: str) -> str:
    return unicodedata.normalize("NFKC", username).casefold()

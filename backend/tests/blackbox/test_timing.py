"""C, J: what takes equally long, and secrets that nobody guesses."""

import hashlib
import hmac
import itertools
import time
import zlib
from collections.abc import Callable
from typing import Any

from tests.blackbox.asking import Answer
from tests.blackbox.targets import House, Target, bearer
from tests.blackbox.test_tokens import b64, forged
from tests.blackbox.timing import are_alike, interleaved

ME = "/api/auth/me"
_ROUNDS = 120
_PER_ADDRESS = 40
"""Fewer than make an address that guesses wait."""


def refusals(target: Target, headers: list[tuple[str, str]], bodies: set[str]) -> Callable[[], Answer]:
    """Return what asks with a bad credential, from one address after the other, and notes what it hears."""
    number = itertools.count()
    client = target.client()

    def ask() -> Answer:
        nonlocal client
        if next(number) % _PER_ADDRESS == 0:
            client = target.client()
        answer = client.get(ME, headers=headers).unauthenticated()
        bodies.add(str({**answer.json, "request_id": ""}))
        return answer

    return ask


def test_J25_refused_tokens(house: House):
    """An expired, a forged, a stranger's and a revoked token are refused in the same words and the same time."""
    person, gone, now = house.person(), house.person(), int(time.time())
    gone.client.ask("POST", "/api/auth/logout").expect(204)
    head, payload, _ = person.access.split(".")
    bodies: set[str] = set()
    tokens = {
        "an expired one": forged(house, person, claims={"exp": now - 100, "iat": now - 700, "nbf": now - 700}),
        "a forged one": f"{head}.{payload}.{'A' * 43}",
        "a stranger's": forged(house, person, claims={"sub": "user_nobody"}),
        "a revoked one": gone.access,
    }
    asking = {name: refusals(house, [bearer(text)], bodies) for name, text in tokens.items()}
    are_alike(interleaved(asking, rounds=_ROUNDS))
    assert len(bodies) == 1


def test_K05_refused_keys(house: House):
    """A key that nobody has and one with a wrong secret are refused in the same words and the same time."""
    text = house.person().key()["key"]
    head, public_id, secret, _ = text.rsplit("_", 3)
    bodies: set[str] = set()
    texts = {
        "an unknown one": with_checksum(f"{head}_{public_id[::-1]}_{secret}"),
        "a wrong secret": with_checksum(f"{head}_{public_id}_{secret[::-1]}"),
    }
    asking = {name: refusals(house, [("x-api-key", each)], bodies) for name, each in texts.items()}
    are_alike(interleaved(asking, rounds=_ROUNDS))
    assert len(bodies) == 1


def with_checksum(body: str) -> str:
    """Return a key's text that is whole to the eye."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[digit] + digits
    return f"{body}_{digits}"


def test_C23_refused_sign_ins(target: Target):
    """An unknown name and a wrong password cost the same time."""
    person = target.person()
    names = itertools.count()

    def attempt(name: Callable[[], str]) -> Callable[[], Any]:
        def ask() -> Answer:
            asked = {"username": name(), "password": "not-the-right-one-at-all"}
            return target.client().post("/api/auth/token", asked).unauthenticated()

        return ask

    # As many as an account may hear before it has to wait.
    kinds = {
        "an unknown name": attempt(lambda: f"nobody{next(names)}x{time.monotonic_ns()}"),
        "a wrong password": attempt(lambda: person.name),
    }
    are_alike(interleaved(kinds, rounds=9))


def test_J21_common_secrets(house: House):
    """A token that was caught gives its secret away to no list of common ones."""
    head, payload, signature = house.person().access.split(".")
    signed = f"{head}.{payload}".encode()
    words = ("secret", "password", "changeme", "ultra", "jwt", "key", "admin", "development", "production", "test")
    for first, second, number in itertools.product(words, words, range(100)):
        for guess in (f"{first}{number}", f"{first}-{second}-{number}", f"{first}{second}{number}"):
            assert b64(hmac.new(guess.encode(), signed, hashlib.sha256).digest()) != signature

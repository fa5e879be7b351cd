"""The promise of whoever traces: spans around requests, completions, calls to providers, and runs with their stages."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from ultra.domain.ports import Completions, Conduct, Journal, Provider, Runs


class RequestSpan(Protocol):
    """One request, as long as it is served."""

    @property
    def trace_id(self) -> str:
        """By which name its trace is found, in 32 hexadecimal digits."""

    def ended(self, *, route: str, status: int | None, request_id: str) -> None:
        """Say how it ended; `route` is the pattern, `status` None a client that left."""


class Tracing(Protocol):
    """Wraps what others promise in something that keeps the same promise, with a span around it.

    No span says what was asked or answered, by whom, or from where.
    """

    def request(self, method: str, carried: Mapping[str, str]) -> AbstractContextManager[RequestSpan]:
        """Trace a request; `carried` are the headers of a trace that it belongs to, of callers that are believed."""

    def completions(self, inner: Completions) -> Completions:
        """Trace completions: everything it takes to answer one request."""

    def provider(self, inner: Provider) -> Provider:
        """Trace each call to a provider."""

    def conduct(self, inner: Conduct, *, runs: Runs) -> Conduct:
        """Trace runs; each is a trace of its own, because it outlives the request that began it."""

    def journal(self, inner: Journal) -> Journal:
        """Trace the stages of runs by what is written of them."""

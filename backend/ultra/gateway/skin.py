"""What a skin around completions does in every case: it begins before the inner one, and ends whatever happens."""

from abc import ABC, abstractmethod
from types import TracebackType

from ultra.domain.receipts import CompletionStream, Opening, Receipt


class Skin(ABC):
    """One opening around another: `_end` follows each `_begin` that returned, also when the caller leaves."""

    def __init__(self, inner: Opening) -> None:
        self._inner = inner

    async def __aenter__(self) -> CompletionStream:
        await self._begin()
        try:
            return await self._inner.__aenter__()
        except BaseException:
            await self._end()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None:
        try:
            return await self._inner.__aexit__(kind, error, trace)
        finally:
            await self._end()

    @property
    def receipt(self) -> Receipt:
        """What is known so far."""
        return self._inner.receipt

    @abstractmethod
    async def _begin(self) -> None:
        """Do what comes before; raising keeps the inner one from being entered."""

    @abstractmethod
    async def _end(self) -> None:
        """Do what comes after; `receipt` says what it has become."""

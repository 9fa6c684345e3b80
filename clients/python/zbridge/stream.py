"""What a client with threads iterates: a subscription, checks.

Thread:  as the client: any.
"""
from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Generic, Iterator, List, Optional, Type, TypeVar

from .errors import Closed, Timeout
from .sources import Source

if TYPE_CHECKING:
    from .client import Client

T = TypeVar("T")
S = TypeVar("S", bound="Stream[object]")


class Stream(Generic[T]):
    """Iterate it: each is for one thread of those that do. Ends when it is closed."""

    def __init__(self, client: Client, source: Source[T]) -> None:
        self._client = client
        self._source = source

    def next(self, timeout: Optional[float] = None) -> Optional[T]:
        """The next one; None where none came in time. Raises Closed, or what the bridge refused it with."""
        found: List[T] = []

        def is_there() -> bool:
            one = self._source.take()
            if one is not None:
                found.append(one)
                if self._source.owes_a_turn:
                    self._client._nudge(0)
            return one is not None or self._source.error is not None

        try:
            self._client._wait(is_there, timeout, "")
        except Timeout:
            return None
        if found:
            return found[0]
        error = self._source.error
        assert error is not None
        raise error

    def __iter__(self) -> Iterator[T]:
        while True:
            try:
                found = self.next()
            except Closed:
                return
            if found is not None:
                yield found

    def close(self) -> None:
        """What nobody has looked at goes back. What was handed out may still be answered."""
        with self._client._entered():
            self._source.end()
            self._client._nudge(0)

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

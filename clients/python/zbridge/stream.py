"""What a client with threads iterates: a subscription, checks.

Thread:  as the client: any.
"""
from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Generic, Iterator, List, Optional, Type, TypeVar

from .errors import Closed, Error, Timeout

if TYPE_CHECKING:
    from .client import Client

T = TypeVar("T")
S = TypeVar("S", bound="Stream[object]")


class Stream(Generic[T]):
    """Iterate it: each is for one thread of those that do. Ends when it is closed."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def _take(self) -> Optional[T]:
        """The next one that is there."""
        raise NotImplementedError

    def _ended_by(self) -> Optional[Error]:
        raise NotImplementedError

    def _end(self) -> None:
        raise NotImplementedError

    def next(self, timeout: Optional[float] = None) -> Optional[T]:
        """The next one; None where none came in time. Raises Closed, or what the bridge refused it with."""
        found: List[T] = []

        def is_there() -> bool:
            one = self._take()
            if one is not None:
                found.append(one)
            return one is not None or self._ended_by() is not None

        try:
            self._client._wait(is_there, timeout, "")
        except Timeout:
            return None
        if found:
            return found[0]
        error = self._ended_by()
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
            self._end()
            self._client._nudge(0)

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

"""What a client with threads is asked about: see core/checking.py.

Thread:  as the client: any.
"""
from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Iterator, List, Optional, Type

from .core.checking import Check
from .core.checking import Checks as CoreChecks
from .errors import Closed, Timeout

if TYPE_CHECKING:
    from .client import Client


class Checks:
    """Iterate it: each check is for one thread of those that do. Ends when it is closed."""

    def __init__(self, client: Client, inner: CoreChecks) -> None:
        self._client = client
        self._inner = inner

    def next(self, timeout: Optional[float] = None) -> Optional[Check]:
        """The next one; None where none came in time. Raises Closed, or what the bridge refused it with."""
        found: List[Check] = []

        def is_there() -> bool:
            one = self._client._core.checking.take(self._inner)
            if one is not None:
                found.append(one)
            return one is not None or self._inner.error is not None

        try:
            self._client._wait(is_there, timeout, "")
        except Timeout:
            return None
        if found:
            return found[0]
        assert self._inner.error is not None
        raise self._inner.error

    def __iter__(self) -> Iterator[Check]:
        while True:
            try:
                found = self.next()
            except Closed:
                return
            if found is not None:
                yield found

    def close(self) -> None:
        """What is in hand may still be answered."""
        with self._client._entered():
            self._client._core.checking.unsubscribe(self._inner)
            self._client._nudge(0)

    def __enter__(self) -> Checks:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

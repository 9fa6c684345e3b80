"""What a client with threads reads of a topic: see core/reading.py.

Thread:  as the client: any.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from .core.reading import Reading, Record
from .errors import Error
from .stream import Stream

if TYPE_CHECKING:
    from .client import Client


class Reader(Stream[Record]):
    """Iterate it: each record is for one thread of those that do. Ends when it is closed."""

    def __init__(self, client: Client, inner: Reading) -> None:
        super().__init__(client)
        self._inner = inner

    def _take(self) -> Optional[Record]:
        found = self._client._core.readings.take(self._inner)
        if found is not None and self._client._core.readings.has_more:
            self._client._nudge(0)
        return found

    def _ended_by(self) -> Optional[Error]:
        return self._inner.error

    def _end(self) -> None:
        self._client._core.readings.close(self._inner)

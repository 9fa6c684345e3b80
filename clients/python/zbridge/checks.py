"""What a client with threads is asked about: see core/checking.py.

Thread:  as the client: any.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from .core.checking import Check
from .core.checking import Checks as CoreChecks
from .errors import Error
from .stream import Stream

if TYPE_CHECKING:
    from .client import Client


class Checks(Stream[Check]):
    """Iterate it: each check is for one thread of those that do. Ends when it is closed."""

    def __init__(self, client: Client, inner: CoreChecks) -> None:
        super().__init__(client)
        self._inner = inner

    def _take(self) -> Optional[Check]:
        return self._client._core.checking.take(self._inner)

    def _ended_by(self) -> Optional[Error]:
        return self._inner.error

    def _end(self) -> None:
        self._client._core.checking.unsubscribe(self._inner)

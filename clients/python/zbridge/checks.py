"""What a client with threads is asked about: see core/checking.py.

Thread:  as the client: any.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from .core.checking import Check
from .core.checking import Checks as CoreChecks
from .sources import Asked
from .stream import Stream

if TYPE_CHECKING:
    from .client import Client


class Checks(Stream[Check]):
    """Iterate it: each check is for one thread of those that do. Ends when it is closed."""

    def __init__(self, client: Client, inner: CoreChecks) -> None:
        super().__init__(client, Asked(client._core, inner))

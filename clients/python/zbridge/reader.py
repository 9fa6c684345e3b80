"""What a client with threads reads of a topic: see core/reading.py.

Thread:  as the client: any.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from .core.reading import Reading, Record
from .sources import Records
from .stream import Stream

if TYPE_CHECKING:
    from .client import Client


class Reader(Stream[Record]):
    """Iterate it: each record is for one thread of those that do. Ends when it is closed."""

    def __init__(self, client: Client, inner: Reading) -> None:
        super().__init__(client, Records(client._core, inner))

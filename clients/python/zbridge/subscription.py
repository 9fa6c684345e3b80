"""What a client with threads delivers to its program: iterated, or by a handler.

Thread:  as the client: any. A handler's threads are its Server's.
"""
from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Callable, Optional

from .core.delivery import Delivery
from .core.inbox import Subscription as CoreSubscription
from .crew import Crew
from .errors import Error
from .sources import Deliveries
from .stream import Stream

if TYPE_CHECKING:
    from .client import Client

_log = logging.getLogger("zbridge")


class Subscription(Stream[Delivery]):
    """Iterate it: each delivery is for one thread of those that do. Ends when it is closed."""

    def __init__(self, client: Client, inner: CoreSubscription) -> None:
        super().__init__(client, Deliveries(client._core, inner))
        self._inner = inner

    def set_credit(self, credit: int) -> None:
        """From now on at most so many delivered and not settled; 0 pauses."""
        if not 0 <= credit < 1 << 32:
            raise ValueError("credit: from 0 on, 32 bits")
        with self._client._entered():
            self._client._core.inbox.set_credit(self._inner, credit)
            self._client._nudge(0)


class Server(Crew):
    """Threads that call a handler with each delivery of a subscription."""

    def __init__(self, subscription: Subscription, handler: Callable[[Delivery], None], threads: int) -> None:
        self._subscription = subscription
        self._handler = handler
        self._error: Optional[Error] = None
        super().__init__(self._work, "zbridge handler", threads)

    def _ended_by(self) -> Optional[Error]:
        return self._error

    def _end(self) -> None:
        self._subscription.close()

    def _work(self) -> None:
        try:
            for delivery in self._subscription:
                try:
                    with delivery:
                        self._handler(delivery)
                except Exception:  # the bridge was told: it is the reason of the retry
                    _log.warning("a handler failed on %r", delivery, exc_info=True)
        except Error as error:
            self._error = error

"""What a client with threads delivers to its program: iterated, or by a handler.

Thread:  as the client: any. A handler's threads are its Server's.
"""
from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Callable, Iterator, List, Optional, Type

from .base import clock_ms
from .core.delivery import Delivery
from .core.inbox import Subscription as CoreSubscription
from .errors import Closed, Error, Timeout

if TYPE_CHECKING:
    from .client import Client

_log = logging.getLogger("zbridge")


class Subscription:
    """Iterate it: each delivery is for one thread of those that do. Ends when it is closed."""

    def __init__(self, client: Client, inner: CoreSubscription) -> None:
        self._client = client
        self._inner = inner

    def next(self, timeout: Optional[float] = None) -> Optional[Delivery]:
        """The next delivery; None where none came in time. Raises Closed, or what the bridge refused it with."""
        found: List[Delivery] = []

        def is_there() -> bool:
            one = self._client._core.inbox.take(self._inner)
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

    def __iter__(self) -> Iterator[Delivery]:
        while True:
            try:
                found = self.next()
            except Closed:
                return
            if found is not None:
                yield found

    def set_credit(self, credit: int) -> None:
        """From now on at most so many delivered and not settled; 0 pauses."""
        if not 0 <= credit < 1 << 32:
            raise ValueError("credit: from 0 on, 32 bits")
        with self._client._entered():
            self._client._core.inbox.set_credit(self._inner, credit)
            self._client._nudge(0)

    def close(self) -> None:
        """Gives back what nobody has looked at. What was handed out is still to be settled."""
        with self._client._entered():
            self._client._core.inbox.unsubscribe(self._inner, clock_ms())
            self._client._nudge(0)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()


class Server:
    """Threads that call a handler with each delivery of a subscription."""

    def __init__(self, subscription: Subscription, handler: Callable[[Delivery], None], threads: int) -> None:
        self._subscription = subscription
        self._handler = handler
        self._error: Optional[Error] = None
        self._threads = [threading.Thread(target=self._work, name=f"zbridge handler {n}", daemon=True) for n in range(threads)]
        for each in self._threads:
            each.start()

    def join(self, timeout: Optional[float] = None) -> None:
        """Until the subscription ends; raises what the bridge ended it with."""
        ends = ends_at(timeout)
        for each in self._threads:
            each.join(left_until(ends))
            if each.is_alive():
                raise Timeout(f"not within {timeout:.3g} s: the handlers go on")
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """No further deliveries; waits for the handlers that are at work."""
        self._subscription.close()
        if threading.current_thread() not in self._threads:
            self.join()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

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


def ends_at(timeout: Optional[float]) -> Optional[float]:
    return None if timeout is None else time.monotonic() + timeout


def left_until(ends: Optional[float]) -> Optional[float]:
    return None if ends is None else max(0.0, ends - time.monotonic())

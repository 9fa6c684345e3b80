"""What a client iterates, as its core has it: the same with threads and with asyncio."""
from __future__ import annotations

from typing import Generic, Optional, TypeVar

from .base import clock_ms
from .core.checking import Check, Checks
from .core.core import Core
from .core.delivery import Delivery
from .core.inbox import Subscription
from .core.reading import Reading, Record
from .errors import Error

T = TypeVar("T")


class Source(Generic[T]):
    """Of one subscription, in the core's own state: none of it waits."""

    def take(self) -> Optional[T]:
        """The next one that is there."""
        raise NotImplementedError

    @property
    def error(self) -> Optional[Error]:
        """What it ended by."""
        raise NotImplementedError

    @property
    def owes_a_turn(self) -> bool:
        """The bridge is to hear of what was taken."""
        return False

    def end(self) -> None:
        raise NotImplementedError


class Deliveries(Source[Delivery]):
    def __init__(self, core: Core, inner: Subscription) -> None:
        self._core, self._inner = core, inner

    def take(self) -> Optional[Delivery]:
        return self._core.inbox.take(self._inner)

    @property
    def error(self) -> Optional[Error]:
        return self._inner.error

    def end(self) -> None:
        self._core.inbox.unsubscribe(self._inner, clock_ms())


class Asked(Source[Check]):
    def __init__(self, core: Core, inner: Checks) -> None:
        self._core, self._inner = core, inner

    def take(self) -> Optional[Check]:
        return self._core.checking.take(self._inner)

    @property
    def error(self) -> Optional[Error]:
        return self._inner.error

    def end(self) -> None:
        self._core.checking.unsubscribe(self._inner)


class Records(Source[Record]):
    def __init__(self, core: Core, inner: Reading) -> None:
        self._core, self._inner = core, inner

    def take(self) -> Optional[Record]:
        return self._core.readings.take(self._inner)

    @property
    def error(self) -> Optional[Error]:
        return self._inner.error

    @property
    def owes_a_turn(self) -> bool:
        return self._core.readings.has_more

    def end(self) -> None:
        self._core.readings.close(self._inner)

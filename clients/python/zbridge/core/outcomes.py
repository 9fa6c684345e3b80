"""What the application waits for of its verdicts and extensions."""
from __future__ import annotations

from typing import List, Optional

from ..errors import Error, Stale
from .delivery import Delivery
from .pending import Owner, Pending


class Settlement(Pending[None]):
    """Of one call of a verb, for one delivery or several. Its error is Stale where not all were settled by it."""

    __slots__ = ("remaining", "stale", "unsure")

    def __init__(self, owner: Owner, count: int) -> None:
        super().__init__(owner)
        self.remaining = count
        self.stale = 0
        self.unsure = 0

    def value(self) -> None:
        return None

    def learn(self, stale: bool, certain: bool, error: Optional[Error]) -> None:
        """Of one of its deliveries."""
        self.remaining -= 1
        self.stale += stale and certain
        self.unsure += stale and not certain
        if error is not None:
            self.finish(error)
        elif self.remaining <= 0 and self.stale:
            self.finish(Stale(f"{self.stale} no longer open, {self.unsure} perhaps"))
        elif self.remaining <= 0:
            self.finish(Stale(f"{self.unsure} perhaps no longer open", certain=False) if self.unsure else None)


class Extension(Pending[None]):
    """Its error is Stale where one of its deliveries is nobody's to extend."""

    __slots__ = ("deliveries", "lease_ms", "remaining", "stale")

    def __init__(self, owner: Owner, deliveries: List[Delivery], lease_ms: Optional[int]) -> None:
        super().__init__(owner)
        self.deliveries = deliveries
        self.lease_ms = lease_ms
        self.remaining = len(deliveries)
        self.stale = 0

    def value(self) -> None:
        return None

"""Fetches: each asked on one connection after the other, until it is answered.

Flow:    add() -> RECEIVE ... DELIVER -> answered() -> the inbox makes its result of what came
Promise: a fetch whose answer was lost with its connection is asked again with the same `attempt`: the messages that the
         session of a name still holds for it come to it, and no other way.
Limits:  Limits.receives wait at a time, others wait here.
"""
from __future__ import annotations

from collections import deque
from typing import Callable, Deque, Dict, List, Optional, Sequence

from .. import wire
from ..errors import Closed, Error, Violation
from ..options import Limits
from .delivery import Delivery
from .doubts import Doubts
from .pending import Owner, Pending

GiveBack = Callable[[str, List[wire.Place], int], None]  # group, tokens of what never came, now in ms


class Fetch(Pending[List[Delivery]]):
    """A RECEIVE: its result is what came, at most `max`; nothing where nothing came within the wait."""

    __slots__ = ("group", "max", "deadline_ms", "lease_ms", "auto_extend_ms", "attributes", "deliveries", "attempt", "again")

    def __init__(self, owner: Owner, group: str, max_: int, deadline_ms: int, lease_ms: Optional[int],
                 auto_extend_ms: int, attributes: bool = False) -> None:
        super().__init__(owner)
        self.group = group
        self.max = max_
        self.deadline_ms = deadline_ms
        self.lease_ms = lease_ms
        self.auto_extend_ms = auto_extend_ms
        self.attributes = attributes
        self.deliveries: List[Delivery] = []
        self.attempt = 0  # what the bridge knows it by over connections: another for each time it is not the same again
        self.again = False  # it was asked on a connection that is lost, and its answer never came

    def value(self) -> List[Delivery]:
        return self.deliveries


class Fetching:
    def __init__(self, give_back: GiveBack, next_ref: Callable[[], int]) -> None:
        self._give_back = give_back
        self._next_ref = next_ref
        self._asked: Dict[int, Fetch] = {}  # on this connection, by ref
        self._waiting: Deque[Fetch] = deque()  # to be asked
        self._attempts = 0
        self._doubts = Doubts()
        self.limits = Limits()

    # --- the application's side -----------------------------------------------------------------------------------

    def add(self, fetch: Fetch) -> None:
        self._waiting.append(fetch)

    def close(self, now_ms: int) -> None:
        self._finish_all(Closed("the client is closing"))
        self._waiting.clear()
        self._settle_doubts(now_ms)

    def fail(self, error: Error) -> None:
        self._finish_all(error)
        self._asked.clear()
        self._waiting.clear()
        self._doubts.clear()

    # --- the connection's side ------------------------------------------------------------------------------------

    def give_back_unknown(self, group: str, places: Sequence[wire.Place], now_ms: int) -> None:
        """What the session holds and never came here goes back: at once, or where a fetch that is asked again may be answered
        with it, when its answer is there."""
        self._doubts.add(group, places)
        self._settle_doubts(now_ms)

    def end_session(self) -> None:
        self._doubts.clear()  # the next WELCOME lists them
        lost = [each for each in self._asked.values() if not each.done]
        for fetch in lost:
            fetch.again = True
        self._waiting.extendleft(reversed(lost))
        self._asked.clear()

    def leave(self, now_ms: int) -> None:
        """Those that wait do not ask here any more: what was theirs goes back."""
        for fetch in self._waiting:
            fetch.again = False
        self._settle_doubts(now_ms)

    # `in_session`: the bridge may be asked.

    def next_deadline(self, in_session: bool) -> Optional[int]:
        if not self._waiting:
            return None
        return 0 if self._can_ask(in_session) else min(each.deadline_ms for each in self._waiting)

    def tick(self, in_session: bool, now_ms: int) -> None:
        """Those that never got to ask."""
        if self._waiting and not self._can_ask(in_session):
            late = [each for each in self._waiting if each.deadline_ms <= now_ms]
            for fetch in late:
                self._waiting.remove(fetch)
                fetch.finish()
            self._settle_doubts(now_ms)

    def take_said(self, in_session: bool, now_ms: int) -> Optional[wire.Frames]:
        while self._waiting and self._can_ask(in_session):
            fetch = self._waiting.popleft()
            if fetch.done:  # cancelled
                self._settle_doubts(now_ms)
                continue
            ref = self._next_ref()
            self._asked[ref] = fetch
            if not fetch.again:
                self._attempts += 1
                fetch.attempt = self._attempts
            # What it was answered with comes at once: only then is it known whose the rest is.
            wait_ms = 0 if fetch.again and fetch.group in self._doubts else max(0, fetch.deadline_ms - now_ms)
            return wire.encode("RECEIVE", {"ref": ref, "group": fetch.group, "max": fetch.max, "wait": wait_ms,
                                           "lease": fetch.lease_ms, "attributes": fetch.attributes or None,
                                           "attempt": fetch.attempt})
        return None

    def asked(self, ref: int) -> Fetch:
        fetch = self._asked.get(ref)
        if fetch is None:
            raise Violation("DELIVER for a RECEIVE that is not there")
        return fetch

    def answered(self, ref: int, came: Sequence[Delivery], now_ms: int) -> bool:
        """Whether it had been asked again: then nothing may have come before its wait was over."""
        fetch = self._asked.pop(ref)
        was_again, fetch.again = fetch.again, False
        self._doubts.came(fetch.group, [each.place for each in came])
        self._settle_doubts(now_ms)
        return was_again

    def on_refused(self, ref: int, error: Error, now_ms: int) -> None:
        fetch = self._asked.pop(ref, None)
        if fetch is not None:
            fetch.finish(error)
            self._settle_doubts(now_ms)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _can_ask(self, in_session: bool) -> bool:
        return in_session and len(self._asked) < self.limits.receives

    def _finish_all(self, error: Error) -> None:
        for fetch in [*self._asked.values(), *self._waiting]:
            fetch.finish(error)

    def _settle_doubts(self, now_ms: int) -> None:
        """What no fetch can be answered with any more goes back."""
        if self._doubts:
            asked_again = {each.group for each in [*self._asked.values(), *self._waiting] if each.again}
            for group, places in self._doubts.take(asked_again):
                self._give_back(group, places, now_ms)

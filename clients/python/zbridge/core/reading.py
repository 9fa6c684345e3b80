"""Topics that are read, without a group: every message from a place on, in order. Nothing is settled.

Flow:    SUBSCRIBE (topic) ... DELIVER -> [reading] -> Record; CREDIT as the application takes them
Promise: each message is taken once, in order, over lost connections and restarts: it goes on behind the last one that was taken.
Limits:  Reading.credit offsets ahead of what was taken.
"""
from __future__ import annotations

from collections import deque
from typing import Any, Callable, Deque, Dict, List, NamedTuple, Optional

from .. import wire
from ..errors import Closed, Error, Violation


class Record(NamedTuple):
    """A message of a topic. `attributes`: where they were asked for, and it has any."""

    offset: int
    frames: List[bytes]
    attributes: Optional[Dict[str, Any]]

    @property
    def body(self) -> bytes:
        """The message where it has one frame, else the last of them."""
        return self.frames[-1]


class Reading:
    """A subscription to a topic. Its verbs are the clients'."""

    def __init__(self, sub: int, topic: str, credit: int, attributes: bool, start: Dict[str, Any]) -> None:
        self.sub = sub
        self.topic = topic
        self.credit = credit
        self.attributes = attributes
        self.start = start  # where it begins; of one that has begun the `offset` where it goes on
        self.told = 0  # the bridge, by SUBSCRIBE or CREDIT: all below is done with
        self.asked = False  # SUBSCRIBE is said on this connection
        self.error: Optional[Error] = None  # closed, or refused
        self.buffer: Deque[Record] = deque()


class Readings:
    def __init__(self, next_sub: Callable[[], int]) -> None:
        self._next_sub = next_sub
        self._readings: Dict[int, Reading] = {}
        self._say: Deque[wire.Frames] = deque()
        self._in_session = False

    # --- the application's side -----------------------------------------------------------------------------------

    def read(self, topic: str, credit: int, attributes: bool, start: Dict[str, Any]) -> Reading:
        made = Reading(self._next_sub(), topic, credit, attributes, start)
        self._readings[made.sub] = made
        self._ask(made)
        return made

    def take(self, reading: Reading) -> Optional[Record]:
        if not reading.buffer:
            return None
        found = reading.buffer.popleft()
        done = found.offset + 1
        reading.start = {"offset": done}
        if done - reading.told >= max(reading.credit // 2, 1) and self._in_session:
            reading.told = done
            self._say.append(wire.encode("CREDIT", {"sub": reading.sub, "credit": reading.credit, "offset": done}))
        return found

    def close(self, reading: Reading) -> None:
        if reading.error is not None:
            return
        reading.error = Closed("it is closed")
        reading.buffer.clear()
        if reading.asked and self._in_session:
            self._say.append(wire.encode("UNSUBSCRIBE", {"sub": reading.sub}))
        else:
            self._readings.pop(reading.sub, None)

    def close_all(self) -> None:
        for each in list(self._readings.values()):
            self.close(each)

    def fail(self, error: Error) -> None:
        for each in self._readings.values():
            each.error = each.error or error
            each.buffer.clear()
        self._readings.clear()
        self._say.clear()

    # --- the connection's side ------------------------------------------------------------------------------------

    def has(self, sub: object) -> bool:
        return isinstance(sub, int) and sub in self._readings

    def begin_session(self) -> None:
        self._in_session = True
        for each in list(self._readings.values()):
            if each.error is not None:
                del self._readings[each.sub]
            else:
                self._ask(each)

    def end_session(self) -> None:
        self._in_session = False
        self._say.clear()
        for each in self._readings.values():
            each.buffer.clear()
            each.asked = False

    @property
    def has_more(self) -> bool:
        """take_said() has something."""
        return bool(self._say)

    def take_said(self) -> Optional[wire.Frames]:
        return self._say.popleft() if self._say else None

    def on_subscribed(self, fields: wire.Fields) -> None:
        reading = self._readings[fields["sub"]]
        reading.told = wire.field(fields, "offset", int)
        reading.start = {"offset": reading.told}

    def on_deliver(self, heard: wire.Heard) -> None:
        reading = self._readings[heard.fields["sub"]]
        first, count = wire.field(heard.fields, "offset", int), wire.field(heard.fields, "count", int)
        messages = wire.bodies(heard.block) if heard.block is not None else []
        attributes = heard.fields.get("attributes") or [None]  # one entry, for all of them
        if len(messages) != count or not isinstance(attributes, list):
            raise Violation("a DELIVER with another count than its block")
        if reading.error is None:
            reading.buffer.extend(Record(first + n, frames, attributes[0]) for n, frames in enumerate(messages))

    def on_unsubscribed(self, sub: int) -> None:
        self._readings.pop(sub, None)

    def on_refused_sub(self, sub: int, error: Error) -> None:
        reading = self._readings[sub]
        if error.code != "shutting_down":
            reading.error = reading.error or error
            del self._readings[sub]

    # --- inside ---------------------------------------------------------------------------------------------------

    def _ask(self, reading: Reading) -> None:
        if self._in_session:
            reading.asked = True
            self._say.append(wire.encode("SUBSCRIBE", {"sub": reading.sub, "topic": reading.topic, "credit": reading.credit,
                                                       **reading.start, "attributes": reading.attributes or None}))

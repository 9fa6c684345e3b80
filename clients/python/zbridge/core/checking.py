"""What a client is asked about: messages that were prepared for a topic, and that nobody has resolved in time.

Flow:    SUBSCRIBE with `checks` ... CHECK -> [checking] -> Check -> asking.py (COMMIT, ROLLBACK) | UNKNOWN
Promise: what the application has not seen when a connection is lost is forgotten: the bridge asks again.
Limits:  Checks.credit of them are asked at once and not answered.
"""
from __future__ import annotations

from collections import deque
from typing import Any, Callable, Deque, Dict, List, Optional

from .. import wire
from ..errors import Closed, Error, Violation
from .pending import Owner, Pending


class Check:
    """Is this message to be? `commit` it, `rollback` it, or say that it is `unknown` yet: then it is asked again."""

    __slots__ = ("owner", "topic", "token", "number", "of", "id", "frames", "attributes")

    def __init__(self, owner: Owner, topic: str, fields: wire.Fields, frames: List[bytes]) -> None:
        self.owner = owner
        self.topic = topic
        self.token: bytes = wire.field(fields, "token", bytes)
        self.number: int = wire.field(fields, "number", int)  # the first is 1
        self.of: int = wire.field(fields, "of", int)
        self.id = wire.MessageId(wire.Place.read(fields.get("id")).octets())
        self.frames = frames
        self.attributes: Optional[Dict[str, Any]] = fields.get("attributes")

    @property
    def body(self) -> bytes:
        """The message where it has one frame, else the last of them."""
        return self.frames[-1]

    def commit(self) -> Pending[wire.MessageId]:
        return self.owner.resolve("COMMIT", self.token)  # type: ignore[no-any-return]

    def rollback(self) -> Pending[wire.MessageId]:
        return self.owner.resolve("ROLLBACK", self.token)  # type: ignore[no-any-return]

    def unknown(self) -> None:
        self.owner.unknown(self.token)


class Checks:
    """A subscription of a topic's checks. Its verbs are the clients'."""

    def __init__(self, sub: int, topic: str, credit: int, attributes: bool) -> None:
        self.sub = sub
        self.topic = topic
        self.credit = credit
        self.attributes = attributes
        self.is_open = False  # SUBSCRIBED is heard on this connection
        self.asked = False  # SUBSCRIBE is said on it
        self.error: Optional[Error] = None  # closed, or refused
        self.buffer: Deque[Check] = deque()


class Checking:
    def __init__(self, owner: Callable[[], Owner], next_sub: Callable[[], int]) -> None:
        self._owner = owner
        self._next_sub = next_sub
        self._checks: Dict[int, Checks] = {}
        self._say: Deque[wire.Frames] = deque()
        self._in_session = False

    # --- the application's side -----------------------------------------------------------------------------------

    def subscribe(self, topic: str, credit: int, attributes: bool) -> Checks:
        made = Checks(self._next_sub(), topic, credit, attributes)
        self._checks[made.sub] = made
        self._ask(made)
        return made

    def take(self, checks: Checks) -> Optional[Check]:
        return checks.buffer.popleft() if checks.buffer else None

    def unsubscribe(self, checks: Checks) -> None:
        if checks.error is not None:
            return
        checks.error = Closed("it is closed")
        checks.buffer.clear()
        if checks.asked and self._in_session:
            self._say.append(wire.encode("UNSUBSCRIBE", {"sub": checks.sub}))
        else:
            self._checks.pop(checks.sub, None)

    def unknown(self, token: bytes) -> None:
        """Of another connection: the bridge asks again by itself."""
        if self._in_session:
            self._say.append(wire.encode("UNKNOWN", {"tokens": [token]}))

    def close(self) -> None:
        for each in list(self._checks.values()):
            self.unsubscribe(each)

    def fail(self, error: Error) -> None:
        for each in self._checks.values():
            each.error = each.error or error
            each.buffer.clear()
        self._checks.clear()
        self._say.clear()

    # --- the connection's side ------------------------------------------------------------------------------------

    def begin_session(self) -> None:
        self._in_session = True
        for each in list(self._checks.values()):
            if each.error is not None:
                del self._checks[each.sub]
            else:
                self._ask(each)

    def end_session(self) -> None:
        self._in_session = False
        self._say.clear()
        for each in self._checks.values():
            each.buffer.clear()
            each.asked = each.is_open = False

    @property
    def has_more(self) -> bool:
        """take_said() has something."""
        return bool(self._say)

    def take_said(self) -> Optional[wire.Frames]:
        return self._say.popleft() if self._say else None

    def on_check(self, heard: wire.Heard) -> None:
        checks = self._checks.get(wire.field(heard.fields, "sub", int))
        messages = wire.bodies(heard.block) if heard.block is not None else []
        if checks is None or len(messages) != 1:
            raise Violation("a CHECK that is for nothing, or of another count than one")
        if checks.error is None:
            checks.buffer.append(Check(self._owner(), checks.topic, heard.fields, messages[0]))

    def on_subscribed(self, sub: int) -> None:
        if sub in self._checks:
            self._checks[sub].is_open = True

    def on_unsubscribed(self, sub: int) -> None:
        self._checks.pop(sub, None)

    def on_refused_sub(self, sub: int, error: Error) -> None:
        checks = self._checks.get(sub)
        if checks is not None and error.code != "shutting_down":
            checks.error = checks.error or error
            del self._checks[sub]

    # --- inside ---------------------------------------------------------------------------------------------------

    def _ask(self, checks: Checks) -> None:
        if self._in_session:
            checks.asked = True
            self._say.append(wire.encode("SUBSCRIBE", {"sub": checks.sub, "checks": checks.topic, "credit": checks.credit,
                                                       "attributes": checks.attributes or None}))

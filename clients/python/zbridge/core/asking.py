"""What is asked once and answered once: QUERY, RECALL, RESET, ADMIN; COMMIT and ROLLBACK of what was prepared.

Flow:    ask -> [asking] -> the command, with its `ref` ... the answer with that `ref` -> Ask.outcome()
Promise: each has an answer or an error. Over a lost connection it is asked again on the next where a second time changes nothing;
         where it would, it ends in Unanswered.
Limits:  Limits.asks wait at a time; others wait here.
"""
from __future__ import annotations

from collections import deque
from typing import Any, Callable, Deque, Dict, List, NamedTuple, Optional

from .. import wire
from ..errors import Error, Stale, Unanswered, Violation
from ..options import Limits
from .pending import Owner, Pending, T


class Found(NamedTuple):
    """A message that a query has found. `attributes`: as its producer said them; `stored_ms`: since 1970."""

    offset: int
    id: wire.MessageId
    stored_ms: int
    attributes: Dict[str, Any]
    frames: List[bytes]

    @property
    def body(self) -> bytes:
        """The message where it has one frame, else the last of them."""
        return self.frames[-1]


class Ask(Pending[T]):
    """`read` makes the value of the answer. `again`: it may be asked a second time."""

    __slots__ = ("name", "fields", "answer", "read", "again", "times", "found")

    def __init__(self, owner: Owner, name: str, fields: wire.Fields, answer: str, read: Callable[[wire.Heard], T],
                 again: bool = True) -> None:
        super().__init__(owner)
        self.name = name
        self.fields = fields
        self.answer = answer  # the name of it
        self.read = read
        self.again = again
        self.times = 0  # that it was said
        self.found: T

    def value(self) -> T:
        return self.found


class Asking:
    def __init__(self, next_ref: Callable[[], int]) -> None:
        self._next_ref = next_ref
        self._open: Dict[int, Ask[Any]] = {}  # asked on this connection
        self._waiting: Deque[Ask[Any]] = deque()
        self.limits = Limits()

    def add(self, ask: Ask[Any]) -> None:
        self._waiting.append(ask)

    @property
    def is_idle(self) -> bool:
        return not self._open and not self._waiting

    def has_more(self) -> bool:
        """take() has something."""
        return bool(self._waiting) and len(self._open) < self.limits.asks

    def take(self) -> Optional[wire.Frames]:
        if not self.has_more():
            return None
        ask = self._waiting.popleft()
        ask.times += 1
        ref = self._next_ref()
        self._open[ref] = ask
        return wire.encode(ask.name, {"ref": ref, **ask.fields})

    def end_session(self) -> None:
        """The connection is lost."""
        lost, self._open = list(self._open.values()), {}
        for ask in lost:
            if not ask.again:
                ask.finish(Unanswered(f"{ask.name}: the connection was lost before its answer"))
        self._waiting.extendleft(ask for ask in reversed(lost) if ask.again)

    def fail(self, error: Error) -> None:
        for ask in [*self._open.values(), *self._waiting]:
            ask.finish(error)
        self._open.clear()
        self._waiting.clear()

    def on_answer(self, heard: wire.Heard) -> None:
        ask = self._open.pop(wire.field(heard.fields, "ref", int), None)
        if ask is None or ask.answer != heard.name:
            raise Violation(f"{heard.name} that answers nothing")
        try:
            ask.found = ask.read(heard)
        except Violation as violation:
            ask.finish(violation)
            raise
        except Error as error:
            if isinstance(error, Stale):  # by this very call, it may be, when it was said before
                error.certain = ask.times == 1
            return ask.finish(error)
        ask.finish()

    def on_refused(self, ref: int, error: Error) -> None:
        ask = self._open.pop(ref, None)
        if ask is not None:
            ask.finish(error)


def read_found(heard: wire.Heard) -> List[Found]:
    entries = wire.field(heard.fields, "messages", list)
    messages = wire.bodies(heard.block) if heard.block is not None else []
    if len(entries) != len(messages):
        raise Violation("a FOUND with another count than its block")
    found = []
    for entry, frames in zip(entries, messages):
        if not isinstance(entry, list) or len(entry) < 4 or not isinstance(entry[3], (dict, type(None))):
            raise Violation("an entry of FOUND that is not as it should be")
        found.append(Found(int(entry[0]), wire.MessageId(wire.Place.read(entry[1]).octets()), int(entry[2]), entry[3] or {}, frames))
    return found


def read_done(heard: wire.Heard) -> None:
    return None


def read_report(heard: wire.Heard) -> Any:
    return heard.fields.get("report")


def read_resolved(heard: wire.Heard) -> wire.MessageId:
    """Of one token: the id of its message."""
    ids, refused = wire.field(heard.fields, "ids", list), heard.fields.get("refused", [])
    if len(ids) != 1 or not isinstance(refused, list):
        raise Violation("a RESOLVED of another count")
    if ids[0] is not None:
        return wire.MessageId(wire.Place.read(ids[0]).octets())
    if len(refused) != 1 or not isinstance(refused[0], list) or len(refused[0]) < 3:
        raise Violation("a RESOLVED that does not say why")
    raise Error.of(str(refused[0][1]), str(refused[0][2]))

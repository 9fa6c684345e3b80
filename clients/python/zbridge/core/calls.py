"""Services: what is called, and what is worked for.

Flow:    CALL ... REPLY -> Call;  SUBSCRIBE (service) ... CALL -> Task -> REPLY
Promise: a call is said once: over a lost connection it goes on as far as the bridge says that it does, else it fails
         with CallLost. A task's reply is said until the bridge may be taken to have it; said twice it counts once.
Limits:  Limits.calls have no answer at a time, others wait here; a Work has `credit` tasks at most, and no more replies.
"""
from __future__ import annotations

import heapq
from collections import deque
from typing import Callable, Deque, Dict, List, Optional, Sequence, Tuple

from .. import wire
from ..errors import CallLost, CallTimeout, Closed, Error, Unsupported, Violation
from ..options import Limits
from .pending import Owner, Pending

ANSWER_MS = 1000  # behind its timeout the bridge's word is waited for
REPLIES_MS = 10_000  # so long a reply may be said again on the next connection
ERROR_OCTETS = 1000


class Call(Pending[List[bytes]]):
    """Its result: the frames of the reply."""

    __slots__ = ("service", "block", "deadline_ms", "ref", "frames")

    def __init__(self, owner: Owner, service: str, block: bytes, deadline_ms: Optional[int]) -> None:
        super().__init__(owner)
        self.service = service
        self.block = block
        self.deadline_ms = deadline_ms
        self.ref = 0
        self.frames: List[bytes] = []

    def value(self) -> List[bytes]:
        return self.frames


class Task:
    """A call that this client is to answer: its handler returns the reply."""

    __slots__ = ("work", "call", "attempt", "frames", "ends_ms")

    def __init__(self, work: Work, call: bytes, attempt: int, frames: List[bytes], ends_ms: Optional[int]) -> None:
        self.work = work
        self.call = call
        self.attempt = attempt
        self.frames = frames
        self.ends_ms = ends_ms

    @property
    def body(self) -> bytes:
        """The request where it has one frame, else the last of them: `frames` has all."""
        return self.frames[-1]

    def __repr__(self) -> str:
        return f"<Task of {self.work.service}, attempt {self.attempt}>"


class Work:
    """A subscription of a service: its tasks, until somebody takes them, and its last replies."""

    def __init__(self, sub: int, service: str, credit: int) -> None:
        self.sub = sub
        self.service = service
        self.credit = credit
        self.asked = False  # SUBSCRIBE is said on this connection, and UNSUBSCRIBED not heard
        self.ending = False  # UNSUBSCRIBE is said on it
        self.carries = False  # it has, or had, tasks of a connection before
        self.error: Optional[Error] = None  # closed, or refused
        self.buffer: Deque[Task] = deque()
        self.handed = 0
        self.replies: Deque[Tuple[int, wire.Frames]] = deque(maxlen=max(credit, 1))  # (when, frames): it may not have them

    @property
    def has_tasks(self) -> bool:
        return bool(self.buffer) or self.handed > 0


class Calls:
    def __init__(self, has_name: bool, next_ref: Callable[[], int], next_sub: Callable[[], int]) -> None:
        self._has_name = has_name
        self._next_ref = next_ref
        self._next_sub = next_sub
        self._waiting: Deque[Call] = deque()  # to be said
        self._open: Dict[int, Call] = {}  # said, and not answered
        self._ends: List[Tuple[int, int, Call]] = []  # a heap: when, which
        self._calls = 0
        self._works: Dict[int, Work] = {}
        self._say: Deque[wire.Frames] = deque()
        self._leaving = False
        self.in_session = False
        self.limits = Limits()

    # --- the application's side -----------------------------------------------------------------------------------

    def call(self, call: Call) -> None:
        self._waiting.append(call)
        self._calls += 1
        if call.deadline_ms is not None:
            heapq.heappush(self._ends, (call.deadline_ms, self._calls, call))

    def work(self, service: str, credit: int) -> Work:
        made = Work(self._next_sub(), service, credit)
        self._works[made.sub] = made
        self._ask(made)
        return made

    def take(self, work: Work, now_ms: int) -> Optional[Task]:
        """The next that is worth doing. What is taken is to be replied to."""
        while work.buffer:
            found = work.buffer.popleft()
            if found.ends_ms is None or found.ends_ms > now_ms:
                work.handed += 1
                return found
            self._reply(work, found, "too late", None, now_ms)  # its place of the credit is free again
        self._end_if_done(work)
        return None

    def reply(self, task: Task, block: Optional[bytes], error: Optional[str], now_ms: int) -> None:
        task.work.handed -= 1
        self._reply(task.work, task, error, block, now_ms)
        self._end_if_done(task.work)

    def end(self, work: Work) -> None:
        """No further tasks; what has come is still to be done."""
        if work.error is not None:
            return
        work.error = Closed("the work is closed")
        self._stop(work)
        self._end_if_done(work)

    def close(self) -> None:
        for work in list(self._works.values()):
            self.end(work)

    def fail(self, error: Error) -> None:
        for call in [*self._open.values(), *self._waiting]:
            call.finish(error)
        for work in self._works.values():
            work.error = work.error or error
            work.buffer.clear()
        self._open.clear()
        self._waiting.clear()
        self._ends.clear()
        self._works.clear()
        self._say.clear()

    # --- the connection's side ------------------------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        return not self._waiting and not self.is_under_way

    @property
    def is_under_way(self) -> bool:
        """Something would be lost if this session ended now."""
        return bool(self._open or self._say) or any(each.asked or each.has_tasks for each in self._works.values())

    def begin_session(self, served: bool, resumed: Sequence[int], now_ms: int) -> None:
        """Of the calls that were said the bridge names those that go on."""
        self.in_session = True
        self._leaving = False
        if not served:
            return self.fail(Unsupported("this bridge does not serve `calls` here"))
        for ref in [each for each in self._open if each not in resumed]:
            self._open.pop(ref).finish(_lost())
        for work in list(self._works.values()):
            work.carries = work.has_tasks
            self._ask(work)
            self._say.extend(frames for when, frames in work.replies if now_ms - when < REPLIES_MS)
            self._end_if_done(work)
        return None

    def end_session(self) -> None:
        self.in_session = False
        self._say.clear()
        for work in list(self._works.values()):
            work.asked = work.ending = False
        if not self._has_name:
            for ref in list(self._open):
                self._open.pop(ref).finish(_lost())

    def leave(self) -> None:
        """The bridge ends: calls that it has taken are answered, no others; and no further tasks."""
        self._leaving = True
        for work in self._works.values():
            self._stop(work)

    def next_deadline(self) -> Optional[int]:
        if self._say or (self._waiting and self._can_call()):
            return 0
        while self._ends and self._ends[0][2].done:
            heapq.heappop(self._ends)
        return self._ends[0][0] if self._ends else None

    def tick(self, now_ms: int) -> None:
        while self._ends and self._ends[0][0] <= now_ms:
            ends_ms, number, call = heapq.heappop(self._ends)
            if call.done:
                continue
            if not call.ref:
                call.finish(CallTimeout("it never left: no connection"))
                self._waiting.remove(call)
            elif ends_ms == call.deadline_ms:
                heapq.heappush(self._ends, (ends_ms + ANSWER_MS, number, call))
            else:
                self._open.pop(call.ref, None)
                call.finish(CallTimeout("the bridge does not answer"))

    def take_said(self, now_ms: int) -> Optional[wire.Frames]:
        if self._say:
            return self._say.popleft()
        while self._waiting and self._can_call():
            call = self._waiting.popleft()
            if call.done:
                continue
            call.ref = self._next_ref()
            self._open[call.ref] = call
            left_ms = None if call.deadline_ms is None else max(1, call.deadline_ms - now_ms)
            return wire.encode("CALL", {"ref": call.ref, "service": call.service, "timeout": left_ms}, call.block)
        return None

    def has(self, sub: int) -> bool:
        return sub in self._works

    def on_unsubscribed(self, sub: int) -> None:
        work = self._works[sub]
        work.asked = work.ending = False
        self._end_if_done(work)

    def on_refused_sub(self, sub: int, re: str, error: Error) -> None:
        work = self._works[sub]
        if re == "SUBSCRIBE" and error.code != "shutting_down":
            work.error = work.error or error
            work.asked = False
            self._end_if_done(work)

    def on_refused(self, ref: int, error: Error) -> None:
        call = self._open.pop(ref, None)
        if call is not None:
            call.finish(error)

    def on_reply(self, heard: wire.Heard) -> None:
        call = self._open.pop(wire.field(heard.fields, "ref", int), None)
        frames = _one(heard)
        if call is not None:
            call.frames = frames
            call.finish()

    def on_call(self, heard: wire.Heard, now_ms: int) -> None:
        work = self._works.get(wire.field(heard.fields, "sub", int))
        if work is None:
            raise Violation("CALL for a subscription that is not there")
        call = wire.Place.read(heard.fields.get("call")).octets()
        left_ms = wire.field(heard.fields, "timeout", int) if "timeout" in heard.fields else None
        ends_ms = None if left_ms is None else now_ms + left_ms
        work.buffer.append(Task(work, call, wire.field(heard.fields, "attempt", int), _one(heard), ends_ms))

    # --- inside ---------------------------------------------------------------------------------------------------

    def _can_call(self) -> bool:
        return self.in_session and not self._leaving and len(self._open) < self.limits.calls

    def _ask(self, work: Work) -> None:
        if self.in_session and not self._leaving:
            work.asked, work.ending = True, False
            credit = work.credit if work.error is None else 0
            self._say.append(wire.encode("SUBSCRIBE", {"sub": work.sub, "service": work.service, "credit": credit}))

    def _reply(self, work: Work, task: Task, error: Optional[str], block: Optional[bytes], now_ms: int) -> None:
        if error is not None:
            error = error.encode(errors="replace")[:ERROR_OCTETS].decode(errors="ignore")
        frames = wire.encode("REPLY", {"sub": work.sub, "call": task.call, "error": error}, block)
        work.replies.append((now_ms, frames))
        if self.in_session:
            self._say.append(frames)

    def _stop(self, work: Work) -> None:
        """No further tasks. For replies to those of a connection before the subscription has to stay."""
        if not work.asked or work.ending or not self.in_session:
            return
        if work.carries and work.has_tasks:
            self._say.append(wire.encode("CREDIT", {"sub": work.sub, "credit": 0}))
        else:
            work.ending = True
            self._say.append(wire.encode("UNSUBSCRIBE", {"sub": work.sub}))

    def _end_if_done(self, work: Work) -> None:
        if work.has_tasks or (work.error is None and not self._leaving):
            return
        if work.asked:
            self._stop(work)
        elif work.error is not None:
            self._works.pop(work.sub, None)


def _one(heard: wire.Heard) -> List[bytes]:
    messages = wire.bodies(heard.block) if heard.block is not None else []
    if len(messages) != 1:
        raise Violation(f"{heard.name} without one message in its block")
    return messages[0]


def _lost() -> CallLost:
    return CallLost("the connection was lost: whether it has been executed is not known")

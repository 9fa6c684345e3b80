"""What a client with threads works on: a handler for each call of a service.

Thread:  the handler runs in its Worker's threads.
"""
from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Callable, List, Optional, Sequence, Union

from . import wire
from .base import clock_ms, reason_of
from .core.calls import Task, Work
from .crew import Crew
from .errors import Closed, Error
from .message import Bytes, frames_of

if TYPE_CHECKING:
    from .client import Client

Reply = Union[Bytes, Sequence[Bytes]]
_log = logging.getLogger("zbridge")


def reply_of(value: Reply) -> bytes:
    return wire.body(frames_of(value))


class Worker(Crew):
    """Threads that call a handler with each call of a service."""

    def __init__(self, client: Client, work: Work, handler: Callable[[Task], Reply], threads: int) -> None:
        self._client = client
        self._work = work
        self._handler = handler
        super().__init__(self._run, "zbridge worker", threads)

    def _ended_by(self) -> Optional[Error]:
        return None if isinstance(self._work.error, Closed) else self._work.error

    def _end(self) -> None:
        with self._client._entered():
            self._client._core.calls.end(self._work)
            self._client._nudge(0)

    def _run(self) -> None:
        while (task := self._next()) is not None:
            reply: Optional[bytes] = None
            error: Optional[str] = None
            try:
                reply = reply_of(self._handler(task))
            except Exception as failed:  # the caller is told
                _log.warning("a handler failed on %r", task, exc_info=True)
                error = reason_of(failed)
            try:
                with self._client._entered():
                    self._client._core.reply(task, reply, error, clock_ms())
                    self._client._nudge(0)
            except Error:
                return  # the client has ended: nobody can be told

    def _next(self) -> Optional[Task]:
        """None: there are no more."""
        found: List[Task] = []

        def is_there() -> bool:
            one = self._client._core.calls.take(self._work, clock_ms())
            if one is not None:
                found.append(one)
            return one is not None or self._work.error is not None

        self._client._wait(is_there, None, "")
        return found[0] if found else None

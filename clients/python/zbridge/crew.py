"""Threads that run the handler of a program.

Thread:  join() and close() from any; close() from a handler does not wait.
"""
from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Callable, Optional, Type, TypeVar

from .errors import Error, Timeout

S = TypeVar("S", bound="Crew")


class Crew:
    """So many threads, until there is no more to do."""

    def __init__(self, run: Callable[[], None], name: str, threads: int) -> None:
        self._threads = [threading.Thread(target=run, name=f"{name} {n}", daemon=True) for n in range(threads)]
        for each in self._threads:
            each.start()

    def _ended_by(self) -> Optional[Error]:
        raise NotImplementedError

    def _end(self) -> None:
        raise NotImplementedError

    def join(self, timeout: Optional[float] = None) -> None:
        """Until there is no more to do; raises what the bridge ended it with."""
        ends = ends_at(timeout)
        for each in self._threads:
            each.join(left_until(ends))
            if each.is_alive():
                raise Timeout(f"not within {timeout:.3g} s: the handlers go on")
        error = self._ended_by()
        if error is not None:
            raise error

    def close(self) -> None:
        """Nothing further is handed out; waits for the handlers that are at work."""
        self._end()
        if threading.current_thread() not in self._threads:
            self.join()

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()


def ends_at(timeout: Optional[float]) -> Optional[float]:
    return None if timeout is None else time.monotonic() + timeout


def left_until(ends: Optional[float]) -> Optional[float]:
    return None if ends is None else max(0.0, ends - time.monotonic())

"""What an application waits for: the outcome of something that was sent to the bridge."""
from __future__ import annotations

from typing import Any, Callable, ContextManager, Generator, Generic, List, Optional, Protocol, TypeVar

from ..errors import Error

T = TypeVar("T")


class Owner(Protocol):
    """The client that drives the core: it knows how to wait."""

    def wait(self, pending: Pending[Any], timeout: Optional[float]) -> None:
        """Until it is done; Timeout. Only of the client with threads."""

    def future(self, pending: Pending[Any]) -> Generator[Any, None, None]:
        """Likewise, for `await`. Only of the asyncio client."""

    def guard(self) -> ContextManager[Any]:
        """Held where the core is used from outside of it."""

    def later(self, call: Callable[[], None]) -> None:
        """Soon, in no call of the core."""

    def settle(self, deliveries: Any, verdict: str, delay: Optional[float], reason: Optional[str]) -> Any:
        """See the clients."""

    def extend(self, deliveries: Any, lease: Optional[float]) -> Any:
        """See the clients."""

    def resolve(self, verb: str, token: bytes) -> Any:
        """COMMIT or ROLLBACK."""

    def unknown(self, token: bytes) -> Any:
        """Of a check: not yet."""


class Pending(Generic[T]):
    """Done once, with a value or an error. `result()` waits for it with the client of threads, `await` with the other."""

    __slots__ = ("owner", "done", "error", "_callbacks")

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.done = False
        self.error: Optional[Error] = None
        self._callbacks: Optional[List[Callable[[Any], None]]] = None

    def value(self) -> T:
        """Of one that is done without an error."""
        raise NotImplementedError

    def outcome(self) -> T:
        """Of one that is done: its value, or its error raised."""
        if self.error is not None:
            raise self.error
        return self.value()

    def result(self, timeout: Optional[float] = None) -> T:
        if not self.done:
            self.owner.wait(self, timeout)
        return self.outcome()

    def __await__(self) -> Generator[Any, None, T]:
        if not self.done:
            yield from self.owner.future(self)
        return self.outcome()

    def add_done_callback(self, call: Callable[[Any], None]) -> None:
        """call(self) when it is done: in the client's own thread, or in the event loop; it must not wait there."""
        with self.owner.guard():
            if self.done:
                self.owner.later(lambda: call(self))
            elif self._callbacks is None:
                self._callbacks = [call]
            else:
                self._callbacks.append(call)

    def finish(self, error: Optional[Error] = None) -> None:
        if self.done:
            return
        self.error = error
        self.done = True
        if self._callbacks:
            for call in self._callbacks:
                self.owner.later(lambda call=call: call(self))  # type: ignore[misc]
            self._callbacks = None

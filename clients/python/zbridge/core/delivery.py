"""A message that was delivered, and how it is settled."""
from __future__ import annotations

from datetime import timedelta
from typing import Any, Dict, List, Optional, Tuple, Union

from .. import wire
from .pending import Owner, Pending

BUFFERED, HANDED, SETTLED = range(3)
Key = Tuple[str, wire.Place]  # group, id: the message, under whatever token


class Delivery:
    """A message on loan: settle it once, before its lease ends. As a context manager: `ack` at the end of the block,
    `retry` where an exception leaves it, unless it was settled inside.

    What the verbs return may be waited for (`.result()`, or `await`): then it is durable. Nobody has to.
    """

    __slots__ = ("owner", "group", "place", "attempt", "id_place", "frames", "state", "lease_ms", "lease_ends_ms",
                 "extend_until_ms", "arrived_ms", "extending", "deferred", "attributes")

    def __init__(self, owner: Owner, group: str, place: wire.Place, attempt: int, id_place: wire.Place,
                 frames: List[bytes]) -> None:
        self.owner = owner
        self.group = group
        self.place = place
        self.attempt = attempt
        self.id_place = id_place
        self.frames = frames
        self.state = BUFFERED
        self.lease_ms: Optional[int] = None
        self.lease_ends_ms = 0
        self.extend_until_ms = 0
        self.arrived_ms = 0
        self.extending = False
        self.attributes: Optional[Dict[str, Any]] = None  # where they were asked for, and it has any
        self.deferred: Optional[Tuple[Any, Any]] = None  # the verdict that waits for the answer to EXTEND

    @property
    def body(self) -> bytes:
        """The message where it has one frame, else the last of them: `frames` has all."""
        return self.frames[-1]

    @property
    def id(self) -> wire.MessageId:
        return wire.MessageId(self.id_place.octets())

    @property
    def token(self) -> bytes:
        return self.place.octets()

    @property
    def key(self) -> Key:
        return self.group, self.id_place

    @property
    def is_settled(self) -> bool:
        return self.state == SETTLED

    def ack(self) -> Pending[None]:
        """It is done."""
        return self.owner.settle([self], "ack", None, None)  # type: ignore[no-any-return]

    def retry(self, delay: Union[float, timedelta, None] = None, reason: Optional[str] = None) -> Pending[None]:
        """Again, after so many seconds; None: as the group's backoff says."""
        seconds = delay.total_seconds() if isinstance(delay, timedelta) else delay
        return self.owner.settle([self], "retry", seconds, reason)  # type: ignore[no-any-return]

    def reject(self, reason: Optional[str] = None) -> Pending[None]:
        """To the dead letters."""
        return self.owner.settle([self], "reject", None, reason)  # type: ignore[no-any-return]

    def release(self) -> Pending[None]:
        """It was not looked at: again at once, for anybody, and no attempt is counted."""
        return self.owner.settle([self], "release", None, None)  # type: ignore[no-any-return]

    def extend(self, lease: Optional[float] = None) -> Pending[None]:
        """A new lease from now on, of so many seconds; None: the group's."""
        return self.owner.extend([self], lease)  # type: ignore[no-any-return]

    def __enter__(self) -> Delivery:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if not self.is_settled:
            if kind is None:
                self.ack()
            elif issubclass(kind, Exception):
                self.retry(reason=f"{kind.__name__}: {error}")
            else:  # KeyboardInterrupt and the like are no fault of the message
                self.release()

    def __repr__(self) -> str:
        return f"<Delivery {self.id} of {self.group}, attempt {self.attempt}>"

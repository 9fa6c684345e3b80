"""What is published, and what is checked of it before the bridge would close the connection over it."""
from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

import msgpack  # type: ignore[import-untyped]

Bytes = Union[bytes, bytearray, memoryview]
Property = Union[bool, int, float, str]
NAME = re.compile(r"[A-Za-z0-9%_.-]{1,127}\Z")
LEASE_MIN_S, LEASE_MAX_S = 1, 12 * 3600


@dataclass(frozen=True)
class Message:
    """A message with attributes. `body`: its one frame, or its frames."""

    body: Union[Bytes, Sequence[Bytes]]
    id: Optional[str] = None
    keys: Sequence[str] = ()
    order_key: Optional[str] = None
    tag: Optional[str] = None
    deliver_at: Union[datetime, int, None] = None  # a time, or milliseconds since 1970
    properties: Optional[Mapping[str, Property]] = None
    priority: Optional[int] = None  # 0 to 9, for groups that look at it

    def attributes(self) -> Optional[bytes]:
        """As msgpack; None where there are none."""
        found: Dict[str, Any] = {}
        if self.id is not None:
            found["id"] = text(self.id, "id")
        if self.keys:
            if isinstance(self.keys, str):
                raise TypeError("keys: a list of str, not one")
            found["keys"] = [text(each, "keys") for each in self.keys]
        if self.order_key is not None:
            found["order_key"] = text(self.order_key, "order_key")
        if self.tag is not None:
            found["tag"] = text(self.tag, "tag")
        if self.deliver_at is not None:
            found["deliver_at"] = moment(self.deliver_at)
        if self.properties:
            found["properties"] = {text(key, "properties"): compared(value) for key, value in self.properties.items()}
        if self.priority is not None:
            if not isinstance(self.priority, int) or not 0 <= self.priority <= 9:
                raise ValueError("priority: 0 to 9")
            found["priority"] = self.priority
        return bytes(msgpack.packb(found)) if found else None


def frames_of(message: Union[Bytes, Sequence[Bytes]]) -> List[bytes]:
    if isinstance(message, bytes):
        return [message]
    if isinstance(message, (bytearray, memoryview)):
        return [bytes(message)]
    if isinstance(message, str) or not message:
        raise TypeError("a message is bytes, or a list of at least one")
    if not all(isinstance(each, (bytes, bytearray, memoryview)) for each in message):
        raise TypeError("each frame of a message is bytes")
    return [bytes(each) for each in message]


def name(value: str, what: str) -> str:
    """A topic's or group's: another would be `malformed`, which ends the connection."""
    if not isinstance(value, str) or NAME.match(value) is None:
        raise ValueError(f"{what}: {value!r} is no name: [A-Za-z0-9%_.-], 1 to 127 octets")
    return value


def text(value: str, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what}: a str, not {type(value).__name__}")
    value.encode()  # a lone surrogate has no UTF-8
    return value


def compared(value: Property) -> Property:
    if not isinstance(value, (bool, int, float, str)):
        raise TypeError("properties: bool, int, float or str")
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise ValueError("properties: an int of 64 bits")
    return value


def moment(value: Union[datetime, int]) -> int:
    at = int(value.timestamp() * 1000) if isinstance(value, datetime) else value
    if not isinstance(at, int) or not 0 <= at < 1 << 64:
        raise ValueError("a time: a datetime, or milliseconds since 1970")
    return at


def lease_ms(seconds: Optional[float]) -> Optional[int]:
    if seconds is None:
        return None
    if not LEASE_MIN_S <= seconds <= LEASE_MAX_S:
        raise ValueError(f"lease: {LEASE_MIN_S} to {LEASE_MAX_S} seconds")
    return int(seconds * 1000)

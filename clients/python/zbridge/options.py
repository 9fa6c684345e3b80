"""What a client may be told, and the limits that hold on its side."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional



@dataclass(frozen=True)
class Options:
    """Times in seconds. What is not given is meant to do."""

    name: Optional[str] = None
    """Of this client over all its connections, and of no other: needed for `once`, and to keep what it holds over a
    lost connection."""
    client: str = "zbridge-python"
    """What it is, for people: shown in the bridge's status."""

    first_seq: Optional[int] = None
    """The number of the first message that is published, from 1. None: the microseconds since 1970, so that a client that
    begins again uses no number twice. One that knows its numbers, and sends again what has no receipt, begins with its own."""

    heartbeat: float = 2.0
    """Each side says something so often; three times without, and the connection is taken for lost. 0.1 to 3600."""
    connect_timeout: float = 5.0
    """From the opening of a socket to WELCOME; then it is opened anew."""
    backoff_min: float = 0.05
    backoff_max: float = 5.0
    """Between two attempts to connect: doubled each time, a random half of it taken off."""

    max_in_flight: int = 50_000
    """Messages without a receipt. At the bound publishing waits, and fails with InFlightFull after its timeout."""
    max_in_flight_bytes: int = 64 << 20
    batch_messages: int = 1000
    """A PUBLISH goes when it has so many,"""
    batch_bytes: int = 256 << 10
    """or so much,"""
    linger: float = 0.002
    """or its first message has waited so long."""

    settle_messages: int = 1000
    """A SETTLE goes when so many wait,"""
    settle_linger: float = 0.005
    """or a quarter of all that is in hand does (delivered, and not settled yet), or the first has waited so long."""

    def __post_init__(self) -> None:
        if self.name is not None and not 1 <= len(self.name.encode()) <= 200:
            raise ValueError("name: 1 to 200 octets")
        if len(self.client.encode()) > 200:
            raise ValueError("client: 200 octets at most")
        if self.first_seq is not None and not 1 <= self.first_seq < 1 << 64:
            raise ValueError("first_seq: from 1 on, 64 bits")
        if not 0.1 <= self.heartbeat <= 3600:
            raise ValueError("heartbeat: 0.1 to 3600 seconds")
        for each in ("max_in_flight", "max_in_flight_bytes", "batch_messages", "batch_bytes", "settle_messages"):
            if getattr(self, each) < 1:
                raise ValueError(f"{each}: at least 1")
        if not 0 < self.backoff_min <= self.backoff_max:
            raise ValueError("backoff_min: above 0, and not above backoff_max")


@dataclass(frozen=True)
class Limits:
    """WELCOME.limits; before the first WELCOME what docs/PROTOCOL.md calls usual."""

    header_bytes: int = 1 << 20
    message_bytes: int = 16 << 20
    frames: int = 64
    batch_messages: int = 10_000
    receipts: int = 100_000
    subscriptions: int = 1000
    receives: int = 64
    calls: int = 10_000
    asks: int = 16
    credit: int = 100_000
    ranges: int = 10_000
    settle_messages: int = 100_000
    resume_ms: int = 5000


def milliseconds(seconds: float) -> int:
    return int(seconds * 1000)

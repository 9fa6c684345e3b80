"""One connection to the bridge at a time, over a DEALER of its own.

Flow:    core.link_number -> follow() -> send(), receive(), is_lost()
Thread:  that of its client; the sockets are used in no other.
Promise: one socket is one connection: libzmq does not connect it again, so nothing goes over a connection that the core
         does not know to be a new one.
"""
from __future__ import annotations

from collections import deque
from typing import Callable, Deque, Iterable, List, Optional

import zmq
from zmq.utils.monitor import parse_monitor_message

from .wire import Frames

# No -1, and no IMMEDIATE: with either libzmq throws away, when a connection ends, what has come over it and was not read
# yet. That would be the bridge's last words. What it queues for a next connection goes with the socket.
NEVER_MS = 3_600_000
RECEIVE_MESSAGES_MAX = 64  # at a time: between them what is due gets its turn
_LOST = zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL \
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_AUTH
Configure = Callable[["zmq.Socket[bytes]"], None]


class Link:
    def __init__(self, address: str, configure: Optional[Configure]) -> None:
        self._address = address
        self._configure = configure
        self._context: "zmq.Context[zmq.Socket[bytes]]" = zmq.Context()
        self._unsent: Deque[Frames] = deque()
        self.number = 0
        self.socket: Optional[zmq.Socket[bytes]] = None
        self.monitor: Optional[zmq.Socket[bytes]] = None

    def follow(self, number: int) -> bool:
        """Becomes the connection of this number, or none for 0; whether it was another."""
        if number == self.number:
            return False
        self._disconnect()
        if number:
            self._connect()
        self.number = number
        return True

    def send(self, messages: Iterable[Frames]) -> None:
        """As far as it takes them now: the rest goes with the next calls, or with the connection."""
        self._unsent.extend(messages)
        while self._unsent and self.socket is not None:
            try:
                self.socket.send_multipart(self._unsent[0], zmq.DONTWAIT, copy=True)
            except zmq.Again:
                return
            self._unsent.popleft()

    @property
    def waits_to_send(self) -> bool:
        return bool(self._unsent)

    def receive(self) -> List[Frames]:
        found: List[Frames] = []
        while self.socket is not None and len(found) < RECEIVE_MESSAGES_MAX:
            try:
                found.append(self.socket.recv_multipart(zmq.DONTWAIT))
            except zmq.Again:
                break
        return found

    def is_lost(self) -> bool:
        """Whether it has ended. Ask before the last receive(): what came before the end is still there."""
        lost = False
        while self.monitor is not None:
            try:
                event = parse_monitor_message(self.monitor.recv_multipart(zmq.DONTWAIT))
            except zmq.Again:
                break
            lost = lost or bool(event["event"] & _LOST)
        return lost

    def close(self) -> None:
        self.follow(0)
        self._context.term()

    def _connect(self) -> None:
        self.socket = self._context.socket(zmq.DEALER)
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.RECONNECT_IVL, NEVER_MS)
        self.socket.set(zmq.RCVHWM, 0)  # what may come is bounded by credit, and by what was published
        if self._configure is not None:
            self._configure(self.socket)
        self.monitor = self.socket.get_monitor_socket(_LOST)
        self.socket.connect(self._address)

    def _disconnect(self) -> None:
        self._unsent.clear()
        if self.socket is not None:
            self.socket.disable_monitor()
            self.socket.close(0)
        if self.monitor is not None and not self.monitor.closed:
            self.monitor.close(0)
        self.socket = self.monitor = None

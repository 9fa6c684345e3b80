"""The client of programs with threads.

Flow:    verbs (any thread) -> core, under the lock -> the client's own thread: sends, receives, keeps leases and heartbeats
Thread:  every public call may come from any thread: they take the client's lock. Callbacks run in the client's own
         thread; waiting there is refused with WrongThread. Not over a fork: Forked; open one in each process.
Limits:  Options. Where a verb waits it has a timeout, and raises Timeout; what was begun goes on all the same.
"""
from __future__ import annotations

import os
import socket
import threading
import time
import weakref
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Callable, Generator, Iterable, List, Mapping, Optional, Sequence, Type, TypeVar, Union

import zmq

from . import base
from .base import Body, Moment, clock_ms
from .checks import Checks
from .core.asking import Ask, Found
from .core.core import FAILED, GREETING, IDLE
from .core.calls import Call, Task
from .core.delivery import Delivery
from .core.outbox import Prepared, Publication, Publishing, Receipt, Receipts, Single
from .core.pending import Pending
from .core.settling import Extension, Settlement
from .crew import ends_at, left_until
from .errors import Closed, Error, Forked, InFlightFull, Timeout, WrongThread
from .link import Configure, Link
from .message import Bytes, Property
from .message import name as checked_name
from .message import text as checked_text
from .options import Options
from .reader import Reader
from .subscription import Server, Subscription
from .worker import Reply, Worker

P = TypeVar("P", bound="Publishing[Any]")
RETRY_MIN_S, RETRY_MAX_S = 0.02, 1.0  # between two tries of publish(), a random half of it taken off
_NEVER_MS = 1 << 60


class Client:
    """A connection to an endpoint of the bridge with `protocol: zbp`, kept up until close(). It does not wait for it:
    what is said before it is there goes when it is."""

    def __init__(self, address: str, *, name: Optional[str] = None, options: Optional[Options] = None,
                 configure: Optional[Configure] = None) -> None:
        """`configure` is called with each socket before it connects: for PLAIN, CURVE, a proxy."""
        self._core = base.core_of(options, name)
        self._core.owner = self
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._address = address
        self._link = Link(address, configure)
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        self._sleeps_until_ms = 0  # of the client's thread; 0: it does not sleep
        self._calls: List[Callable[[], None]] = []
        self._forked = False
        _clients.add(self)
        self._thread = threading.Thread(target=self._drive, name=f"zbridge {address}", daemon=True)
        self._thread.start()

    # --- publishing -----------------------------------------------------------------------------------------------

    def publish(self, topic: str, message: Body, *, id: Optional[str] = None, keys: Sequence[str] = (),
                order_key: Optional[str] = None, tag: Optional[str] = None,
                deliver_at: Union[datetime, int, None] = None, delay: Union[float, timedelta, None] = None,
                properties: Optional[Mapping[str, Property]] = None, priority: Optional[int] = None, once: bool = False,
                timeout: Optional[float] = 30) -> Receipt:
        """Returns when it is stored, and raises what it was refused with. What is worth another try (a topic that is
        full) is tried again until the timeout; after a Timeout it may still be stored."""
        ends = None if timeout is None else time.monotonic() + timeout
        pause = RETRY_MIN_S
        while True:
            made = base.single(self, topic, message, once, id=id, keys=keys, order_key=order_key, tag=tag,
                               deliver_at=deliver_at, delay=delay, properties=properties, priority=priority)
            self._publish(made, None, ends, True)
            try:
                return made.result(left_until(ends))
            except Error as error:
                wait = pause * self._core._chance.uniform(0.5, 1)
                if not error.worth_another_try or (ends is not None and time.monotonic() + wait >= ends):
                    raise
                time.sleep(wait)
                pause = min(2 * pause, RETRY_MAX_S)

    def submit(self, topic: str, message: Body, *, id: Optional[str] = None, keys: Sequence[str] = (),
               order_key: Optional[str] = None, tag: Optional[str] = None,
               deliver_at: Union[datetime, int, None] = None, delay: Union[float, timedelta, None] = None,
               properties: Optional[Mapping[str, Property]] = None, priority: Optional[int] = None, once: bool = False,
               seq: Optional[int] = None, timeout: Optional[float] = 30) -> Single:
        """Returns at once with what may be waited for, batched with others. Waits only for room: InFlightFull."""
        made = base.single(self, topic, message, once, id=id, keys=keys, order_key=order_key, tag=tag,
                           deliver_at=deliver_at, delay=delay, properties=properties, priority=priority)
        return self._publish(made, seq, ends_at(timeout), False)

    def submit_many(self, topic: str, messages: Iterable[Body], *, once: bool = False, seq: Optional[int] = None,
                    timeout: Optional[float] = 30) -> Publication:
        """Likewise for several, in order: `seq` is of the first. All of them are in memory until their receipts are."""
        return self._publish(base.many(self, topic, messages, once), seq, ends_at(timeout), True)

    def publish_many(self, topic: str, messages: Iterable[Body], *, once: bool = False,
                     timeout: Optional[float] = 30) -> Receipts:
        """As many as there are, in batches, no more in flight than `Options.max_in_flight`. Returns when each has its
        outcome: some may be refused, see Receipts. The timeout is for each wait, not for the whole."""
        whole = Receipts([])
        open_: List[Publication] = []
        for batch in base.batches(messages, self._core.options):
            open_.append(self.submit_many(topic, batch, once=once, timeout=timeout))
            while open_[0].done and len(open_) > 1:
                whole += open_.pop(0).outcome()
        for each in open_:
            whole += each.result(timeout)
        return whole

    # --- consuming ------------------------------------------------------------------------------------------------

    def subscribe(self, group: str, *, credit: int = 256, lease: Optional[float] = None,
                  auto_extend: Optional[float] = None, attributes: bool = False) -> Subscription:
        """An iterator over what the group delivers: at most `credit` messages delivered and not settled. With
        `auto_extend` leases are extended for so many seconds from the delivery on."""
        checked_name(group, "group")
        if not 0 <= credit < 1 << 32:
            raise ValueError("credit: from 0 on, 32 bits")
        lease_ms, extend_ms = base.leased(lease, auto_extend)
        with self._entered():
            made = self._core.subscribe(group, credit, lease_ms, extend_ms, attributes)
            self._nudge(0)
        return Subscription(self, made)

    def serve(self, group: str, handler: Callable[[Delivery], None], *, threads: int = 1, credit: int = 256,
              lease: Optional[float] = None, auto_extend: Optional[float] = None, attributes: bool = False) -> Server:
        """Calls the handler with each delivery, in so many threads: `ack` when it returns, `retry` with the exception
        as the reason where it raises, unless it has settled the message itself."""
        return Server(self.subscribe(group, credit=credit, lease=lease, auto_extend=auto_extend, attributes=attributes),
                      handler, threads)

    def receive(self, group: str, max: int = 1, *, wait: float = 0, lease: Optional[float] = None,
                auto_extend: Optional[float] = None, attributes: bool = False) -> List[Delivery]:
        """At most `max` messages; none where none came within `wait` seconds."""
        made = base.fetch(self, group, max, wait, lease, auto_extend, attributes)
        with self._entered():
            self._core.fetch(made)
            self._nudge(0)
        return made.result()

    def settle(self, deliveries: Iterable[Delivery], verdict: str, delay: Optional[float] = None,
               reason: Optional[str] = None) -> Settlement:
        """Several at once: `ack`, `retry`, `reject` or `release`."""
        with self._entered():
            made = self._core.settle(list(deliveries), base.verdict(verdict), delay, reason, clock_ms())
            due_ms = self._core.settles_at_ms
            self._nudge(_NEVER_MS if due_ms is None else due_ms)
        return made

    def extend(self, deliveries: Iterable[Delivery], lease: Optional[float] = None) -> Extension:
        """Several of one group: a new lease from now on."""
        made = base.extensions(self, list(deliveries), lease)
        with self._entered():
            self._core.extend(made)
            self._nudge(0)
        return made

    # --- reading a topic ------------------------------------------------------------------------------------------

    def read(self, topic: str, *, start: str = "latest", offset: Optional[int] = None, since: Moment = None, credit: int = 1000,
             attributes: bool = False) -> Reader:
        """An iterator over every message of a topic, without a group: from `earliest`, an offset, or a time on, or what comes
        from now on. Nothing is settled: whoever reads keeps the place, `record.offset`."""
        with self._entered():
            made = self._core.read(*base.reading(topic, start, offset, since, credit, attributes))
            self._nudge(0)
        return Reader(self, made)

    # --- services -------------------------------------------------------------------------------------------------

    def call(self, service: str, body: Union[Bytes, Sequence[Bytes]], timeout: Optional[float] = 30) -> List[bytes]:
        """The frames of the reply. Raises what the call was refused with, as CallTimeout, WorkerLost, Failed. The service
        may have a shorter timeout."""
        return self.begin_call(service, body, timeout).result()

    def begin_call(self, service: str, body: Union[Bytes, Sequence[Bytes]], timeout: Optional[float] = 30) -> Call:
        """Returns at once with what may be waited for: many calls at a time."""
        made = base.call(self, service, body, timeout)
        with self._entered():
            self._core.call(made)
            self._nudge(0)
        return made

    def work(self, service: str, handler: Callable[[Task], Reply], *, credit: int = 1, threads: int = 1) -> Worker:
        """Calls the handler with each call of the service that comes here, in so many threads: what it returns is the
        reply; what it raises is told the caller (Failed). `credit`: how many calls it has at a time."""
        with self._entered():
            made = self._core.work(checked_text(service, "service"), base.credit(credit))
            self._nudge(0)
        return Worker(self, made, handler, threads)

    # --- transactions ---------------------------------------------------------------------------------------------

    def prepare(self, topic: str, message: Body, *, id: Optional[str] = None, keys: Sequence[str] = (),
                order_key: Optional[str] = None, tag: Optional[str] = None,
                properties: Optional[Mapping[str, Property]] = None, priority: Optional[int] = None,
                timeout: Optional[float] = 30) -> Prepared:
        """Returns when the message is on the disk, where nobody sees it before `.commit()`."""
        made = base.preparation(self, topic, message, id=id, keys=keys, order_key=order_key, tag=tag, properties=properties,
                                priority=priority)
        return self._publish(made, None, ends_at(timeout), True).result(timeout)

    def resolve(self, verb: str, token: bytes) -> Ask[Any]:
        """`COMMIT` or `ROLLBACK` of what was prepared, on whatever connection, and by whomever."""
        if verb not in ("COMMIT", "ROLLBACK"):
            raise ValueError("verb: COMMIT or ROLLBACK")
        return self._ask(base.resolution(self, verb, token), "transactions")

    def checks(self, topic: str, *, credit: int = 64, attributes: bool = False) -> Checks:
        """An iterator over what the bridge asks: of messages that were prepared for this topic, and that nobody resolves,
        at most `credit` that have no answer."""
        with self._entered():
            made = self._core.check(*base.checks(topic, credit, attributes))
            self._nudge(0)
        return Checks(self, made)

    def unknown(self, token: bytes) -> None:
        """Of a check: not yet, ask again."""
        with self._entered():
            self._core.checking.unknown(token)
            self._nudge(0)

    # --- looking for messages, taking one back --------------------------------------------------------------------

    def query(self, topic: str, *, key: Optional[str] = None, id: Union[str, bytes, None] = None, since: Moment = None,
              until: Moment = None, max: int = 20, timeout: Optional[float] = 30) -> List[Found]:
        """Messages of a topic by a key, by an id (a producer's, or a receipt's), or by when they were stored."""
        return self._ask(base.query(self, topic, key, id, since, until, max), "query").result(timeout)

    def recall(self, id: bytes, *, timeout: Optional[float] = 30) -> None:
        """Takes back a message that waits for its `deliver_at`. NotFound: too late. Unanswered: not known."""
        self._ask(base.recall(self, id), "recall").result(timeout)

    def reset(self, group: str, *, to: Optional[str] = None, offset: Optional[int] = None, time: Moment = None,
              timeout: Optional[float] = 30) -> None:
        """The group goes on from `earliest` or `latest`, an offset, or a time. Unanswered: not known whether it does."""
        self._ask(base.reset(self, group, to, offset, time), "reset").result(timeout)

    def admin(self, call: str, args: Optional[Mapping[str, Property]] = None, *, again: bool = False,
              timeout: Optional[float] = 30) -> Any:
        """What the command line asks (`status`, `topic show`, ...), at the admin socket: its report. `again`: it may be asked
        anew over a lost connection; else that is Unanswered."""
        return self._ask(base.admin(self, call, args, again), "admin").result(timeout)

    # --- its life -------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether there is a session with the bridge at this moment."""
        with self._entered():
            return self._core.state not in (IDLE, GREETING, FAILED)

    def wait_open(self, timeout: Optional[float] = 10) -> None:
        """Until there is a session; Timeout. Raises what the bridge refused the client with for good."""
        self._wait(lambda: self._core.error is not None or self._core.state not in (IDLE, GREETING), timeout,
                   "no session with the bridge")
        if self._core.error is not None:
            raise self._core.error

    def flush(self, timeout: Optional[float] = 30) -> None:
        """Until all that was published has its outcome, and all that was settled is durable or refused."""
        with self._entered():
            self._core.flush(clock_ms())
            self._nudge(0)
        self._wait(lambda: self._core.error is not None or self._core.has_settled_all(), timeout,
                   "the bridge has not answered for all of it")
        if self._core.error is not None:
            raise self._core.error

    def close(self, timeout: Optional[float] = 10) -> None:
        """Finishes what was begun, gives back what is held and says BYE; after the timeout it goes without."""
        if self._forked or not self._thread.is_alive():
            return
        with self._entered():
            self._core.close(clock_ms())
            self._nudge(0)
        try:
            self._wait(lambda: self._core.state == FAILED, timeout, "")
        except Timeout:
            with self._entered():
                self._core.fail(Closed("the client is closed"))
                self._nudge(0)
        self._thread.join()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    # --- what the core and what waits ask of it -------------------------------------------------------------------

    def wait(self, pending: Pending[Any], timeout: Optional[float]) -> None:
        self._wait(lambda: pending.done, timeout, "the bridge has not answered yet")

    def future(self, pending: Pending[Any]) -> Generator[Any, None, None]:
        raise TypeError("`await` is for zbridge.aio: this is .result()")

    def guard(self) -> threading.Condition:
        return self._entered()

    def later(self, call: Callable[[], None]) -> None:
        self._calls.append(call)
        self._nudge(0)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _entered(self) -> threading.Condition:
        if self._forked:
            raise Forked("this client is that of the process before the fork")
        return self._changed

    def _ask(self, made: Ask[Any], feature: str) -> Ask[Any]:
        with self._entered():
            self._core.ask(made, feature)
            self._nudge(0)
        return made

    def _publish(self, made: P, seq: Optional[int], ends: Optional[float], at_once: bool) -> P:
        with self._entered():
            while True:
                try:
                    self._core.publish(made, seq, clock_ms())
                    break
                except InFlightFull:
                    if self._core.outbox.flush():  # once: then it is the bridge's turn
                        self._nudge(0)
                    left = left_until(ends)
                    if threading.current_thread() is self._thread or (left is not None and left <= 0):
                        raise
                    self._changed.wait(left)
            if at_once:
                self._core.outbox.flush()
            self._nudge(self._core.outbox.next_deadline() or _NEVER_MS)
        return made

    def _wait(self, is_true: Callable[[], bool], timeout: Optional[float], what: str) -> None:
        if threading.current_thread() is self._thread:
            raise WrongThread("no waiting in a callback: it runs in the client's own thread")
        with self._entered():
            if not self._changed.wait_for(is_true, timeout):
                if self._core.state in (IDLE, GREETING):
                    what = f"no session with the bridge at {self._address}"
                raise Timeout(f"not within {timeout:.3g} s: {what}")

    def _nudge(self, due_ms: int) -> None:
        """Wakes the client's thread if it would sleep longer."""
        if due_ms < self._sleeps_until_ms:
            self._sleeps_until_ms = 0
            try:
                self._waker.send(b"\0")
            except OSError:
                pass  # it has been woken often enough, or is at its end

    def _drive(self) -> None:
        try:
            self._go_on()
        except BaseException as broken:  # a fault of ours, or of `configure`: nobody is to wait for ever
            with self._changed:
                self._core.fail(Error(f"the client's thread has failed: {base.reason_of(broken)}"))
                self._changed.notify_all()
            raise
        finally:
            self._link.close()
            self._waker.close()
            self._woken.close()

    def _go_on(self) -> None:
        while True:
            with self._changed:
                now_ms = clock_ms()
                self._core.tick(now_ms)
                output = self._core.take_output(now_ms)
                number, due_ms = self._core.link_number, self._core.next_deadline()
                calls, self._calls = self._calls, []
                ended = self._core.state == FAILED
                self._sleeps_until_ms = 0 if calls or ended else _NEVER_MS if due_ms is None else max(due_ms, now_ms)
                self._changed.notify_all()
            for call in calls:
                call()
            self._link.follow(number)
            self._link.send(output)
            if ended and not calls:
                return
            self._sleep(0 if calls or ended else None if due_ms is None else max(0, due_ms - clock_ms()))
            self._hear()

    def _sleep(self, for_ms: Optional[int]) -> None:
        """Until something comes, or something is due, or somebody nudges it."""
        poller = zmq.Poller()
        poller.register(self._woken, zmq.POLLIN)
        if self._link.socket is not None:
            poller.register(self._link.socket, zmq.POLLIN | (zmq.POLLOUT if self._link.waits_to_send else 0))
            poller.register(self._link.monitor, zmq.POLLIN)
        poller.poll(for_ms)
        try:
            self._woken.recv(4096)
        except BlockingIOError:
            pass

    def _hear(self) -> None:
        lost = self._link.is_lost()
        came = self._link.receive()
        if came or lost:
            with self._changed:
                now_ms = clock_ms()
                for frames in came:
                    if self._core.link_number == self._link.number:
                        self._core.received(frames, now_ms)
                if lost and self._core.link_number == self._link.number:
                    self._core.lost("the connection ended", now_ms)


def _mark_forked() -> None:
    for each in list(_clients):
        each._forked = True


_clients: "weakref.WeakSet[Client]" = weakref.WeakSet()
os.register_at_fork(after_in_child=_mark_forked)

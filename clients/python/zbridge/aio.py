"""The client of asyncio programs.

Flow:    verbs -> core -> the event loop: its descriptors and timers
Thread:  that of the event loop it was opened in, and no other: WrongThread. Not over a fork: Forked.
Limits:  Options. Where a verb waits it is cancelled as any other await (asyncio.wait_for): what was begun goes on.
"""
from __future__ import annotations

import asyncio
import contextlib
import os
from datetime import datetime, timedelta
from types import TracebackType
from typing import (Any, AsyncIterator, Awaitable, Callable, ContextManager, Generator, Generic, Iterable, List, Mapping,
                    Optional, Sequence, Set, Type, TypeVar, Union)

import zmq

from . import base
from .base import Body, Moment, clock_ms
from .core.asking import Ask, Found
from .core.calls import Call, Task
from .core.checking import Check
from .core.checking import Checks as CoreChecks
from .core.core import FAILED, GREETING, IDLE
from .core.delivery import Delivery
from .core.inbox import Subscription as CoreSubscription
from .core.outbox import Prepared, Publication, Publishing, Receipt, Receipts, Single
from .core.pending import Pending
from .core.reading import Reading, Record
from .core.settling import Extension, Settlement
from .errors import Closed, Error, Forked, InFlightFull, WrongThread
from .link import Configure, Link
from .message import Bytes, Property
from .message import name as checked_name
from .message import text as checked_text
from .options import Options
from .sources import Asked, Deliveries, Records, Source
from .worker import Reply, reply_of

P = TypeVar("P", bound="Publishing[Any]")
RETRY_MIN_S, RETRY_MAX_S = 0.02, 1.0  # as in client.py


class Client:
    """As zbridge.Client; `async with` it, or await close() at the end. Made inside of a running event loop."""

    def __init__(self, address: str, *, name: Optional[str] = None, options: Optional[Options] = None,
                 configure: Optional[Configure] = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._pid = os.getpid()
        self._core = base.core_of(options, name)
        self._core.owner = self
        self._link = Link(address, configure)
        self._waiters: Set["asyncio.Future[None]"] = set()
        self._watched: List[int] = []
        self._timer: Optional[asyncio.TimerHandle] = None
        self._soon: Optional[asyncio.Handle] = None
        self._calls: List[Callable[[], None]] = []
        self._is_gone = False
        self._later_turn()

    # --- publishing -----------------------------------------------------------------------------------------------

    async def publish(self, topic: str, message: Body, *, id: Optional[str] = None, keys: Sequence[str] = (),
                      order_key: Optional[str] = None, tag: Optional[str] = None,
                      deliver_at: Union[datetime, int, None] = None, delay: Union[float, timedelta, None] = None,
                      properties: Optional[Mapping[str, Property]] = None, priority: Optional[int] = None, once: bool = False,
                      tries: int = 10) -> Receipt:
        """Returns when it is stored, and raises what it was refused with; what is worth another try is tried again."""
        pause = RETRY_MIN_S
        while True:
            tries -= 1
            made = base.single(self, topic, message, once, id=id, keys=keys, order_key=order_key, tag=tag,
                               deliver_at=deliver_at, delay=delay, properties=properties, priority=priority)
            await self._publish(made, None, True)
            try:
                return await made
            except Error as error:
                if not error.worth_another_try or tries <= 0:
                    raise
                await asyncio.sleep(pause * self._core._chance.uniform(0.5, 1))
                pause = min(2 * pause, RETRY_MAX_S)

    async def submit(self, topic: str, message: Body, *, id: Optional[str] = None, keys: Sequence[str] = (),
                     order_key: Optional[str] = None, tag: Optional[str] = None,
                     deliver_at: Union[datetime, int, None] = None, delay: Union[float, timedelta, None] = None,
                     properties: Optional[Mapping[str, Property]] = None, priority: Optional[int] = None, once: bool = False,
                     seq: Optional[int] = None) -> Single:
        """Waits only for room: what it returns is awaited for the receipt."""
        made = base.single(self, topic, message, once, id=id, keys=keys, order_key=order_key, tag=tag,
                           deliver_at=deliver_at, delay=delay, properties=properties, priority=priority)
        return await self._publish(made, seq, False)

    async def submit_many(self, topic: str, messages: Iterable[Body], *, once: bool = False,
                          seq: Optional[int] = None) -> Publication:
        """Likewise for several, in order: `seq` is of the first."""
        return await self._publish(base.many(self, topic, messages, once), seq, True)

    async def publish_many(self, topic: str, messages: Iterable[Body], *, once: bool = False) -> Receipts:
        """As many as there are, in batches. Returns when each has its outcome: some may be refused, see Receipts."""
        whole = Receipts([])
        open_: List[Publication] = []
        for batch in base.batches(messages, self._core.options):
            open_.append(await self.submit_many(topic, batch, once=once))
            while open_[0].done and len(open_) > 1:
                whole += open_.pop(0).outcome()
        for each in open_:
            whole += await each
        return whole

    # --- consuming ------------------------------------------------------------------------------------------------

    def subscribe(self, group: str, *, credit: int = 256, lease: Optional[float] = None,
                  auto_extend: Optional[float] = None, attributes: bool = False) -> Subscription:
        """As of zbridge.Client, for `async for`."""
        self._check()
        checked_name(group, "group")
        if not 0 <= credit < 1 << 32:
            raise ValueError("credit: from 0 on, 32 bits")
        lease_ms, extend_ms = base.leased(lease, auto_extend)
        made = self._core.subscribe(group, credit, lease_ms, extend_ms, attributes)
        self._later_turn()
        return Subscription(self, made)

    async def serve(self, group: str, handler: Callable[[Delivery], Awaitable[None]], *, tasks: int = 1, credit: int = 256,
                    lease: Optional[float] = None, auto_extend: Optional[float] = None, attributes: bool = False) -> None:
        """Calls the handler with each delivery, in so many tasks, until it is cancelled: `ack` when it returns, `retry`
        where it raises, `release` where it is cancelled, unless it has settled the message itself."""
        async with self.subscribe(group, credit=credit, lease=lease, auto_extend=auto_extend, attributes=attributes) as subscription:
            async def work() -> None:
                async for delivery in subscription:
                    with contextlib.suppress(Exception):  # the bridge is told: it is the reason of the retry
                        with delivery:
                            await handler(delivery)

            working = [asyncio.ensure_future(work()) for _ in range(tasks)]
            try:
                await asyncio.gather(*working)
            finally:
                for each in working:
                    each.cancel()
                await asyncio.gather(*working, return_exceptions=True)

    async def receive(self, group: str, max: int = 1, *, wait: float = 0, lease: Optional[float] = None,
                      auto_extend: Optional[float] = None, attributes: bool = False) -> List[Delivery]:
        """At most `max` messages; none where none came within `wait` seconds. What comes after it was cancelled is
        given back."""
        self._check()
        made = base.fetch(self, group, max, wait, lease, auto_extend, attributes)
        self._core.fetch(made)
        self._later_turn()
        try:
            return await made
        except asyncio.CancelledError:
            if made.done:
                self._core.inbox.settle([each for each in made.deliveries if not each.is_settled], "release", None, None,
                                        clock_ms())
                self._later_turn()
            made.finish(Closed("cancelled"))
            raise

    def settle(self, deliveries: Iterable[Delivery], verdict: str, delay: Optional[float] = None,
               reason: Optional[str] = None) -> Settlement:
        """Several at once: `ack`, `retry`, `reject` or `release`. Await what it returns to know that it is durable."""
        self._check()
        made = self._core.settle(list(deliveries), base.verdict(verdict), delay, reason, clock_ms())
        self._later_turn()
        return made

    def extend(self, deliveries: Iterable[Delivery], lease: Optional[float] = None) -> Extension:
        """Several of one group: a new lease from now on."""
        self._check()
        made = base.extensions(self, list(deliveries), lease)
        self._core.extend(made)
        self._later_turn()
        return made

    # --- reading a topic ------------------------------------------------------------------------------------------

    def read(self, topic: str, *, start: str = "latest", offset: Optional[int] = None, since: Moment = None, credit: int = 1000,
             attributes: bool = False) -> Reader:
        """As of zbridge.Client, for `async for`."""
        self._check()
        made = self._core.read(*base.reading(topic, start, offset, since, credit, attributes))
        self._later_turn()
        return Reader(self, made)

    # --- services -------------------------------------------------------------------------------------------------

    async def call(self, service: str, body: Union[Bytes, Sequence[Bytes]], timeout: Optional[float] = 30) -> List[bytes]:
        """The frames of the reply. Raises what the call was refused with, as CallTimeout, WorkerLost, Failed."""
        return await self.begin_call(service, body, timeout)

    def begin_call(self, service: str, body: Union[Bytes, Sequence[Bytes]], timeout: Optional[float] = 30) -> Call:
        """Returns at once with what may be awaited."""
        self._check()
        made = base.call(self, service, body, timeout)
        self._core.call(made)
        self._later_turn()
        return made

    async def work(self, service: str, handler: Callable[[Task], Awaitable[Reply]], *, credit: int = 1) -> None:
        """Calls the handler with each call of the service that comes here, `credit` at a time, until it is cancelled:
        what it returns is the reply; what it raises is told the caller (Failed). Cancelled, it finishes what it has."""
        self._check()
        work = self._core.work(checked_text(service, "service"), base.credit(credit))
        self._later_turn()

        async def do() -> None:
            while True:
                task = self._core.calls.take(work, clock_ms())
                if task is None and work.error is not None:
                    return
                if task is None:
                    await self._changed()
                    continue
                reply: Optional[bytes] = None
                error: Optional[str] = None
                try:
                    reply = reply_of(await handler(task))
                except Exception as failed:  # the caller is told
                    error = base.reason_of(failed)
                if self._core.error is None:
                    self._core.reply(task, reply, error, clock_ms())
                    self._later_turn()

        doing = asyncio.gather(*(do() for _ in range(max(credit, 1))))
        try:
            await asyncio.shield(doing)
        except asyncio.CancelledError:
            self._core.calls.end(work)
            self._later_turn()
            await doing
            raise
        if not isinstance(work.error, Closed):
            assert work.error is not None
            raise work.error

    # --- transactions ---------------------------------------------------------------------------------------------

    async def prepare(self, topic: str, message: Body, *, id: Optional[str] = None, keys: Sequence[str] = (),
                      order_key: Optional[str] = None, tag: Optional[str] = None,
                      properties: Optional[Mapping[str, Property]] = None, priority: Optional[int] = None) -> Prepared:
        """Returns when the message is on the disk, where nobody sees it before `.commit()`."""
        made = base.preparation(self, topic, message, id=id, keys=keys, order_key=order_key, tag=tag, properties=properties,
                                priority=priority)
        await self._publish(made, None, True)
        return await made

    def resolve(self, verb: str, token: bytes) -> Ask[Any]:
        """`COMMIT` or `ROLLBACK` of what was prepared, on whatever connection, and by whomever."""
        if verb not in ("COMMIT", "ROLLBACK"):
            raise ValueError("verb: COMMIT or ROLLBACK")
        return self._ask(base.resolution(self, verb, token), "transactions")

    def checks(self, topic: str, *, credit: int = 64, attributes: bool = False) -> Checks:
        """An iterator over what the bridge asks: of messages that were prepared for this topic, and that nobody resolves,
        at most `credit` that have no answer."""
        self._check()
        made = self._core.check(*base.checks(topic, credit, attributes))
        self._later_turn()
        return Checks(self, made)

    def unknown(self, token: bytes) -> None:
        """Of a check: not yet, ask again."""
        self._check()
        self._core.checking.unknown(token)
        self._later_turn()

    # --- looking for messages, taking one back --------------------------------------------------------------------

    async def query(self, topic: str, *, key: Optional[str] = None, id: Union[str, bytes, None] = None, since: Moment = None,
                    until: Moment = None, max: int = 20) -> List[Found]:
        """Messages of a topic by a key, by an id (a producer's, or a receipt's), or by when they were stored."""
        return await self._ask(base.query(self, topic, key, id, since, until, max), "query")

    async def recall(self, id: bytes) -> None:
        """Takes back a message that waits for its `deliver_at`. NotFound: too late. Unanswered: not known."""
        await self._ask(base.recall(self, id), "recall")

    async def reset(self, group: str, *, to: Optional[str] = None, offset: Optional[int] = None, time: Moment = None) -> None:
        """The group goes on from `earliest` or `latest`, an offset, or a time. Unanswered: not known whether it does."""
        await self._ask(base.reset(self, group, to, offset, time), "reset")

    async def admin(self, call: str, args: Optional[Mapping[str, Property]] = None, *, again: bool = False) -> Any:
        """What the command line asks, at the admin socket: its report."""
        return await self._ask(base.admin(self, call, args, again), "admin")

    # --- its life -------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether there is a session with the bridge at this moment."""
        return self._core.state not in (IDLE, GREETING, FAILED)

    async def wait_open(self) -> None:
        """Until there is a session. Raises what the bridge refused the client with for good."""
        await self._until(lambda: self._core.error is not None or self.is_open)
        self._core._check()

    async def flush(self) -> None:
        """Until all that was published has its outcome, and all that was settled is durable or refused."""
        self._check()
        self._core.flush(clock_ms())
        self._later_turn()
        await self._until(lambda: self._core.error is not None or self._core.has_settled_all())
        self._core._check()

    async def close(self, timeout: Optional[float] = 10) -> None:
        """Finishes what was begun, gives back what is held and says BYE; after the timeout it goes without."""
        if self._is_gone or self._pid != os.getpid():
            return
        self._check()
        self._core.close(clock_ms())
        self._later_turn()
        try:
            await asyncio.wait_for(self._until(lambda: self._core.state == FAILED), timeout)
        except asyncio.TimeoutError:
            pass
        finally:
            if self._core.state != FAILED:
                self._core.fail(Closed("the client is closed"))
            self._end()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        await self.close()

    # --- what the core and what waits ask of it -------------------------------------------------------------------

    def wait(self, pending: Pending[Any], timeout: Optional[float]) -> None:
        raise TypeError("`.result()` of what is not done is for zbridge.Client: this is awaited")

    def future(self, pending: Pending[Any]) -> Generator[Any, None, None]:
        return self._until(lambda: pending.done).__await__()

    def guard(self) -> ContextManager[None]:
        self._check()
        return contextlib.nullcontext()

    def later(self, call: Callable[[], None]) -> None:
        self._calls.append(call)
        self._later_turn()

    # --- inside ---------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        if self._pid != os.getpid():
            raise Forked("this client is that of the process before the fork")
        try:
            if asyncio.get_running_loop() is self._loop:
                return
        except RuntimeError:
            pass
        raise WrongThread("this client belongs to the event loop that it was opened in")

    def _ask(self, made: Ask[Any], feature: str) -> Ask[Any]:
        self._check()
        self._core.ask(made, feature)
        self._later_turn()
        return made

    async def _publish(self, made: P, seq: Optional[int], at_once: bool) -> P:
        self._check()
        while True:
            try:
                self._core.publish(made, seq, clock_ms())
                break
            except InFlightFull:
                if self._core.outbox.flush():  # once: then it is the bridge's turn
                    self._later_turn()
                await self._changed()
        if at_once:
            self._core.outbox.flush()
        self._later_turn()
        return made

    async def _changed(self) -> None:
        """Until the next turn of the core."""
        waiter: "asyncio.Future[None]" = self._loop.create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    async def _until(self, is_true: Callable[[], bool]) -> None:
        self._check()
        while not is_true():
            await self._changed()

    def _later_turn(self) -> None:
        """Once more in this round of the event loop, however often it is asked for: what comes together goes together."""
        if self._soon is None and not self._is_gone:
            self._soon = self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        if self._soon is not None:
            self._soon.cancel()
        self._soon = None
        if self._is_gone:
            return
        self._hear()
        now_ms = clock_ms()
        self._core.tick(now_ms)
        output = self._core.take_output(now_ms)
        if self._core.link_number != self._link.number:
            self._unwatch()
            self._link.follow(self._core.link_number)
            self._watch()
        self._link.send(output)
        calls, self._calls = self._calls, []
        for call in calls:
            self._loop.call_soon(call)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        if self._core.state == FAILED:
            return self._end()
        return self._set_timer()

    def _hear(self) -> None:
        lost = self._link.is_lost()
        came = self._link.receive()
        now_ms = clock_ms()
        for frames in came:
            if self._core.link_number == self._link.number:
                self._core.received(frames, now_ms)
        if lost and self._core.link_number == self._link.number:
            self._core.lost("the connection ended", now_ms)

    def _set_timer(self) -> None:
        """The descriptors of ZeroMQ tell of changes only: while there is more to read it does not rest."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        socket = self._link.socket
        events = socket.get(zmq.EVENTS) if socket is not None else 0
        assert isinstance(events, int)
        if events & zmq.POLLIN or (events & zmq.POLLOUT and self._link.waits_to_send):
            return self._later_turn()
        due_ms = self._core.next_deadline()
        if due_ms is not None:
            self._timer = self._loop.call_later(max(0, due_ms - clock_ms()) / 1000, self._turn)
        return None

    def _watch(self) -> None:
        for socket in (self._link.socket, self._link.monitor):
            if socket is not None:
                descriptor = socket.get(zmq.FD)
                assert isinstance(descriptor, int)
                self._loop.add_reader(descriptor, self._turn)
                self._watched.append(descriptor)

    def _unwatch(self) -> None:
        for descriptor in self._watched:
            self._loop.remove_reader(descriptor)
        self._watched = []

    def _end(self) -> None:
        if self._is_gone:
            return
        self._is_gone = True
        if self._timer is not None:
            self._timer.cancel()
        self._unwatch()
        self._link.close()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)


T = TypeVar("T")
S = TypeVar("S", bound="Stream[object]")


class Stream(Generic[T]):
    """`async for` it: each is for one task of those that do. Ends when it is closed."""

    def __init__(self, client: Client, source: Source[T]) -> None:
        self._client = client
        self._source = source

    async def next(self) -> T:
        """The next one. Raises Closed, or what the bridge refused it with."""
        while True:
            self._client._check()
            found = self._source.take()
            if found is not None:
                if self._source.owes_a_turn:
                    self._client._later_turn()
                return found
            if self._source.error is not None:
                raise self._source.error
            await self._client._changed()

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            try:
                yield await self.next()
            except Closed:
                return

    def close(self) -> None:
        """What nobody has looked at goes back. What was handed out may still be answered."""
        self._client._check()
        self._source.end()
        self._client._later_turn()

    async def __aenter__(self: S) -> S:
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        self.close()


class Subscription(Stream[Delivery]):
    """`async for` it: each delivery is for one task of those that do. Ends when it is closed."""

    def __init__(self, client: Client, inner: CoreSubscription) -> None:
        super().__init__(client, Deliveries(client._core, inner))
        self._inner = inner

    def set_credit(self, credit: int) -> None:
        """From now on at most so many delivered and not settled; 0 pauses."""
        self._client._check()
        if not 0 <= credit < 1 << 32:
            raise ValueError("credit: from 0 on, 32 bits")
        self._client._core.inbox.set_credit(self._inner, credit)
        self._client._later_turn()


class Checks(Stream[Check]):
    """As of zbridge.Client, for `async for`."""

    def __init__(self, client: Client, inner: CoreChecks) -> None:
        super().__init__(client, Asked(client._core, inner))


class Reader(Stream[Record]):
    """As of zbridge.Client, for `async for`."""

    def __init__(self, client: Client, inner: Reading) -> None:
        super().__init__(client, Records(client._core, inner))

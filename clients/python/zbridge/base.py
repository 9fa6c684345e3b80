"""What both clients say in the same way: arguments into what the core takes."""
from __future__ import annotations

import random
import time
from datetime import datetime, timedelta
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from . import message as checked
from . import wire
from .core.asking import Ask, Found, read_done, read_found, read_report, read_resolved
from .core.calls import Call
from .core.core import Core
from .core.outbox import Preparation, Publication, Single
from .core.pending import Owner
from .core.delivery import Delivery
from .core.fetching import Fetch
from .core.settling import Extension
from .message import Bytes, Message, Property
from .options import Options, milliseconds

Body = Union[Bytes, Sequence[Bytes], Message]
WAIT_MAX_S = 300
MAX_MAX = 1000  # of a RECEIVE
AUTO_EXTEND_LEASE_S = 30.0  # of one that is extended and has no lease of its own: a client does not know the group's
Moment = Union[datetime, int, None]  # a time, or milliseconds since 1970
_VERDICTS = ("ack", "retry", "reject", "release")


def clock_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def core_of(options: Optional[Options], name: Optional[str]) -> Core:
    chosen = options or Options()
    if name is not None:
        chosen = Options(**{**chosen.__dict__, "name": name})
    first_seq = time.time_ns() // 1000 if chosen.first_seq is None else chosen.first_seq
    return Core(chosen, clock_ms(), first_seq, random.Random())


def single(owner: Owner, topic: str, body: Body, once: bool, *, id: Optional[str], keys: Sequence[str],
           order_key: Optional[str], tag: Optional[str], deliver_at: Union[datetime, int, None],
           delay: Union[float, timedelta, None], properties: Optional[Mapping[str, Property]],
           priority: Optional[int] = None) -> Single:
    """A publication of one message."""
    return Single(owner, topic, once, *parts(topic, body, id, keys, order_key, tag, deliver_at, delay, properties, priority))


def preparation(owner: Owner, topic: str, body: Body, *, id: Optional[str], keys: Sequence[str], order_key: Optional[str],
                tag: Optional[str], properties: Optional[Mapping[str, Property]], priority: Optional[int] = None) -> Preparation:
    """Of one message."""
    return Preparation(owner, topic, False, *parts(topic, body, id, keys, order_key, tag, None, None, properties, priority))


def parts(topic: str, body: Body, id: Optional[str], keys: Sequence[str], order_key: Optional[str], tag: Optional[str],
          deliver_at: Union[datetime, int, None], delay: Union[float, timedelta, None],
          properties: Optional[Mapping[str, Property]], priority: Optional[int] = None) -> Tuple[List[bytes], List[Optional[bytes]]]:
    """One message and its attributes, as a PUBLISH has them."""
    checked.name(topic, "topic")
    if isinstance(body, Message):
        if id is not None or keys or order_key is not None or tag is not None or deliver_at is not None \
                or delay is not None or properties or priority is not None:
            raise TypeError("a Message has its attributes in itself")
        return [wire.body(checked.frames_of(body.body))], [body.attributes()]
    attributes = None
    if delay is not None:
        if deliver_at is not None:
            raise TypeError("deliver_at or delay, not both")
        seconds = delay.total_seconds() if isinstance(delay, timedelta) else delay
        deliver_at = time.time_ns() // 1_000_000 + max(0, milliseconds(seconds))
    if id is not None or keys or order_key is not None or tag is not None or deliver_at is not None or properties \
            or priority is not None:
        attributes = Message(body, id, keys, order_key, tag, deliver_at, properties, priority).attributes()
    return [wire.body(checked.frames_of(body))], [attributes]


def many(owner: Owner, topic: str, messages: Iterable[Body], once: bool) -> Publication:
    checked.name(topic, "topic")
    bodies: List[bytes] = []
    attributes: List[Optional[bytes]] = []
    for each in messages:
        if isinstance(each, Message):
            bodies.append(wire.body(checked.frames_of(each.body)))
            attributes.append(each.attributes())
        else:
            bodies.append(wire.body(checked.frames_of(each)))
            attributes.append(None)
    if not bodies:
        raise ValueError("no message to publish")
    return Publication(owner, topic, once, bodies, attributes)


def batches(messages: Iterable[Body], options: Options) -> Iterator[List[Body]]:
    """Of as many messages as a PUBLISH has."""
    batch: List[Body] = []
    size = 0
    for each in messages:
        batch.append(each)
        size += len(each) if isinstance(each, bytes) else 1024
        if len(batch) >= options.batch_messages or size >= options.batch_bytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def query(owner: Owner, topic: str, key: Optional[str], id: Union[str, bytes, None], since: Moment, until: Moment,
          max_: int) -> Ask[List[Found]]:
    checked.name(topic, "topic")
    if (key is not None) + (id is not None) + (since is not None or until is not None) != 1:
        raise TypeError("query: by `key`, by `id`, or by time (`since`, `until`)")
    if not 1 <= max_ <= MAX_MAX:
        raise ValueError(f"max: 1 to {MAX_MAX}")
    if isinstance(id, bytes):
        id = message_id(id)
    fields = {"topic": topic, "key": key, "id": id, "from": None if since is None else checked.moment(since),
              "to": None if until is None else checked.moment(until), "max": max_}
    return Ask(owner, "QUERY", fields, "FOUND", read_found)


def recall(owner: Owner, id: bytes) -> Ask[None]:
    return Ask(owner, "RECALL", {"id": message_id(id)}, "DONE", read_done, again=False)


def reset(owner: Owner, group: str, to: Optional[str], offset: Optional[int], time: Moment) -> Ask[None]:
    checked.name(group, "group")
    if (to is not None) + (offset is not None) + (time is not None) != 1:
        raise TypeError("reset: one of `to`, `offset` and `time`")
    if to not in (None, "earliest", "latest"):
        raise ValueError("to: earliest or latest")
    if offset is not None and not 0 <= offset < 1 << 48:
        raise ValueError("offset: from 0 on, 48 bits")
    fields = {"group": group, "to": to, "offset": offset, "time": None if time is None else checked.moment(time)}
    return Ask(owner, "RESET", fields, "DONE", read_done, again=False)


def resolution(owner: Owner, verb: str, token: bytes) -> Ask[wire.MessageId]:
    if not isinstance(token, bytes) or len(token) != 16 or token[0] != 3:
        raise ValueError("token: that of a message that is prepared")
    return Ask(owner, verb, {"tokens": [token]}, "RESOLVED", read_resolved)


def admin(owner: Owner, call: str, args: Optional[Mapping[str, Property]], again: bool) -> Ask[Any]:
    if not 1 <= len(checked.text(call, "call").encode()) <= 200:
        raise ValueError("call: 1 to 200 octets")
    fields = {"call": call, "args": {checked.text(key, "args"): checked.compared(value) for key, value in (args or {}).items()} or None}
    return Ask(owner, "ADMIN", fields, "ANSWER", read_report, again=again)


def reading(topic: str, start: str, offset: Optional[int], since: Moment, credit: int,
            attributes: bool) -> Tuple[str, int, bool, Dict[str, Any]]:
    checked.name(topic, "topic")
    if offset is not None and since is not None:
        raise TypeError("read: from `offset` or `since`, not both")
    if start not in ("latest", "earliest"):
        raise ValueError("start: latest or earliest")
    if offset is not None and not 0 <= offset < 1 << 48:
        raise ValueError("offset: from 0 on, 48 bits")
    if not 1 <= credit < 1 << 32:
        raise ValueError("credit: from 1 on, 32 bits")
    if offset is not None:
        return topic, credit, attributes, {"offset": offset}
    if since is not None:
        return topic, credit, attributes, {"time": checked.moment(since)}
    return topic, credit, attributes, {"start": start} if start == "earliest" else {}


def checks(topic: str, credit: int, attributes: bool) -> Tuple[str, int, bool]:
    checked.name(topic, "topic")
    if not 0 <= credit < 1 << 32:
        raise ValueError("credit: from 0 on, 32 bits")
    return topic, credit, attributes


def message_id(value: bytes) -> bytes:
    if not isinstance(value, bytes) or len(value) != 16:
        raise ValueError("id: the 16 octets of a receipt")
    return bytes(value)


def fetch(owner: Owner, group: str, max_: int, wait: float, lease: Optional[float], auto_extend: Optional[float],
          attributes: bool = False) -> Fetch:
    checked.name(group, "group")
    if not 1 <= max_ <= MAX_MAX:
        raise ValueError(f"max: 1 to {MAX_MAX}")
    if not 0 <= wait <= WAIT_MAX_S:
        raise ValueError(f"wait: 0 to {WAIT_MAX_S} seconds")
    lease_ms, extend_ms = leased(lease, auto_extend)
    return Fetch(owner, group, max_, clock_ms() + milliseconds(wait), lease_ms, extend_ms, attributes)


def leased(lease: Optional[float], auto_extend: Optional[float]) -> Tuple[Optional[int], int]:
    if auto_extend and lease is None:
        lease = AUTO_EXTEND_LEASE_S
    return checked.lease_ms(lease), milliseconds(auto_extend or 0)


def call(owner: Owner, service: str, body: Union[Bytes, Sequence[Bytes]], timeout: Optional[float]) -> Call:
    if timeout is not None and timeout < 0.001:
        raise ValueError("timeout: 1 millisecond at least")
    deadline_ms = None if timeout is None else clock_ms() + milliseconds(timeout)
    return Call(owner, checked.text(service, "service"), wire.body(checked.frames_of(body)), deadline_ms)


def credit(value: int) -> int:
    if not 0 <= value < 1 << 32:
        raise ValueError("credit: from 0 on, 32 bits")
    return value


def extensions(owner: Owner, deliveries: Sequence[Delivery], lease: Optional[float]) -> Extension:
    if len({each.group for each in deliveries}) > 1:
        raise ValueError("extend: deliveries of one group")
    return Extension(owner, list(deliveries), checked.lease_ms(lease))


def verdict(value: str) -> str:
    if value not in _VERDICTS:
        raise ValueError(f"verdict: one of {', '.join(_VERDICTS)}")
    return value


def reason_of(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"

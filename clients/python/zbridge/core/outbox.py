"""What is published and has no outcome yet: numbered, batched, sent, sent again on each new connection.

Flow:    publish -> [outbox] -> PUBLISH ... RECEIPT -> Publication.outcomes
Promise: nothing leaves it without an outcome. What goes out again has the same topic, seq and bytes.
Limits:  Options.max_in_flight and max_in_flight_bytes; beyond them add() raises InFlightFull.
         Limits.receipts messages on the wire; what is above waits here.
"""
from __future__ import annotations

from collections import deque
from typing import Any, Deque, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union, cast

from .. import wire
from ..errors import Error, InFlightFull, TooLarge, Violation
from ..options import Limits, Options, milliseconds
from .pending import Owner, Pending, T

HEADER_ROOM = 1024  # of a PUBLISH's header, for what is no attribute
MESSAGE_ROOM = 64  # of a ZeroMQ message, for what ZMTP puts around its frames


class Receipt(NamedTuple):
    """One message is stored. `duplicate`: it was already, under this id, and nothing new is."""

    seq: int
    id: wire.MessageId
    duplicate: bool


class Refusal(NamedTuple):
    """One message is not stored, and will not be (but for StoreFailed: nobody knows)."""

    seq: int
    error: Error


class Prepared:
    """A message that is prepared: it is on the disk, and nobody sees it before its commit. `token` names it, on any connection."""

    __slots__ = ("owner", "id", "token")

    def __init__(self, owner: Owner, id_: wire.MessageId, token: bytes) -> None:
        self.owner = owner
        self.id = id_
        self.token = token

    def commit(self) -> Pending[wire.MessageId]:
        """It is in its topic from now on; once that is durable the id of its message. Stale: it was resolved before."""
        return self.owner.resolve("COMMIT", self.token)  # type: ignore[no-any-return]

    def rollback(self) -> Pending[wire.MessageId]:
        """It is gone."""
        return self.owner.resolve("ROLLBACK", self.token)  # type: ignore[no-any-return]


class Outcome(NamedTuple):
    """`span` messages from `seq` on. `id` is None where they were refused; `token` where it is stored, not prepared."""

    seq: int
    span: int
    id: Optional[wire.Place]
    duplicate: bool = False
    code: str = ""
    text: str = ""
    token: Optional[bytes] = None

    def part(self, skipped: int, span: int) -> Outcome:
        id_ = None if self.id is None else self.id.behind(skipped)
        return Outcome(self.seq + skipped, span, id_, self.duplicate, self.code, self.text)

    def each(self) -> Iterator[Union[Receipt, Refusal]]:
        for n in range(self.span):
            if self.id is None:
                yield Refusal(self.seq + n, Error.of(self.code, self.text))
            else:
                yield Receipt(self.seq + n, wire.MessageId(self.id.behind(n).octets()), self.duplicate)


class Receipts:
    """What became of several messages, in order: Receipt or Refusal for each."""

    def __init__(self, outcomes: List[Outcome]) -> None:
        self._outcomes = outcomes

    def __iter__(self) -> Iterator[Union[Receipt, Refusal]]:
        for outcome in self._outcomes:
            yield from outcome.each()

    def __len__(self) -> int:
        return sum(each.span for each in self._outcomes)

    @property
    def stored(self) -> int:
        """How many are stored, duplicates among them."""
        return sum(each.span for each in self._outcomes if each.id is not None)

    @property
    def duplicates(self) -> int:
        return sum(each.span for each in self._outcomes if each.duplicate)

    @property
    def refused(self) -> List[Refusal]:
        return [cast(Refusal, each) for outcome in self._outcomes if outcome.id is None for each in outcome.each()]

    def check(self) -> Receipts:
        """Raises the error of the first one that was refused."""
        for each in self._outcomes:
            if each.id is None:
                raise Error.of(each.code, each.text)
        return self

    def __add__(self, others: Receipts) -> Receipts:
        return Receipts(self._outcomes + others._outcomes)


class Publishing(Pending[T]):
    """Messages for one topic, with numbers that follow each other."""

    __slots__ = ("topic", "once", "seq", "count", "bodies", "attributes", "size", "at_ms", "sent", "known", "outcomes")
    verb = "PUBLISH"

    def __init__(self, owner: Owner, topic: str, once: bool, bodies: Sequence[bytes],
                 attributes: Sequence[Optional[bytes]]) -> None:
        super().__init__(owner)
        self.topic = topic
        self.once = once
        self.seq = 0  # of the first
        self.count = len(bodies)
        self.bodies = bodies
        self.attributes = attributes
        self.size = sum(map(len, bodies)) + sum(len(each) for each in attributes if each)
        self.at_ms = 0
        self.sent = 0  # so many on this connection, or before it with an outcome
        self.known = 0  # so many have their outcome
        self.outcomes: List[Outcome] = []


class Publication(Publishing[Receipts]):
    """Of several messages: some may be refused, see Receipts."""

    __slots__ = ()

    def value(self) -> Receipts:
        return Receipts(self.outcomes)


class Single(Publishing[Receipt]):
    """Of one message: what it was refused with is raised."""

    __slots__ = ()

    def value(self) -> Receipt:
        found = next(self.outcomes[0].each())
        if isinstance(found, Refusal):
            raise found.error
        return found


class Preparation(Publishing[Prepared]):
    """Of one message that is prepared."""

    __slots__ = ()
    verb = "PREPARE"

    def value(self) -> Prepared:
        its = self.outcomes[0]
        if its.id is None:
            raise Error.of(its.code, its.text)
        if its.token is None:
            raise Violation("a message that was to be prepared is stored")
        return Prepared(self.owner, wire.MessageId(its.id.octets()), its.token)


class Outbox:
    def __init__(self, options: Options, first_seq: int) -> None:
        self._options = options
        self._linger_ms = milliseconds(options.linger)
        self._next_seq = max(first_seq, 1)
        self._sent: Deque[Publishing[Any]] = deque()  # all of it is on the wire
        self._unsent: Deque[Publishing[Any]] = deque()  # the first may be in part
        self._flush_through = 0  # up to this seq nothing waits for company
        self._unsent_messages = 0
        self._unsent_bytes = 0
        self.messages = 0
        self.bytes = 0
        self.on_wire = 0
        self.is_shut = False  # the bridge takes nothing more on this connection
        self.limits = Limits()

    # --- the application's side -----------------------------------------------------------------------------------

    def add(self, publication: Publishing[Any], seq: Optional[int], now_ms: int) -> None:
        if self.messages and (self.messages + publication.count > self._options.max_in_flight
                              or self.bytes + publication.size > self._options.max_in_flight_bytes):
            raise InFlightFull(f"{self.messages} messages ({self.bytes} octets) have no receipt yet")
        if seq is not None and seq < self._next_seq:
            raise ValueError(f"seq: {seq} does not rise: {self._next_seq} is the next")
        for n in range(publication.count):
            if not self._fits(publication, n):
                raise TooLarge(f"a message of more than {self.limits.message_bytes} octets, or its attributes "
                               f"of more than {self.limits.header_bytes}")
        publication.seq = self._next_seq if seq is None else seq
        publication.at_ms = now_ms
        self._next_seq = publication.seq + publication.count
        self._unsent.append(publication)
        self._unsent_messages += publication.count
        self._unsent_bytes += publication.size
        self.messages += publication.count
        self.bytes += publication.size

    def flush(self) -> bool:
        """What there is does not wait for company; whether some of it would have."""
        before, self._flush_through = self._flush_through, self._next_seq - 1
        return before != self._flush_through

    def fail(self, error: Error) -> None:
        """There will be no more outcomes."""
        for each in (*self._sent, *self._unsent):
            each.finish(error)
        self._sent.clear()
        self._unsent.clear()
        self.messages = self.bytes = self.on_wire = self._unsent_messages = self._unsent_bytes = 0

    # --- the connection's side ------------------------------------------------------------------------------------

    def begin_session(self) -> None:
        """All that has no outcome goes again, in order."""
        self._unsent.extendleft(reversed(self._sent))
        self._sent.clear()
        for each in self._unsent:
            each.sent = each.known
        self.on_wire = 0
        self.is_shut = False
        self._unsent_messages = sum(each.count - each.sent for each in self._unsent)
        self._unsent_bytes = sum(each.size for each in self._unsent)
        self.flush()

    def next_deadline(self) -> Optional[int]:
        if not self._unsent or self.on_wire >= self.limits.receipts:
            return None
        return self._unsent[0].at_ms + (0 if self._is_due_by_size() else self._linger_ms)

    def take(self, now_ms: int) -> Optional[wire.Frames]:
        """The next PUBLISH that is due."""
        while self._unsent and self.on_wire < self.limits.receipts:
            first = self._unsent[0]
            if not self._is_due_by_size() and now_ms < first.at_ms + self._linger_ms:
                return None
            if self._fits(first, first.sent):
                return self._batch()
            if self.on_wire:  # the limits have shrunk: refused here, when its turn has come
                return None
            first.sent += 1
            self.on_wire += 1
            self._unsent_messages -= 1
            self._learn(Outcome(first.seq + first.known, 1, None, False, "too_large", "larger than the bridge takes"))
        return None

    def on_receipt(self, stored: Sequence[object], refused: Sequence[object], prepared: Sequence[object] = ()) -> bool:
        """Takes the outcomes in the order of seq; False where the bridge said that it is shutting down."""
        outcomes = [_stored(each) for each in stored] + [_refused(each) for each in refused] + [_prepared(each) for each in prepared]
        for outcome in sorted(outcomes, key=lambda each: each.seq):
            if outcome.code == "shutting_down":
                self.is_shut = True  # as all behind it: sent again on the next connection
                return False
            self._learn(outcome)
        return True

    # --- inside ---------------------------------------------------------------------------------------------------

    def _is_due_by_size(self) -> bool:
        first = self._unsent[0]
        return (first.seq + first.sent <= self._flush_through or self._unsent_messages >= self._options.batch_messages
                or self._unsent_bytes >= self._options.batch_bytes)

    def _fits(self, publication: Publishing[Any], n: int) -> bool:
        attributes = len(publication.attributes[n] or b"")
        return (attributes + HEADER_ROOM <= self.limits.header_bytes
                and len(publication.bodies[n]) + attributes + HEADER_ROOM + MESSAGE_ROOM <= self.limits.message_bytes)

    def _batch(self) -> wire.Frames:
        """Of the first messages that may go together: one topic, numbers without a gap, not too much."""
        first = self._unsent[0]
        seq = first.seq + first.sent
        bodies: List[bytes] = []
        attributes: List[Optional[bytes]] = []
        room = min(self._options.batch_messages, self.limits.batch_messages, self.limits.receipts - self.on_wire)
        bytes_left = min(self._options.batch_bytes, self.limits.message_bytes - HEADER_ROOM - MESSAGE_ROOM)
        header_left = self.limits.header_bytes - HEADER_ROOM
        while self._unsent and room > 0:
            each = self._unsent[0]
            if each.topic != first.topic or each.once != first.once or each.verb != first.verb:
                break
            if each.seq + each.sent != seq + len(bodies):
                break
            count, bytes_left, header_left = self._reach(each, room, bytes_left, header_left, not bodies)
            until = each.sent + count
            bodies += each.bodies[each.sent:until]
            attributes += each.attributes[each.sent:until]
            each.sent = until
            room -= count
            if until < each.count:
                break
            self._unsent_bytes -= each.size
            self._sent.append(self._unsent.popleft())
        self._unsent_messages -= len(bodies)
        self.on_wire += len(bodies)
        return wire.publish(first.topic, seq, first.once, bodies, attributes, first.verb)

    def _reach(self, each: Publishing[Any], room: int, bytes_left: int, header_left: int, alone: bool) -> Tuple[int, int, int]:
        """How many of its messages go into what is left, and what is left then. `alone`: one goes in any case."""
        count, most = 0, min(room, each.count - each.sent)
        while count < most:
            attributes = len(each.attributes[each.sent + count] or b"\xc0")
            size = len(each.bodies[each.sent + count]) + attributes
            if (size > bytes_left or attributes > header_left) and not (alone and count == 0):
                break
            bytes_left -= size
            header_left -= attributes
            count += 1
        return count, bytes_left, header_left

    def _learn(self, outcome: Outcome) -> None:
        known = 0
        while known < outcome.span:
            publication = self._sent[0] if self._sent else self._unsent[0] if self._unsent else None
            open_ = 0 if publication is None else publication.sent - publication.known
            if publication is None or open_ == 0 or outcome.seq + known != publication.seq + publication.known:
                raise Violation(f"a receipt for {outcome.seq + known}, which is not the next without one")
            count = min(outcome.span - known, open_)
            publication.outcomes.append(outcome if count == outcome.span else outcome.part(known, count))
            publication.known += count
            self.on_wire -= count
            self.messages -= count
            known += count
            if publication.known == publication.count:
                self._forget(publication)

    def _forget(self, publication: Publishing[Any]) -> None:
        if self._sent:
            self._sent.popleft()
        else:  # only one that was refused here
            self._unsent.popleft()
            self._unsent_bytes -= publication.size
        self.bytes -= publication.size
        publication.bodies = publication.attributes = ()
        publication.finish()


def _stored(entry: object) -> Outcome:
    first = _entry(entry)
    return Outcome(first[0], first[1], wire.Place.read(first[2]), bool(first[3]))


def _refused(entry: object) -> Outcome:
    first = _entry(entry)
    return Outcome(first[0], first[1], None, False, str(first[2]), str(first[3]))


def _prepared(entry: object) -> Outcome:
    if not isinstance(entry, list) or len(entry) < 3 or not isinstance(entry[0], int) or not isinstance(entry[2], bytes):
        raise Violation("an entry of a receipt that is not as it should be")
    return Outcome(entry[0], 1, wire.Place.read(entry[1]), token=entry[2])


def _entry(entry: object) -> List[Any]:
    if isinstance(entry, list) and len(entry) >= 4 and all(isinstance(each, int) and each > 0 for each in entry[:2]):
        return entry
    raise Violation("an entry of a receipt that is not as it should be")

"""Settlements and extensions on their way: merged into ranges, batched, sent again on each new connection.

Flow:    Delivery.ack -> [settling] -> SETTLE ... SETTLED -> Settlement
Promise: a delivery has one verdict. It is sent until the bridge says SETTLED, and not after.
         One that is being extended is settled under its new token, once that is known.
Limits:  Limits.ranges and settle_messages a command; what waits is bounded by what was delivered. REMEMBERED_MAX and
         REMEMBERED_MS_MAX for verdicts that came too late: beyond them a message may be handed out once more.
"""
from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .. import wire
from ..errors import AlreadySettled, Error, Stale, Violation
from ..options import Limits, Options, milliseconds
from .delivery import SETTLED, Delivery, Key
from .held import Held
from .outcomes import Extension, Settlement
from .pending import Owner

SHARE_OF_HAND = 4  # a SETTLE goes at once with so large a part of what is in hand: one of so many
REMEMBERED_MAX = 10_000  # verdicts that came too late, so many
REMEMBERED_MS_MAX = 600_000  # and so long
REASON_BYTES_MAX = 200  # the bridge keeps no more
DELAY_MAX_MS = 365 * 24 * 3600 * 1000


class Verdict(NamedTuple):
    group: str
    verdict: str
    delay_ms: Optional[int]
    reason: Optional[str]

    @property
    def is_final(self) -> bool:
        return self.verdict in ("ack", "reject")


class _Entry(NamedTuple):
    place: wire.Place
    settlement: Settlement
    key: Key
    sent_before: bool


class _Final:
    """What the application has said of a message, and how many SETTLEs that say it have no answer."""

    __slots__ = ("verdict", "open")

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.open = 0


class _Sent(NamedTuple):
    verdict: Verdict
    ranges: List[List[_Entry]]


class _Extended(NamedTuple):
    extension: Extension
    ranges: List[List[Delivery]]
    at_ms: int


class Settling:
    def __init__(self, options: Options, next_ref: Callable[[], int]) -> None:
        self._options = options
        self._linger_ms = milliseconds(options.settle_linger)
        self._next_ref = next_ref
        self._queued: Dict[Verdict, List[_Entry]] = {}
        self._queued_count = 0
        self._due_ms: Optional[int] = None
        self._sent: Dict[int, _Sent] = {}
        self._extends: List[Tuple[Extension, List[Delivery]]] = []
        self._extended: Dict[int, _Extended] = {}
        self._final: Dict[Key, _Final] = {}  # acked or rejected, and the bridge has not said SETTLED
        self._late: Dict[Key, Tuple[Verdict, int]] = {}  # likewise, and it was stale: it may be delivered here again
        self.sent_again = 0  # settlements that were sent on an earlier connection, and have no answer yet
        self.good_again = 0  # of those on this connection: settled by it now
        self.limits = Limits()

    # --- the application's side -----------------------------------------------------------------------------------

    def add(self, deliveries: Sequence[Delivery], verdict: Verdict, settlement: Settlement, now_ms: int) -> None:
        for each in deliveries:
            if each.state == SETTLED:
                raise AlreadySettled(repr(each))
        for each in deliveries:
            each.state = SETTLED
            if verdict.is_final:
                self._final.setdefault(each.key, _Final(verdict)).open += 1
            if each.extending:
                each.deferred = (verdict, settlement)
            else:
                self._queue(verdict, _Entry(each.place, settlement, each.key, False), now_ms)

    def extend(self, extension: Extension) -> None:
        for each in extension.deliveries:
            if each.state == SETTLED:
                raise AlreadySettled(repr(each))
        wanted = [each for each in extension.deliveries if not each.extending]
        extension.remaining = len(wanted)
        if not wanted:
            return extension.finish()
        for each in wanted:
            each.extending = True
        size = max(1, min(self.limits.ranges, self.limits.settle_messages))
        for start in range(0, len(wanted), size):
            self._extends.append((extension, wanted[start:start + size]))

    def final_verdict(self, key: Key, now_ms: int) -> Optional[Verdict]:
        """What the application has said of a message that is delivered again, where the bridge may not know it yet, or
        heard it too late."""
        if key in self._late:
            verdict, at_ms = self._late.pop(key)
            if now_ms - at_ms < REMEMBERED_MS_MAX:
                return verdict
        return self._final[key].verdict if key in self._final else None

    def flush(self, now_ms: int) -> None:
        if self._queued_count:
            self._due_ms = now_ms

    @property
    def never_sent(self) -> int:
        """So many deliveries whose verdict the bridge cannot have heard."""
        return self._queued_count - sum(entry.sent_before for queue in self._queued.values() for entry in queue)

    @property
    def is_idle(self) -> bool:
        return not (self._queued_count or self._sent or self._extends or self._extended)

    def fail(self, error: Error) -> None:
        """There will be no more answers."""
        for sent in self._sent.values():
            for entry in (each for found in sent.ranges for each in found):
                entry.settlement.finish(error)
        for queue in self._queued.values():
            for entry in queue:
                entry.settlement.finish(error)
        for extension, deliveries in [*self._extends, *((each.extension, list(_flat(each.ranges)))
                                                        for each in self._extended.values())]:
            extension.finish(error)
            for delivery in deliveries:
                if delivery.deferred is not None:
                    delivery.deferred[1].finish(error)
        for kept in (self._queued, self._sent, self._extended, self._final, self._late):
            kept.clear()
        self._extends.clear()
        self._queued_count = 0
        self._due_ms = None

    # --- the connection's side ------------------------------------------------------------------------------------

    def begin_session(self, held: Optional[Held], now_ms: int) -> None:
        """What was sent and not answered goes again. An EXTEND only where the list of what is held shows that the bridge
        has not heard it: else its token is stale by it, and the list has the new one."""
        sent, self._sent = self._sent, {}
        for each in sent.values():
            for entry in (entry for found in each.ranges for entry in found):
                self._queue(each.verdict, entry._replace(sent_before=True), now_ms)
        self.sent_again = sum(entry.sent_before for queue in self._queued.values() for entry in queue)
        self.good_again = 0
        extended, self._extended = self._extended, {}
        for lost in extended.values():
            self._resume_extension(lost, held, now_ms)
        self.flush(now_ms)

    def next_deadline(self, held: int) -> Optional[int]:
        """`held`: so many deliveries have no verdict yet."""
        return 0 if self._extends or self._is_worth_it(held) else self._due_ms

    def take(self, held: int, now_ms: int) -> Optional[wire.Frames]:
        """The next SETTLE or EXTEND that is due."""
        if self._due_ms is not None and (now_ms >= self._due_ms or self._is_worth_it(held)):
            return self._take_settle()
        return self._take_extend(now_ms) if self._extends else None

    def on_settled(self, fields: wire.Fields, now_ms: int) -> None:
        ref = wire.field(fields, "ref", int)
        if ref in self._extended:
            return self._on_extended(self._extended.pop(ref), fields, now_ms)
        sent = self._sent.pop(ref, None)
        if sent is None:
            return None
        error = Error.of(str(fields["code"]), str(fields.get("text", ""))) if "code" in fields else None
        for entries, stale in zip(sent.ranges, _stale(fields, len(sent.ranges))):
            again = sum(entry.sent_before for entry in entries)
            self.sent_again -= again
            self.good_again += max(0, again - stale)
            for entry in entries:
                if sent.verdict.is_final:
                    self._learn_final(entry.key, stale > 0, now_ms)
                certain = stale == len(entries) and not entry.sent_before
                entry.settlement.learn(stale > 0, certain, error)
        return None

    def on_refused(self, ref: int, error: Error, now_ms: int) -> None:
        """Of SETTLE or EXTEND: it had no effect."""
        if ref in self._extended:
            lost = self._extended.pop(ref)
            for delivery in _flat(lost.ranges):
                self._end_extension(delivery, now_ms)
            lost.extension.finish(error)
        elif ref in self._sent:
            sent = self._sent.pop(ref)
            for entry in (entry for found in sent.ranges for entry in found):
                if sent.verdict.is_final:
                    self._learn_final(entry.key, False, now_ms)
                entry.settlement.finish(error)

    def tokens(self) -> Iterator[Tuple[str, wire.Place]]:
        """Of all that is to be settled or extended yet."""
        for verdict, queue in self._queued.items():
            yield from ((verdict.group, entry.place) for entry in queue)
        for _, deliveries in self._extends:
            yield from ((each.group, each.place) for each in deliveries)

    def give_back(self, group: str, places: Sequence[wire.Place], owner: Owner, now_ms: int) -> None:
        """What never came here."""
        settlement = Settlement(owner, len(places))
        for place in places:
            self._queue(verdict_of(group, "release", None, None), _Entry(place, settlement, (group, place), False), now_ms)
        self.flush(now_ms)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _is_worth_it(self, held: int) -> bool:
        """Whether what waits goes without waiting: for a client that has settled what it has nothing more may come until
        it is told."""
        waits = self._queued_count
        return waits >= self._options.settle_messages or (waits > 0 and SHARE_OF_HAND * waits >= waits + held)

    def _queue(self, verdict: Verdict, entry: _Entry, now_ms: int) -> None:
        self._queued.setdefault(verdict, []).append(entry)
        self._queued_count += 1
        if self._due_ms is None:
            self._due_ms = now_ms + self._linger_ms

    def _learn_final(self, key: Key, stale: bool, now_ms: int) -> None:
        """Of one SETTLE that said it. Stale, and none that says so under a newer token: it may be delivered here again."""
        final = self._final.get(key)
        if final is None:
            return
        final.open -= 1
        if not stale or final.open == 0:
            del self._final[key]
            self._late.pop(key, None)
        if stale and final.open == 0:
            self._late[key] = (final.verdict, now_ms)
            if len(self._late) > REMEMBERED_MAX:
                del self._late[next(iter(self._late))]

    def _take_settle(self) -> wire.Frames:
        verdict = next(iter(self._queued))
        entries = self._queued.pop(verdict)
        entries.sort(key=lambda each: each.place)
        ranges, left = _ranges(entries, lambda each: each.place, self.limits)
        if left:
            self._queued[verdict] = left
        self._queued_count -= len(entries) - len(left)
        if not self._queued_count:
            self._due_ms = None
        ref = self._next_ref()
        self._sent[ref] = _Sent(verdict, ranges)
        return wire.encode("SETTLE", {
            "group": verdict.group, "verdict": verdict.verdict, "ranges": _as_said([(found[0].place, len(found)) for found in ranges]),
            "delay": verdict.delay_ms, "reason": verdict.reason, "ref": ref})

    def _take_extend(self, now_ms: int) -> wire.Frames:
        extension, deliveries = self._extends.pop(0)
        group = deliveries[0].group
        ranges, _ = _ranges(sorted(deliveries, key=lambda each: each.place), lambda each: each.place, self.limits)
        ref = self._next_ref()
        self._extended[ref] = _Extended(extension, ranges, now_ms)
        return wire.encode("EXTEND", {"group": group, "ranges": _as_said([(found[0].place, len(found)) for found in ranges]),
                                      "lease": extension.lease_ms, "ref": ref})

    def _on_extended(self, sent: _Extended, fields: wire.Fields, now_ms: int) -> None:
        tokens = wire.field(fields, "tokens", list)
        if len(tokens) != len(sent.ranges):
            raise Violation("an answer to EXTEND with another number of tokens")
        for deliveries, token, stale in zip(sent.ranges, tokens, _stale(fields, len(sent.ranges))):
            first = None if token is None else wire.Place.read(token)
            for n, delivery in enumerate(deliveries):
                if first is not None:
                    delivery.place = first.behind(n)
                    lease = sent.extension.lease_ms or delivery.lease_ms or 0
                    delivery.lease_ends_ms = sent.at_ms + lease
                else:
                    delivery.extend_until_ms = 0
                self._end_extension(delivery, now_ms)
            sent.extension.stale += stale
            sent.extension.remaining -= len(deliveries)
        if sent.extension.remaining <= 0:
            gone = sent.extension.stale
            sent.extension.finish(Stale(f"{gone} no longer open") if gone else None)

    def _resume_extension(self, lost: _Extended, held: Optional[Held], now_ms: int) -> None:
        again = []
        for delivery in _flat(lost.ranges):
            token = held.token_of(delivery.group, delivery.place) if held is not None else None
            if token == delivery.place and delivery.deferred is None:
                again.append(delivery)
                continue
            if token is not None and token != delivery.place:
                delivery.place = token
                delivery.lease_ends_ms = lost.at_ms + (lost.extension.lease_ms or delivery.lease_ms or 0)
            lost.extension.stale += token is None
            lost.extension.remaining -= 1
            self._end_extension(delivery, now_ms)
        if again:
            self._extends.append((lost.extension, again))
        elif lost.extension.remaining <= 0:
            gone = lost.extension.stale
            lost.extension.finish(Stale("the connection was lost before the answer", certain=False) if gone else None)

    def _end_extension(self, delivery: Delivery, now_ms: int) -> None:
        delivery.extending = False
        if delivery.deferred is not None:
            verdict, settlement = delivery.deferred
            delivery.deferred = None
            self._queue(verdict, _Entry(delivery.place, settlement, delivery.key, False), now_ms)


def verdict_of(group: str, verdict: str, delay: Optional[float], reason: Optional[str]) -> Verdict:
    delay_ms = None
    if delay is not None:
        delay_ms = milliseconds(delay)
        if not 0 <= delay_ms <= DELAY_MAX_MS:
            raise ValueError("delay: 0 to a year, in seconds")
    if reason is not None:
        reason = reason.encode("utf-8", "replace")[:REASON_BYTES_MAX].decode("utf-8", "ignore")
    return Verdict(group, verdict, delay_ms, reason)


def _ranges(entries: List[Any], place_of: Callable[[Any], wire.Place], limits: Limits) -> Tuple[List[List[Any]], List[Any]]:
    """Neighbours in one range; what is above the limits of a command is left."""
    found: List[List[Any]] = []
    expected = None
    for n, each in enumerate(entries):
        if n == limits.settle_messages:
            return found, entries[n:]
        place = place_of(each)
        if place != expected:
            if len(found) == limits.ranges:
                return found, entries[n:]
            found.append([])
        found[-1].append(each)
        expected = place.behind(1)
    return found, []


def _as_said(ranges: List[Tuple[wire.Place, int]]) -> List[List[Any]]:
    return [[place.octets(), count] for place, count in ranges]


def _flat(ranges: List[List[Delivery]]) -> Iterator[Delivery]:
    return (each for found in ranges for each in found)


def _stale(fields: wire.Fields, count: int) -> List[int]:
    found: List[int] = wire.field(fields, "stale", list)
    if len(found) != count or not all(isinstance(each, int) for each in found):
        raise Violation("SETTLED with another number of ranges")
    return found

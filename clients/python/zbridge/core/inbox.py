"""What is delivered: subscriptions and fetches, what is held under them, and what becomes of it over connections.

Flow:    SUBSCRIBE or RECEIVE (fetching.py) ... DELIVER -> [inbox] -> Delivery -> settling.py
Promise: a message that this client has acked or rejected is not handed out again by it: delivered once more before the
         bridge knew, it is settled under its newest token. What the application has not seen is given back as soon as
         somebody else may have it.
Limits:  Subscription.credit and Fetch.max bound what is held.
"""
from __future__ import annotations

from collections import deque
from typing import Callable, Deque, Dict, Iterator, List, Optional, Tuple

from .. import wire
from ..errors import AlreadySettled, Closed, Error, Violation
from .delivery import BUFFERED, HANDED, SETTLED, Delivery, Key
from .fetching import Fetching
from .held import Held
from .pending import Owner
from .settling import Extension, Settlement, Settling, Verdict, verdict_of

HELD_MS_MAX = 12 * 3600 * 1000  # no lease is longer: then it is forgotten here
SWEEP_MS = 600_000


class Subscription:
    """What is delivered under it and waits for the application. Its verbs are the clients'."""

    def __init__(self, sub: int, group: str, credit: int, lease_ms: Optional[int], auto_extend_ms: int,
                 attributes: bool = False) -> None:
        self.sub = sub
        self.group = group
        self.credit = credit
        self.lease_ms = lease_ms
        self.auto_extend_ms = auto_extend_ms
        self.attributes = attributes  # are delivered with them
        self.asked = False  # SUBSCRIBE is said on this connection
        self.is_open = False  # SUBSCRIBED is heard on it
        self.is_left = False  # UNSUBSCRIBE is said on it
        self.error: Optional[Error] = None  # closed, or refused
        self.buffer: Deque[Delivery] = deque()


class Inbox:
    def __init__(self, owner: Callable[[], Owner], settling: Settling, next_ref: Callable[[], int]) -> None:
        self._owner = owner
        self._settling = settling
        self._next_ref = next_ref
        self._next_sub = 1
        self._subscriptions: Dict[int, Subscription] = {}
        self._say: Deque[wire.Frames] = deque()
        self._held: Dict[Key, Delivery] = {}  # the newest delivery of each message
        self._next_extend_ms: Optional[int] = None
        self._next_sweep_ms = 0
        self.in_session = False
        self.fetching = Fetching(self._give_back_tokens, next_ref)

    # --- the application's side -----------------------------------------------------------------------------------

    def subscribe(self, group: str, credit: int, lease_ms: Optional[int], auto_extend_ms: int,
                  attributes: bool = False) -> Subscription:
        made = Subscription(self.next_sub(), group, credit, lease_ms, auto_extend_ms, attributes)
        self._subscriptions[made.sub] = made
        self._ask(made)
        return made

    def next_sub(self) -> int:
        """A number that no other subscription of this client has."""
        self._next_sub += 1
        return self._next_sub - 1

    def set_credit(self, subscription: Subscription, credit: int) -> None:
        subscription.credit = credit
        if subscription.asked and self.in_session:
            self._say.append(wire.encode("CREDIT", {"sub": subscription.sub, "credit": credit}))

    def take(self, subscription: Subscription) -> Optional[Delivery]:
        """The next for the application, which holds it from now on."""
        while subscription.buffer:
            found = subscription.buffer.popleft()
            if found.state == BUFFERED:
                found.state = HANDED
                return found
        return None

    def unsubscribe(self, subscription: Subscription, now_ms: int) -> None:
        if subscription.error is not None:
            return
        subscription.error = Closed("the subscription is closed")
        self.give_back([subscription], now_ms)
        if subscription.asked and self.in_session:
            self._say_unsubscribe(subscription)
        elif not subscription.asked:
            self._subscriptions.pop(subscription.sub, None)

    def close(self, now_ms: int) -> None:
        """Nothing more is wanted. What the application holds it may still settle."""
        for subscription in self.subscriptions:
            self.unsubscribe(subscription, now_ms)
        self.fetching.close(now_ms)

    def settle(self, deliveries: List[Delivery], verdict: str, delay: Optional[float], reason: Optional[str],
               now_ms: int) -> Settlement:
        """Each under its newest token. What was delivered again meanwhile, and not handed out yet, is settled by it."""
        if len(deliveries) > 1 and len(set(map(id, deliveries))) < len(deliveries):
            raise AlreadySettled("one of them stands there twice")
        for each in deliveries:
            if each.state == SETTLED:
                raise AlreadySettled(f"{each} has had its verdict")
        settlement = Settlement(self._owner(), len(deliveries))
        if not deliveries:
            settlement.finish()
        said: Optional[Verdict] = None
        for each in deliveries:
            if said is None or said.group != each.group:
                said = verdict_of(each.group, verdict, delay, reason)
            newest = self._newest(each)
            self._held.pop(each.key, None)
            self._settling.add([newest], said, settlement, now_ms)
            if newest is not each:  # it has its place of the credit all the same
                self._settling.add([each], said, Settlement(self._owner(), 1), now_ms)
        return settlement

    def give_back(self, subscriptions: List[Subscription], now_ms: int) -> None:
        """What the application has not seen."""
        for subscription in subscriptions:
            self._release_unseen(subscription, lambda _: True, now_ms)

    @property
    def subscriptions(self) -> List[Subscription]:
        return list(self._subscriptions.values())

    @property
    def handed(self) -> int:
        """So many the application has not settled."""
        return sum(each.state == HANDED for each in self._held.values())

    @property
    def held(self) -> int:
        return len(self._held)

    def tokens(self) -> Iterator[Tuple[str, wire.Place]]:
        return ((each.group, each.place) for each in self._held.values())

    def fail(self, error: Error) -> None:
        for subscription in self._subscriptions.values():
            subscription.error = subscription.error or error
            subscription.buffer.clear()
        self.fetching.fail(error)
        self._subscriptions.clear()
        self._say.clear()
        self._held.clear()

    # --- the connection's side ------------------------------------------------------------------------------------

    def begin_session(self, resumed: int, held: Optional[Held], same_epoch: bool, now_ms: int) -> None:
        """What is held is this session's again if the bridge says so: of each, or at least of all of it. Of the rest
        what nobody has looked at goes back: somebody else may be given it, or this client once more."""
        self.in_session = True
        if held is not None and held.is_whole:
            for subscription in self.subscriptions:
                self._release_unseen(subscription, lambda each: (each.group, each.place) not in held, now_ms)
        elif not same_epoch or resumed < len(self._held):
            self.give_back(self.subscriptions, now_ms)
        for subscription in self.subscriptions:
            subscription.asked = subscription.is_open = False
            if subscription.error is not None:
                self._subscriptions.pop(subscription.sub)
            else:
                self._ask(subscription)

    def end_session(self) -> None:
        """The connection is lost: what waited on it is asked again on the next."""
        self.in_session = False
        self._say.clear()
        self.fetching.end_session()

    def pause(self, now_ms: int) -> None:
        """No further deliveries for now: what nobody has looked at goes back."""
        self.in_session = False
        self.give_back(self.subscriptions, now_ms)
        for each in self.subscriptions:
            if each.asked and each.error is None:
                self._say.append(wire.encode("CREDIT", {"sub": each.sub, "credit": 0}))

    def go_on(self) -> None:
        """After pause()."""
        self.in_session = True
        for each in self.subscriptions:
            if each.asked and each.error is None:
                self._say.append(wire.encode("CREDIT", {"sub": each.sub, "credit": each.credit}))
            elif each.asked:  # closed meanwhile
                self._say_unsubscribe(each)
            else:
                self._ask(each)

    def leave(self, now_ms: int) -> None:
        """The bridge delivers nothing more on this connection; it answers what was asked."""
        self.in_session = False
        self._say.clear()
        self.give_back(self.subscriptions, now_ms)
        self.fetching.leave(now_ms)

    def next_deadline(self) -> Optional[int]:
        found = [self._next_extend_ms] if self._next_extend_ms is not None else []
        if self._say:
            found.append(0)
        fetches_at_ms = self.fetching.next_deadline(self.in_session)
        if fetches_at_ms is not None:
            found.append(fetches_at_ms)
        return min(found, default=None)

    def tick(self, now_ms: int) -> None:
        """Leases that are to go on, and fetches that never got to ask."""
        if self._next_extend_ms is not None and now_ms >= self._next_extend_ms:
            self._extend_all(now_ms)
        self.fetching.tick(self.in_session, now_ms)
        if now_ms >= self._next_sweep_ms:
            self._next_sweep_ms = now_ms + SWEEP_MS
            for key in [key for key, each in self._held.items() if now_ms - each.arrived_ms > HELD_MS_MAX]:
                del self._held[key]

    def take_said(self, now_ms: int) -> Optional[wire.Frames]:
        """The next command of subscriptions and fetches."""
        if self._say:
            return self._say.popleft()
        return self.fetching.take_said(self.in_session, now_ms)

    def on_subscribed(self, sub: int) -> None:
        if sub in self._subscriptions:
            self._subscriptions[sub].is_open = True

    def on_unsubscribed(self, sub: int) -> None:
        self._subscriptions.pop(sub, None)

    def on_refused_sub(self, sub: int, error: Error, now_ms: int) -> None:
        """Of SUBSCRIBE, CREDIT or UNSUBSCRIBE. What it was delivered stays: the application may work on it."""
        subscription = self._subscriptions.get(sub)
        if subscription is not None and error.code != "shutting_down":
            subscription.error = subscription.error or error
            self.give_back([subscription], now_ms)
            self._subscriptions.pop(sub)

    def on_deliver(self, heard: wire.Heard, leaving: bool, now_ms: int) -> None:
        if "ref" in heard.fields:
            return self._on_fetched(heard, leaving, now_ms)
        subscription = self._subscriptions.get(wire.field(heard.fields, "sub", int))
        if subscription is None:
            raise Violation("DELIVER for a subscription that is not there")
        came = self._read(heard, subscription.group, subscription.lease_ms, subscription.auto_extend_ms, now_ms)
        mine = [each for each in came if self._admit(each, now_ms)]
        if subscription.error is not None or leaving:
            return self._release(mine, now_ms)
        subscription.buffer.extend(mine)
        return None

    # --- inside ---------------------------------------------------------------------------------------------------

    def _on_fetched(self, heard: wire.Heard, leaving: bool, now_ms: int) -> None:
        ref = wire.field(heard.fields, "ref", int)
        fetch = self.fetching.asked(ref)
        came = list(self._read(heard, fetch.group, fetch.lease_ms, fetch.auto_extend_ms, now_ms))
        was_again = self.fetching.answered(ref, came, now_ms)
        fetch.deliveries = [each for each in came if self._admit(each, now_ms)]
        if fetch.done:  # nobody waits for it any more
            return self._release(fetch.deliveries, now_ms)
        if not fetch.deliveries and fetch.deadline_ms > now_ms and (leaving or came or was_again):
            return self.fetching.add(fetch)  # asked again: it was not this that it waited for
        for each in fetch.deliveries:
            each.state = HANDED
        return fetch.finish()

    def _give_back_tokens(self, group: str, places: List[wire.Place], now_ms: int) -> None:
        self._settling.give_back(group, places, self._owner(), now_ms)

    def _say_unsubscribe(self, subscription: Subscription) -> None:
        if not subscription.is_left:
            subscription.is_left = True
            self._say.append(wire.encode("UNSUBSCRIBE", {"sub": subscription.sub}))

    def _ask(self, subscription: Subscription) -> None:
        if self.in_session:
            subscription.asked = True
            self._say.append(wire.encode("SUBSCRIBE", {"sub": subscription.sub, "group": subscription.group,
                                                       "credit": subscription.credit, "lease": subscription.lease_ms,
                                                       "attributes": subscription.attributes or None}))

    def _read(self, heard: wire.Heard, group: str, lease_ms: Optional[int], auto_extend_ms: int,
              now_ms: int) -> Iterator[Delivery]:
        runs = wire.field(heard.fields, "runs", list)
        messages = wire.bodies(heard.block) if heard.block is not None else []
        if sum(_run(each)[1] for each in runs) != len(messages):
            raise Violation("a DELIVER with another count than its block")
        attributes = heard.fields.get("attributes") or [None] * len(runs)
        if not isinstance(attributes, list) or len(attributes) != len(runs):
            raise Violation("a DELIVER with another count of attributes than of runs")
        at = 0
        owner = self._owner()
        for run, its_attributes in zip(runs, attributes):
            token, count, attempt, id_ = _run(run)
            for n in range(count):
                made = Delivery(owner, group, token.behind(n), attempt, id_.behind(n), messages[at])
                made.attributes = its_attributes
                made.arrived_ms = now_ms
                made.lease_ms = lease_ms
                made.lease_ends_ms = now_ms + (lease_ms or 0)
                if lease_ms and auto_extend_ms:
                    made.extend_until_ms = now_ms + auto_extend_ms
                    soon = now_ms + lease_ms // 3
                    self._next_extend_ms = soon if self._next_extend_ms is None else min(soon, self._next_extend_ms)
                at += 1
                yield made

    def _admit(self, delivery: Delivery, now_ms: int) -> bool:
        """Whether the application is to see it. An older delivery of it that nobody has seen goes."""
        final = self._settling.final_verdict(delivery.key, now_ms)
        if final is not None:
            self._settling.add([delivery], final, Settlement(self._owner(), 1), now_ms)
            return False
        before = self._held.get(delivery.key)
        self._held[delivery.key] = delivery
        if before is not None and before.state == BUFFERED:
            self._settling.add([before], verdict_of(before.group, "release", None, None), Settlement(self._owner(), 1), now_ms)
        return True

    def _newest(self, delivery: Delivery) -> Delivery:
        newest = self._held.get(delivery.key)
        return newest if newest is not None and newest.state == BUFFERED else delivery

    def _release_unseen(self, subscription: Subscription, goes: Callable[[Delivery], bool], now_ms: int) -> None:
        unseen = [each for each in subscription.buffer if each.state == BUFFERED]
        going = [each for each in unseen if goes(each)]
        subscription.buffer = deque(each for each in unseen if not goes(each))
        self._release(going, now_ms)

    def _release(self, deliveries: List[Delivery], now_ms: int) -> None:
        for each in deliveries:
            if self._held.get(each.key) is each:
                del self._held[each.key]
        for group in dict.fromkeys(each.group for each in deliveries):
            mine = [each for each in deliveries if each.group == group]
            self._settling.add(mine, verdict_of(group, "release", None, None), Settlement(self._owner(), len(mine)), now_ms)

    def _extend_all(self, now_ms: int) -> None:
        """Those whose lease is to a third over, until `auto_extend` is."""
        due: Dict[Tuple[str, int], List[Delivery]] = {}
        self._next_extend_ms = None
        for each in self._held.values():
            if each.state == SETTLED or each.lease_ms is None or each.extend_until_ms <= now_ms:
                continue
            soon = each.lease_ends_ms - (2 * each.lease_ms) // 3
            if soon <= now_ms and not each.extending:
                due.setdefault((each.group, each.lease_ms), []).append(each)
                soon = now_ms + each.lease_ms // 3
            soon = max(soon, now_ms + 100)
            self._next_extend_ms = soon if self._next_extend_ms is None else min(soon, self._next_extend_ms)
        for (_, lease_ms), deliveries in due.items():
            self._settling.extend(Extension(self._owner(), deliveries, lease_ms))


def _run(entry: object) -> Tuple[wire.Place, int, int, wire.Place]:
    if not isinstance(entry, list) or len(entry) < 4 or not all(isinstance(each, int) and each > 0 for each in entry[1:3]):
        raise Violation("a run that is not as it should be")
    return wire.Place.read(entry[0]), entry[1], entry[2], wire.Place.read(entry[3])

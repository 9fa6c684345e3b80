"""One client: its connection over all its lives, and what goes on over it.

Flow:    driver opens link `link_number` -> take_output() (HELLO first) ... received() -> outbox | inbox | settling
Thread:  one at a time; the time is given in with each call, in milliseconds that never go back.
Promise: nothing is said before WELCOME but HELLO. After it what has no answer is said again, as docs/PROTOCOL.md,
         "Losing a connection", has it.
Failure: fail() ends all of it with one error: closed, replaced by another of its name, refused for good.
"""
from __future__ import annotations

import logging
import random
from collections import deque
from itertools import chain
from typing import Any, Deque, Dict, List, Optional, Sequence

from .. import wire
from ..errors import Closed, Error, Replaced, Unsupported, Violation
from ..options import Limits, Options, milliseconds
from .asking import Ask, Asking
from .calls import Call, Calls, Task, Work
from .checking import Checking, Checks
from .delivery import Delivery
from .fetching import Fetch
from .held import Held
from .inbox import Inbox, Subscription
from .outbox import Outbox, Publishing
from .pending import Owner
from .reading import Reading, Readings
from .settling import Extension, Settlement, Settling

# LEAVING: the bridge said BYE. LEFT: so did this client then. CLOSING: this client said it, to come back no more.
IDLE, GREETING, OPEN, LEAVING, LEFT, CLOSING, FAILED = "idle", "greeting", "open", "leaving", "left", "closing", "failed"
VERSION = 1
LEAVE_MS_MIN = 100  # after the bridge's BYE
NEVER_MS = 1 << 50
REPLACES_MAX = 10  # other connections of its name, within
REPLACES_MS = 60_000
RENEW_MS_MAX = 2000  # so long nothing is delivered, where messages are held that never came here
FOR_GOOD = ("malformed", "version", "unsupported", "denied", "replaced", "identity_taken")
_log = logging.getLogger("zbridge")


class Core:
    """`link_number`: 0 where there is to be no connection, else the number of the one there is to be: a driver that has
    another closes that first. `owner` is told of to whatever is waited for."""

    def __init__(self, options: Options, now_ms: int, first_seq: int, chance: random.Random) -> None:
        self.options = options
        self.owner: Owner = None  # type: ignore[assignment]  # set by it, before anything else
        self.link_number = 0
        self.state = IDLE
        self.error: Optional[Error] = None
        self.welcome: Dict[str, Any] = {}  # the last one
        self.losses = 0  # of connections that were open
        self._chance = chance
        self._links = 0
        self._attempts = 0
        self._try_ms: Optional[int] = now_ms
        self._greeting_ends_ms = 0
        self._heartbeat_ms = milliseconds(options.heartbeat)
        self._heard_ms = self._said_ms = now_ms
        self._closing = False
        self._unclaimed: Optional[int] = None  # resumed, and not known here; known when what is settled again is answered
        self._renewing_ends_ms: Optional[int] = None
        self._replaces: Deque[int] = deque(maxlen=REPLACES_MAX)  # when another of its name was
        self._output: List[wire.Frames] = []
        self._refs = 0
        self.outbox = Outbox(options, first_seq)
        self.settling = Settling(options, self._next_ref)
        self.inbox = Inbox(lambda: self.owner, self.settling, self._next_ref)
        self.asking = Asking(self._next_ref)
        self.checking = Checking(lambda: self.owner, self.inbox.next_sub)
        self.readings = Readings(self.inbox.next_sub)
        self.calls = Calls(options.name is not None, self._next_ref, self.inbox.next_sub)

    # --- the application's side -----------------------------------------------------------------------------------

    def publish(self, publication: Publishing[Any], seq: Optional[int], now_ms: int) -> None:
        self._check()
        if publication.once and self.options.name is None:
            raise ValueError("once: the client needs a name, Options(name=...)")
        if self._closing:
            raise Closed("the client is closing")
        if self.welcome:
            self._need("publish")
            if publication.once:
                self._need("once")
            if publication.verb == "PREPARE":
                self._need("transactions")
        self.outbox.add(publication, seq, now_ms)

    def subscribe(self, group: str, credit: int, lease_ms: Optional[int], auto_extend_ms: int,
                  attributes: bool = False) -> Subscription:
        self._check()
        return self.inbox.subscribe(group, credit, lease_ms, auto_extend_ms, attributes)

    def read(self, topic: str, credit: int, attributes: bool, start: Dict[str, Any]) -> Reading:
        self._check()
        if self.welcome:
            self._need("topics")
        return self.readings.read(topic, credit, attributes, start)

    def check(self, topic: str, credit: int, attributes: bool) -> Checks:
        self._check()
        if self.welcome:
            self._need("transactions")
        return self.checking.subscribe(topic, credit, attributes)

    def ask(self, ask: Ask[Any], feature: str) -> None:
        self._check()
        if self._closing:
            raise Closed("the client is closing")
        if self.welcome:
            self._need(feature)
        self.asking.add(ask)

    def fetch(self, fetch: Fetch) -> None:
        self._check()
        self.inbox.fetching.add(fetch)

    def settle(self, deliveries: List[Delivery], verdict: str, delay: Optional[float], reason: Optional[str],
               now_ms: int) -> Settlement:
        self._check()
        return self.inbox.settle(deliveries, verdict, delay, reason, now_ms)

    def extend(self, extension: Extension) -> None:
        self._check()
        self.settling.extend(extension)

    def call(self, call: Call) -> None:
        self._check()
        if self._closing:
            raise Closed("the client is closing")
        if self.welcome:
            self._need("calls")
        self.calls.call(call)

    def work(self, service: str, credit: int) -> Work:
        self._check()
        if self.welcome:
            self._need("calls")
        return self.calls.work(service, credit)

    def reply(self, task: Task, block: Optional[bytes], error: Optional[str], now_ms: int) -> None:
        self._check()
        self.calls.reply(task, block, error, now_ms)

    def flush(self, now_ms: int) -> None:
        """What waits for company goes now."""
        self.outbox.flush()
        self.settling.flush(now_ms)

    def has_settled_all(self) -> bool:
        """All that was published has its outcome, all that was settled is durable or refused."""
        return not self.outbox.messages and self.settling.is_idle

    def close(self, now_ms: int) -> None:
        """Begins the end: what was published gets its receipts, what was settled becomes durable, then BYE. The driver
        calls fail() when it has waited long enough."""
        if self._closing or self.state == FAILED:
            return
        self._closing = True
        self.inbox.close(now_ms)
        self.calls.close()
        self.checking.close()
        self.readings.close_all()
        self.flush(now_ms)

    def fail(self, error: Error) -> None:
        self.state = FAILED
        self.error = error
        self.link_number = 0
        self._try_ms = None
        self._output.clear()
        self.outbox.fail(error)
        self.settling.fail(error)
        self.inbox.fail(error)
        self.calls.fail(error)
        self.asking.fail(error)
        self.checking.fail(error)
        self.readings.fail(error)

    # --- the connection's side ------------------------------------------------------------------------------------

    def next_deadline(self) -> Optional[int]:
        """When tick() is due; one that is past is due now."""
        if self.state == FAILED:
            return None
        found = [self._try_ms, self.inbox.next_deadline(), self.calls.next_deadline()]
        if self.state == GREETING:
            found.append(self._greeting_ends_ms)
        elif self.state != IDLE:
            found.append(self._heard_ms + 3 * self._heartbeat_ms)
        if self.state in (OPEN, LEAVING):
            found += [self._said_ms + self._heartbeat_ms * 2 // 3, self.settles_at_ms]
        if self.state == OPEN:
            found += [self.outbox.next_deadline(), self._renewing_ends_ms, self._due_if_asked()]
            if self._unclaimed is not None and self.settling.sent_again == 0:
                found.append(0)
        return min((each for each in found if each is not None), default=None)

    @property
    def settles_at_ms(self) -> Optional[int]:
        """When the next verdicts go."""
        return self.settling.next_deadline(self.inbox.held)

    def _due_if_asked(self) -> Optional[int]:
        return 0 if self.asking.has_more() or self.checking.has_more or self.readings.has_more else None

    def tick(self, now_ms: int) -> None:
        if self.state == FAILED:
            return
        if self.state == IDLE and self._try_ms is not None and now_ms >= self._try_ms:
            self._greet(now_ms)
        elif self.state == GREETING and now_ms >= self._greeting_ends_ms:
            self.lost("no WELCOME", now_ms)
        elif self.state not in (IDLE, GREETING) and now_ms >= self._heard_ms + 3 * self._heartbeat_ms:
            self.lost("three heartbeats were missed", now_ms)
        if self.state == OPEN:
            self._renew_if_need_be(now_ms)
        self.inbox.tick(now_ms)
        self.calls.tick(now_ms)
        if self._closing and self.state == IDLE and self._has_nothing_to_say():
            self.fail(Closed("the client is closed"))

    def take_output(self, now_ms: int) -> List[wire.Frames]:
        """What is to be sent over the link of `link_number`, in order."""
        if self.state in (OPEN, LEAVING):
            self._collect(now_ms)
            if now_ms >= self._said_ms + self._heartbeat_ms * 2 // 3 and not self._output:
                self._output.append(wire.encode("HEARTBEAT", {}))
        found, self._output = self._output, []
        if found:
            self._said_ms = now_ms
        return found

    def lost(self, why: str, now_ms: int) -> None:
        """The connection is lost, or was never there: anew, after a while."""
        if self.state in (IDLE, FAILED):
            return
        if self.state == CLOSING:
            return self.fail(Closed("the client is closed"))
        if self.state != GREETING:
            self.losses += 1
            _log.info("the connection to the bridge is lost: %s", why)
        leaving = self.state in (LEAVING, LEFT)
        self.state = IDLE
        self.link_number = 0
        self._output.clear()
        self.inbox.end_session()
        self.calls.end_session()
        self.asking.end_session()
        self.checking.end_session()
        self.readings.end_session()
        self._try_ms = now_ms + max(self._backoff_ms(), LEAVE_MS_MIN if leaving else 0)

    def received(self, frames: Sequence[bytes], now_ms: int) -> None:
        if self.state in (IDLE, FAILED):
            return
        self._heard_ms = now_ms
        try:
            self._hear(wire.decode(frames), now_ms)
        except Violation as violation:
            _log.warning("the bridge said what the protocol does not allow: %s", violation)
            self.lost(str(violation), now_ms)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _next_ref(self) -> int:
        self._refs += 1
        return self._refs

    def _check(self) -> None:
        if self.error is not None:
            raise self.error

    def _need(self, feature: str) -> None:
        if feature not in self.welcome["features"]:
            raise Unsupported(f"this bridge does not serve `{feature}` here")

    def _backoff_ms(self) -> int:
        longest = min(self.options.backoff_max, self.options.backoff_min * 2 ** min(self._attempts, 20))
        self._attempts += 1
        return milliseconds(longest * self._chance.uniform(0.5, 1))

    def _greet(self, now_ms: int) -> None:
        self._links += 1
        self.link_number = self._links
        self.state = GREETING
        self._try_ms = None
        self._greeting_ends_ms = now_ms + milliseconds(self.options.connect_timeout)
        knows = bool(self.welcome) or bool(self.inbox.held)  # what never came it gives back
        resume = (self.options.name is not None and knows) or None
        self._output = [wire.encode("HELLO", {"versions": [VERSION], "name": self.options.name, "resume": resume,
                                              "heartbeat": self._heartbeat_ms, "client": self.options.client})]

    def _hear(self, heard: wire.Heard, now_ms: int) -> None:
        hearer = _HEARERS.get(heard.name)
        if heard.name not in ("WELCOME", "REFUSED") and self.state == GREETING:
            raise Violation(f"{heard.name} before WELCOME")
        if hearer is None:
            return  # what this version does not know is ignored
        if heard.block is not None and heard.name not in ("DELIVER", "FOUND", "CHECK", "CALL", "REPLY"):
            raise Violation(f"{heard.name} with a block")
        if heard.name not in ("WELCOME", "REFUSED", "BYE"):
            self._attempts = 0  # only now: one that is closed at once is not tried again without a pause
        hearer(self, heard, now_ms)

    def _on_welcome(self, heard: wire.Heard, now_ms: int) -> None:
        if self.state != GREETING:
            raise Violation("a second WELCOME")
        fields = heard.fields
        if wire.field(fields, "version", int) != VERSION:
            raise Violation("WELCOME with a version that was not offered")
        epoch, features = wire.field(fields, "epoch", int), wire.field(fields, "features", list)
        self._heartbeat_ms = wire.field(fields, "heartbeat", int) or NEVER_MS
        if fields.get("replaced") is True and self._replaces_too_often(now_ms):
            return self.fail(Replaced("again and again: another client has this name, and was not told either"))
        same_epoch = self.welcome.get("epoch") == epoch
        limits = wire.field(fields, "limits", dict)
        known = {key: wire.field(limits, key, int) for key in Limits.__annotations__ if key in limits}
        self.outbox.limits = self.settling.limits = self.inbox.fetching.limits = self.asking.limits = self.calls.limits = Limits(**known)
        self.welcome = fields
        self.state = OPEN
        self._said_ms = now_ms
        self.outbox.begin_session()
        if "publish" not in features:
            self.outbox.fail(Unsupported("this bridge does not serve `publish` here"))
        resumed, held = wire.field(fields, "resumed", int), Held.read(fields)
        self.settling.begin_session(held, now_ms)
        self._unclaimed = resumed - self.inbox.held - self.settling.never_sent if resumed else None
        self._renewing_ends_ms = None
        if held is not None:
            self._give_back_unknown(held, now_ms)
        self.inbox.begin_session(resumed, held, same_epoch, now_ms)
        self.calls.begin_session("calls" in features, fields.get("calls", []), now_ms)
        self.checking.begin_session()
        self.readings.begin_session()

    def _replaces_too_often(self, now_ms: int) -> bool:
        """Two of one name that are not told so would replace each other for ever."""
        self._replaces.append(now_ms)
        return len(self._replaces) == REPLACES_MAX and now_ms - self._replaces[0] < REPLACES_MS

    def _give_back_unknown(self, held: Held, now_ms: int) -> None:
        """What was on its way here when the last connection was lost, and never came."""
        for group, places in held.unknown(chain(self.settling.tokens(), self.inbox.tokens())).items():
            self.inbox.fetching.give_back_unknown(group, places, now_ms)
            if self._unclaimed is not None:
                self._unclaimed -= len(places)
        if held.is_whole:
            self._unclaimed = None

    def _on_receipt(self, heard: wire.Heard, now_ms: int) -> None:
        stored, refused = heard.fields.get("stored", []), heard.fields.get("refused", [])
        prepared = heard.fields.get("prepared", [])
        if not all(isinstance(each, list) for each in (stored, refused, prepared)):
            raise Violation("a receipt that is not as it should be")
        if not self.outbox.on_receipt(stored, refused, prepared) and self.state == OPEN:
            self._leave(now_ms)

    def _on_deliver(self, heard: wire.Heard, now_ms: int) -> None:
        if self.readings.has(heard.fields.get("sub")):
            return self.readings.on_deliver(heard)
        return self.inbox.on_deliver(heard, self.state != OPEN or self._renewing_ends_ms is not None, now_ms)

    def _on_subscribed(self, heard: wire.Heard, now_ms: int) -> None:
        sub = wire.field(heard.fields, "sub", int)
        if self.readings.has(sub):
            return self.readings.on_subscribed(heard.fields)
        self.inbox.on_subscribed(sub)
        return self.checking.on_subscribed(sub)

    def _on_unsubscribed(self, heard: wire.Heard, now_ms: int) -> None:
        sub = wire.field(heard.fields, "sub", int)
        if self.calls.has(sub):
            return self.calls.on_unsubscribed(sub)
        if self.readings.has(sub):
            return self.readings.on_unsubscribed(sub)
        self.inbox.on_unsubscribed(sub)
        return self.checking.on_unsubscribed(sub)

    def _on_settled(self, heard: wire.Heard, now_ms: int) -> None:
        self.settling.on_settled(heard.fields, now_ms)

    def _on_call(self, heard: wire.Heard, now_ms: int) -> None:
        self.calls.on_call(heard, now_ms)

    def _on_reply(self, heard: wire.Heard, now_ms: int) -> None:
        self.calls.on_reply(heard)

    def _on_check(self, heard: wire.Heard, now_ms: int) -> None:
        self.checking.on_check(heard)

    def _on_answer(self, heard: wire.Heard, now_ms: int) -> None:
        self.asking.on_answer(heard)

    def _on_bye(self, heard: wire.Heard, now_ms: int) -> None:
        if self.state == CLOSING:
            return self.fail(Closed("the client is closed"))
        if self.state == LEFT:
            return self.lost("the bridge is ending", now_ms)
        return self._leave(now_ms) if self.state == OPEN else None

    def _leave(self, now_ms: int) -> None:
        """The bridge ends: what nobody has looked at goes back, what is in hand is settled as it gets done."""
        self.state = LEAVING
        self._renewing_ends_ms = None
        self.inbox.leave(now_ms)
        self.calls.leave()
        self.settling.flush(now_ms)

    def _on_refused(self, heard: wire.Heard, now_ms: int) -> None:
        fields = heard.fields
        re, code = str(fields.get("re", "")), wire.field(fields, "code", str)
        error = Error.of(code, str(fields.get("text", "")))
        if fields.get("fatal"):
            if code in FOR_GOOD:
                return self.fail(error)
            return self.lost(str(error), now_ms)
        if re in ("PUBLISH", "PREPARE"):  # which of them it does not say
            return self.outbox.fail(error)
        if "sub" in fields:
            sub = wire.field(fields, "sub", int)
            if self.calls.has(sub):
                return self.calls.on_refused_sub(sub, re, error)
            if self.readings.has(sub):
                return self.readings.on_refused_sub(sub, error)
            self.checking.on_refused_sub(sub, error)
            return self.inbox.on_refused_sub(sub, error, now_ms)
        if "ref" in fields:
            ref = wire.field(fields, "ref", int)
            if re == "CALL":
                return self.calls.on_refused(ref, error)
            self.settling.on_refused(ref, error, now_ms)
            self.inbox.fetching.on_refused(ref, error, now_ms)
            self.asking.on_refused(ref, error)
        return None

    def _renew_if_need_be(self, now_ms: int) -> None:
        """Where WELCOME does not list all of what is held: what was on its way here when the last connection was lost is,
        under tokens that nobody here has heard of, until its lease ends. BYE gives it back: said as soon as nothing else is in hand, if that is
        soon enough."""
        if self._unclaimed is not None and self.settling.sent_again == 0:
            unclaimed, self._unclaimed = self._unclaimed - self.settling.good_again, None
            if unclaimed > 0 and not self._closing:
                _log.info("%d messages are held that never came here: a new session gives them back", unclaimed)
                self._renewing_ends_ms = now_ms + RENEW_MS_MAX
                self.inbox.pause(now_ms)
                self.settling.flush(now_ms)
        elif self._renewing_ends_ms is not None and now_ms >= self._renewing_ends_ms:
            self._renewing_ends_ms = None
            self.inbox.go_on()

    def _has_nothing_to_say(self) -> bool:
        return self.has_settled_all() and self.asking.is_idle and self.calls.is_idle

    def _collect(self, now_ms: int) -> None:
        """In the order of the page, "Losing a connection": what is published, what is settled, what is asked for."""
        if self.state == OPEN:
            while (frames := self.outbox.take(now_ms)) is not None:
                self._output.append(frames)
        while (frames := self.settling.take(self.inbox.held, now_ms)) is not None:
            self._output.append(frames)
        if self.state == OPEN:
            while (frames := self.inbox.take_said(now_ms)) is not None:
                self._output.append(frames)
            while (frames := self.readings.take_said()) is not None:
                self._output.append(frames)
            while (frames := self.checking.take_said()) is not None:
                self._output.append(frames)
            while (frames := self.asking.take()) is not None:
                self._output.append(frames)
        while (frames := self.calls.take_said(now_ms)) is not None:
            self._output.append(frames)
        if self._is_done_here():
            self._output.append(wire.encode("BYE", {}))
            self.state = CLOSING if self._closing and not self.outbox.messages else LEFT

    def _is_done_here(self) -> bool:
        if self.state == OPEN and self._renewing_ends_ms is not None and not self._closing:
            return self.settling.is_idle and not self.inbox.handed and not self.calls.is_under_way
        if self.state == OPEN:
            return self._closing and self._has_nothing_to_say()
        has_all = self.outbox.on_wire == 0 or self.outbox.is_shut
        has_done = self.settling.is_idle and not self.calls.is_under_way
        return has_all and has_done and (self._closing or not self.inbox.handed)


_HEARERS = {
    "WELCOME": Core._on_welcome, "RECEIPT": Core._on_receipt, "DELIVER": Core._on_deliver,
    "SUBSCRIBED": Core._on_subscribed, "UNSUBSCRIBED": Core._on_unsubscribed, "SETTLED": Core._on_settled,
    "FOUND": Core._on_answer, "DONE": Core._on_answer, "RESOLVED": Core._on_answer, "ANSWER": Core._on_answer, "CHECK": Core._on_check,
    "CALL": Core._on_call, "REPLY": Core._on_reply, "BYE": Core._on_bye, "REFUSED": Core._on_refused,
}

"""A core in virtual time, and the wire between it and a fake bridge: what the tests of the core share."""
import random

from fake_bridge import FakeBridge, wire  # noqa: F401: it also finds the client
from zbridge import base
from zbridge.core.core import Core
from zbridge.options import Options
import contextlib


class Program:
    """Drives a core as a client does, but that the test says when anything goes over the wire."""

    def __init__(self, bridge, seed=0, **options):
        self.bridge = bridge
        self.core = Core(Options(**options), bridge.now_ms, 1_000_000, random.Random(seed))
        self.core.owner = self
        self.connection = None
        self.link = 0
        self.to_bridge = []
        self.told_settled = set()  # tokens, by what came over the wire
        self._settles = {}
        self.has_settled = set()  # tokens: the bridge has heard a SETTLE of them
        self.calls = []

    # what a core asks of its owner
    def guard(self):
        return contextlib.nullcontext()

    def later(self, call):
        self.calls.append(call)

    def settle(self, deliveries, verdict, delay, reason):
        return self.core.settle(deliveries, verdict, delay, reason, self.bridge.now_ms)

    # the application's side
    def submit(self, topic, *bodies, once=False, seq=None):
        made = base.many(self, topic, bodies, once)
        self.core.publish(made, seq, self.bridge.now_ms)
        return made

    def fetch(self, group, max_, wait_ms=0):
        made = base.fetch(self, group, max_, 0, None, None)
        made.deadline_ms = self.bridge.now_ms + wait_ms
        self.core.fetch(made)
        return made

    # the wire
    def turn(self):
        """What a driver does in one round, but for the wire."""
        now_ms = self.bridge.now_ms
        self.core.tick(now_ms)
        output = self.core.take_output(now_ms)
        if self.core.link_number != self.link:
            self.cut(0)
            self.link = self.core.link_number
            self.connection = self.bridge.connect() if self.link else None
        self.to_bridge += output
        for call in self.calls:
            call()
        self.calls.clear()

    def carry_out(self):
        """One message to the bridge."""
        if self.to_bridge and self.connection in self.bridge.connections:
            frames = self.to_bridge.pop(0)
            self._note(wire.decode(frames))
            self.bridge.hear(self.connection, frames)

    def carry_in(self):
        """One message from it."""
        if self.connection is not None and self.connection.out:
            frames = self.connection.out.pop(0)
            heard = wire.decode(frames)
            if heard.name == "SETTLED" and heard.fields["ref"] in self._settles:
                self.told_settled |= self._settles.pop(heard.fields["ref"])
            self.core.received(frames, self.bridge.now_ms)

    def carry_all(self):
        for _ in range(1000):
            self.turn()
            if not self.to_bridge and not (self.connection and self.connection.out):
                return
            self.carry_out()
            self.carry_in()
        raise AssertionError("there is no end to what they say")

    def cut(self, reached):
        """The connection is lost: of what was on its way the first few had reached the bridge."""
        for _ in range(reached):
            self.carry_out()
        self.to_bridge.clear()
        if self.connection is not None:
            self.bridge.disconnect(self.connection)
            self.connection = None

    def notice(self):
        """The driver sees that its connection has gone."""
        if self.link and (self.connection is None or self.connection not in self.bridge.connections):
            self.link_lost()

    def link_lost(self):
        self.to_bridge.clear()
        self.connection = None
        if self.core.link_number == self.link:
            self.core.lost("cut", self.bridge.now_ms)

    def _note(self, heard):
        if heard.name != "SETTLE":
            return
        tokens = {wire.Place.read(first).behind(n).octets() for first, count in heard.fields["ranges"] for n in range(count)}
        assert not tokens & self.told_settled, "nothing is settled that the bridge has said SETTLED of"
        self._settles[heard.fields["ref"]] = tokens
        self.has_settled |= tokens

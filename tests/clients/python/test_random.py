"""Clients against a fake bridge, with connections lost at every point, crashes and orderly ends of the bridge, and leases that
run out: nothing is lost, nothing published `once` is stored twice, nothing that has a verdict is handed out again by
the client that gave it, and no SETTLE goes out twice that was answered.

    ZB_SEEDS=2000 ZB_SEED=17 python3 test_random.py      (so many seeds, from this one on)
"""
import os
import random
import unittest

from virtual import FakeBridge, Program

SEEDS = int(os.environ.get("ZB_SEEDS", "60"))
FIRST = int(os.environ.get("ZB_SEED", "1"))
STEPS = 600
TOPICS = {"once": True, "plain": False}


class Play:
    """One seed: programs, what they published, and what they did with what they were given."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.bridge = FakeBridge(TOPICS)
        self.bridge.held_ranges = self.chance.choice([None, 3, 1000])
        self.programs = [Program(self.bridge, seed, name="a", backoff_max=0.5, max_in_flight=200, batch_messages=20),
                         Program(self.bridge, seed + 1, name=self.chance.choice([None, "b"]), backoff_max=0.5)]
        self.subscriptions = {}
        self.published = {name: [] for name in TOPICS}  # (program, bodies, publication)
        self.holding = []  # (program, delivery)
        self.fetches = []
        self.finished = set()  # (program number, message): acked or rejected by it
        self.settlements = []
        self.serial = 0

    def submit(self):
        program = self.chance.choice(self.programs)
        topic = self.chance.choice(list(TOPICS))
        bodies = [b"%d" % (self.serial + n) for n in range(self.chance.choice([1, 1, 2, 30]))]
        self.serial += len(bodies)
        once = topic == "once" and program.core.options.name is not None
        if program.core.outbox.messages < 150:
            self.published[topic].append((program, once, bodies, program.submit(topic, *bodies, once=once)))

    def consume(self):
        number = self.chance.randrange(2)
        program, group = self.programs[number], self.chance.choice(list(TOPICS))
        if self.chance.random() < 0.2:
            self.fetches.append((number, program.fetch(group, self.chance.randint(1, 10), self.chance.choice([0, 3000]))))
            return
        key = number, group
        if key not in self.subscriptions:
            extend_ms = self.chance.choice([0, 60_000])
            self.subscriptions[key] = program.core.subscribe(group, self.chance.randint(1, 40), 3000, extend_ms)
        elif self.chance.random() < 0.02:
            program.core.inbox.unsubscribe(self.subscriptions.pop(key), self.bridge.now_ms)
            return
        delivery = program.core.inbox.take(self.subscriptions[key])
        if delivery is not None:
            self.take(number, delivery)

    def take(self, number, delivery):
        assert (number, delivery.key) not in self.finished, f"{delivery} was settled here"
        assert delivery.token not in self.programs[number].has_settled, f"{delivery} was given back"
        self.holding.append((number, delivery))

    def settle(self, verdicts=("ack", "ack", "ack", "reject", "retry", "release")):
        if not self.holding:
            return
        at = self.chance.randrange(len(self.holding))
        self.holding[at], self.holding[-1] = self.holding[-1], self.holding[at]
        number, delivery = self.holding.pop()
        verdict = self.chance.choice(verdicts)
        if (number, delivery.key) in self.finished:
            verdict = "ack"  # it had been handed out twice, as its lease was over, and is done
        self.settlements.append(self.programs[number].settle([delivery], verdict, None, None))
        if verdict in ("ack", "reject"):
            self.finished.add((number, delivery.key))

    def turn(self):
        for program in self.programs:
            program.turn()
        for number, fetch in [each for each in self.fetches if each[1].done]:
            for delivery in fetch.outcome():
                self.take(number, delivery)
        self.fetches = [each for each in self.fetches if not each[1].done]

    def fault(self):
        program = self.chance.choice(self.programs)
        kind = self.chance.random()
        if kind < 0.7:
            program.cut(self.chance.randrange(4))
            if self.chance.random() < 0.7:
                program.notice()
        elif kind < 0.85:
            self.bridge.kill(self.chance.randrange(6))
        else:
            self.bridge.bye()
        for each in self.programs:
            if self.chance.random() < 0.7:
                each.notice()

    def step(self):
        does = self.chance.choices(
            [self.submit, self.consume, self.settle, lambda: self.chance.choice(self.programs).carry_out(),
             lambda: self.chance.choice(self.programs).carry_in(), self.bridge.commit,
             lambda: self.bridge.advance(self.chance.choice([1, 5, 50, 50, 400, 3000])), self.fault],
            [3, 8, 6, 12, 12, 4, 6, 0.5])[0]
        does()
        self.turn()

    def finish(self):
        """No more faults: everything gets done."""
        for key in [(number, group) for number in range(2) for group in TOPICS if (number, group) not in self.subscriptions]:
            self.subscriptions[key] = self.programs[key[0]].core.subscribe(key[1], 50, 3000, 0)
        for _ in range(3000):
            self.bridge.connections = [each for each in self.bridge.connections if not getattr(each, "ending", False)]
            for program in self.programs:
                program.notice()
                program.carry_all()
            self.turn()
            self.bridge.commit()
            self.bridge.advance(20)
            for key in self.subscriptions:
                for _ in range(10):
                    delivery = self.programs[key[0]].core.inbox.take(self.subscriptions[key])
                    if delivery is not None:
                        self.take(key[0], delivery)
            while self.holding:
                self.settle(["ack"])
            if self.is_done():
                return
        raise AssertionError("it never gets done: " + ", ".join(
            f"{each.core.state} {each.core.outbox.messages} {each.core.settling.is_idle}" for each in self.programs))

    def is_done(self):
        return (all(not each.core.outbox.messages and each.core.settling.is_idle for each in self.programs)
                and all(each.done for each in self.settlements)
                and all(each.state == "settled" for topic in self.bridge.topics.values() for each in topic.stored))

    def check(self):
        for topic, published in self.published.items():
            stored = [each.frames[0] for each in self.bridge.topics[topic].stored]
            for program, once, bodies, publication in published:
                assert publication.done and publication.error is None and publication.value().stored == len(bodies)
                for body, receipt in zip(bodies, publication.value()):
                    offset = int.from_bytes(receipt.id[8:], "big") - 1
                    assert stored[offset] == body, "the receipt names the message"
                    assert stored.count(body) == 1 or not once, f"{body} is stored once"
            for program in self.programs:
                first = {body: n for n, body in reversed(list(enumerate(stored)))}
                mine = [first[body] for by, once, bodies, _ in published if by is program and once for body in bodies]
                assert mine == sorted(mine), "in the order in which it was published"


class Random(unittest.TestCase):
    def test_nothing_is_lost_whatever_is(self):
        for seed in range(FIRST, FIRST + SEEDS):
            with self.subTest(f"ZB_SEEDS=1 ZB_SEED={seed} python3 {__file__}"):
                play = Play(seed)
                for _ in range(STEPS):
                    play.step()
                play.finish()
                play.check()


if __name__ == "__main__":
    unittest.main()

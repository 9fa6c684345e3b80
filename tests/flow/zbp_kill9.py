"""ZBP/1 over kill -9: the bridge is killed again and again while a producer publishes `once` and sends again what has no outcome,
and clients consume, settle with `ref`, come back under their names and settle what they held. Every message is stored once,
in the producer's order, and settled; none whose ack was SETTLED is delivered again.

    zbp_kill9.py BRIDGE --kills=30
"""
import random

from harness import *
from zbp import Client

COUNT = 20_000
BATCH = 50
TAKERS = 2
QUIET_MS = 3000  # without a word: the connection has ended, and the library has not said so
YAML = """
bridge:
  listen: "${ZBP}"
plugins: { durable: {} }
topics:
  orders: { dedup: { window: 1h } }
groups:
  logistics: { topic: orders, start: earliest, resume_grace: 300ms, retry: { attempts: 200, backoff: [50ms] } }
"""


class Lost(Exception):
    """The connection, by all one can tell."""


class Named(Client):
    """A client that comes back: each connection is a new socket."""

    def __init__(self, context, address, name):
        while True:
            try:
                super().__init__(context, address, hello=False)
                self.say("HELLO", {"versions": [1], "name": name, "resume": True, "heartbeat": 500})
                self.welcome = self.hear_soon("WELCOME")[1]
                return
            except Lost:
                self.close()

    def hear_soon(self, *names):
        """(name, fields, block); heartbeats go on meanwhile."""
        quiet = 0
        while True:
            if not self.socket.poll(200):
                quiet += 200
                if quiet >= QUIET_MS:
                    raise Lost
                self.say("HEARTBEAT", {})
                continue
            quiet = 0
            name, fields, wire = self.next()
            if name == "REFUSED" and fields["fatal"]:
                raise Lost
            if name in names:
                return name, fields, wire


def producer(link, address):
    """Says how many have a receipt, each time that it is more."""
    context, done = zmq.Context(), 0
    while done < COUNT:
        client = Named(context, address, "maker")
        sent = done
        try:
            while done < COUNT:
                while sent < COUNT and sent - done < 10 * BATCH:
                    count = min(BATCH, COUNT - sent)
                    client.publish("orders", *[b"%d" % (sent + i) for i in range(count)], seq=sent + 1, once=True)
                    sent += count
                _, receipt, _ = client.hear_soon("RECEIPT")
                check(not receipt["refused"] or receipt["refused"][0][2] == "shutting_down", f"taken: {receipt['refused']}")
                told = sum(count for _seq, count, _id, _dup in receipt["stored"])
                check(min(seq for seq, *_ in receipt["stored"]) == done + 1, "outcomes come in order, each once")
                done += told
                link.say(done)
        except Lost:
            pass
        client.close()


def taker(link, address, file, name):
    """Writes down what it is delivered, and what is settled for good. What was not SETTLED is settled again."""
    context, numbers, unsettled, again, ref = zmq.Context(), {}, {}, [], 0
    with open(file, "ab", buffering=0) as journal:
        while True:
            client = Named(context, address, name)
            client.say("SUBSCRIBE", {"sub": 1, "group": "logistics", "credit": 100})
            again += [token for tokens in unsettled.values() for token in tokens]
            unsettled.clear()
            try:
                while True:  # what it held before, first
                    if again:
                        ref += 1
                        unsettled[ref] = again
                        client.settle("logistics", again, ref=ref)
                        again = []
                    what, fields, wire = client.hear_soon("DELIVER", "SETTLED", "SUBSCRIBED", "HEARTBEAT")
                    if what == "DELIVER":
                        client.heard.append((what, fields, wire))
                        for token, attempt, frames in client.delivered()[0]:
                            numbers[token] = frames[0]
                            journal.write(b"%d given %s\n" % (time.monotonic_ns(), frames[0]))
                            again.append(token)
                    elif what == "SETTLED" and "code" not in fields:
                        for token, stale in zip(unsettled.pop(fields["ref"]), fields["stale"]):
                            if not stale:
                                journal.write(b"%d acked %s\n" % (time.monotonic_ns(), numbers.pop(token)))
            except Lost:
                client.close()


def main(flow):
    chance = random.Random(flow.options.seed)
    bridge = flow.bridge(YAML)
    files = [flow.tmp / f"journal-{number}" for number in range(TAKERS)]
    maker = flow.start(producer, bridge.address("ZBP"))
    for number, file in enumerate(files):
        flow.start(taker, bridge.address("ZBP"), file, f"taker-{number}")
    kills = 0
    done = 0
    while done < COUNT:
        done = maker.hear()
        if done >= COUNT * (kills + 1) // (flow.options.kills + 1) and kills < flow.options.kills:
            bridge.kill()
            bridge.begin()
            kills += 1
    bridge.wait_until_ready()

    def settled():
        group = next(each for each in bridge.status()["groups"] if each["name"] == "logistics")
        return group["lag"] == 0 and group["in_flight"] == 0
    wait_until(settled, "everything is settled")
    topic = next(each for each in bridge.status()["topics"] if each["name"] == "orders")
    equal(topic["messages"], COUNT, "messages in the topic")

    events = sorted((int(line.split()[0]), *line.split()[1:]) for file in files for line in file.read_bytes().splitlines())
    acked, given = {}, 0
    for at, what, number in events:
        if what == b"given":
            given += 1
            check(number not in acked, f"{number} is not delivered after its ack was told")
        else:
            acked[number] = at
    numbers = {number for _, what, number in events if what == b"given"}
    equal(len(numbers), COUNT, "messages that were delivered")
    flow.figure(f"{kills} kills, {COUNT} messages, {given - COUNT} given more than once, {len(acked)} known to be settled")


if __name__ == "__main__":
    run(main, kills=8, seed=1)

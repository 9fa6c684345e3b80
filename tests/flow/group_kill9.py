"""A group over kill -9: the bridge and its consumers, REP workers and REQ pullers, are killed again and again. Every message is
settled in the end; one whose ACK was answered OK is never given again; what was in somebody's hands is given again within its lease, the
grace and the time that there was no bridge. How much is given twice is bounded by what was in flight at the kills: what each consumer
held, and the acks by replies that nothing durable stands behind yet.

    group_kill9.py BRIDGE --kills=200 --messages=100000
"""
import random

from harness import *

EACH = 2  # workers, and pullers
QUIET_MS = 1500  # without an answer: the connection has ended, and the library has not said so
LEASE_S, GRACE_S = 5, 0.3
SLACK_S = 5  # of a machine that does other things too
YAML = """
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  workers: { bind: "${WORKERS}", accept: rep }
  pullers: { bind: "${PULLERS}", accept: req }
topics:
  orders: {}
groups:
  logistics: { topic: orders, start: earliest, lease: 5s, resume_grace: 300ms, retry: { attempts: 100, backoff: [100ms] } }
routes:
  - { from: in, to: topic/orders }
  - { from: group/logistics, to: [workers, pullers], guarantee: at_least_once }
"""


def note(journal, what, number):
    journal.write(b"%d %s %s\n" % (time.monotonic_ns(), what, number))


def rep_worker(link, address, file):
    rep = connected(zmq.Context(), zmq.REP, address, RECONNECT_IVL=20)
    with open(file, "ab", buffering=0) as journal:
        while True:
            number = rep.recv()
            note(journal, b"given", number)
            rep.send(b"done")


def puller(link, address, file):
    """Acks each message, and writes down when it asked, and that it was told so. Where nothing is answered it opens its socket anew."""
    context = zmq.Context()
    with open(file, "ab", buffering=0) as journal:
        while True:
            req = connected(context, zmq.REQ, address, RECONNECT_IVL=20, RCVTIMEO=QUIET_MS)
            try:
                while True:
                    req.send(b"NEXT WAIT 500ms HEADERS")
                    head, *number = req.recv_multipart()
                    if not number:
                        continue
                    note(journal, b"given", number[0])
                    note(journal, b"asked", number[0])
                    req.send(b"ACK " + head.split(b" ")[1])
                    if req.recv() == b"OK":
                        note(journal, b"acked", number[0])
            except zmq.Again:
                req.close()


class Consumers:
    """Each life of each has a file of its own: who, and what happened to it, in order."""

    def __init__(self, flow, bridge):
        self._flow, self._bridge = flow, bridge
        self.files = []  # (who, is a worker, file)
        self._programs = [None] * (2 * EACH)
        for who in range(2 * EACH):
            self.start(who)

    def start(self, who):
        is_worker = who < EACH
        file = self._flow.tmp / f"journal-{len(self.files)}"
        file.touch()
        self.files.append((who, is_worker, file))
        self._programs[who] = self._flow.start(rep_worker if is_worker else puller,
                                               self._bridge.address("WORKERS" if is_worker else "PULLERS"), file)

    def kill(self, who):
        self._programs[who].kill()
        self.start(who)

    def given(self):
        return sum(file.read_bytes().count(b" given ") for _, _, file in self.files)

    def work_on(self):
        return not any(program.has_said() for program in self._programs)

    def happened(self):
        """(when, what, number, who, is a worker), in the order of their times."""
        return sorted((int(when), what, int(number), life, is_worker)
                      for life, (_, is_worker, file) in enumerate(self.files)
                      for when, what, number in (line.split(b" ") for line in file.read_bytes().splitlines() if line.count(b" ") == 2))


def in_flight_at(kill_ns, before_ns, happened):
    """What may be given twice by a kill of the bridge: for each consumer one that it held; and what workers had answered, unless a
    puller was told OK of an ACK that it sent later. The bridge had then taken those before a worker's next one, and wrote all together."""
    asked, durable_ns = {}, before_ns
    for when, what, number, life, _ in happened:
        if when > kill_ns:
            break
        if what == b"asked":
            asked[life, number] = when
        elif what == b"acked" and when >= before_ns:
            durable_ns = max(durable_ns, asked[life, number])
    answered = sum(1 for when, what, _, _, is_worker in happened
                   if what == b"given" and is_worker and durable_ns <= when <= kill_ns)
    return 2 * EACH + EACH + answered  # a worker's last one before durable_ns, too


def check_given_again(happened, outages):
    """What was given and not settled is given again in time. Returns the longest it took, and how much was given twice."""
    acked, last, again, longest = set(), {}, 0, 0
    for when, what, number, life, _ in happened:
        if what == b"acked":
            acked.add(number)
        elif what == b"given":
            check(number not in acked, f"message {number} is not given after its ACK was answered")
            if number in last:
                again += 1
                down = sum(max(0, min(when, up) - max(last[number], gone)) for gone, up in outages) / 1e9
                longest = max(longest, (when - last[number]) / 1e9 - down)
            last[number] = when
    return longest, again, acked


def main(flow):
    kills, count = flow.options.kills, flow.options.messages
    chance = random.Random(flow.options.seed)
    bridge = flow.bridge(YAML)
    dealer = flow.socket(zmq.DEALER, bridge.address("IN"), SNDHWM=0, RCVHWM=0)
    for number in range(count):
        dealer.send_multipart([b"", b"%d" % number])
    for _ in range(count):
        check(recv(dealer, "a receipt")[-1].startswith(b"OK "), "it is accepted")

    consumers = Consumers(flow, bridge)
    wait_until(lambda: all(file.stat().st_size > 0 for _, _, file in consumers.files), "each has had something")
    outages, consumers_killed = [], 0
    for _ in range(kills):
        aim = consumers.given() + chance.randrange(1, max(2, count // (2 * kills)))
        wait_until(lambda: consumers.given() >= aim, "messages are given")
        victims = chance.sample(range(2 * EACH), chance.randrange(0, 3))
        # Before the bridge, or after: it is for it to find out, or it never knows.
        first = chance.random() < 0.5
        if first:
            for who in victims:
                consumers.kill(who)
        gone = time.monotonic_ns()
        bridge.kill()
        if not first:
            for who in victims:
                consumers.kill(who)
        consumers_killed += len(victims)
        bridge.start()
        outages.append((gone, time.monotonic_ns()))

    def given_numbers():
        return {number for _, what, number, _, _ in consumers.happened() if what == b"given"}

    wait_until(lambda: len(given_numbers()) == count, "all are given", max(PATIENCE_S, count // 200))
    bridge.wait_for("nobody holds anything", lambda status: all(
        each["consuming"]["in_flight"] == 0 for each in status["endpoints"] if "consuming" in each))
    check(consumers.work_on(), "all of them work on")

    happened = consumers.happened()
    longest, again, acked = check_given_again(happened, outages)
    # A consumer that is killed held one; whoever opens its socket anew, after QUIET_MS, did too.
    most = sum(in_flight_at(gone, before, happened) for before, (gone, _) in zip([0] + [up for _, up in outages], outages))
    most += consumers_killed + EACH * kills
    flow.figure(f"{kills} kills, {consumers_killed} of consumers, {count} messages, {len(acked)} acked by pullers, {again} given twice "
                f"of {most} that were in flight, after {longest:.2f} s at most")
    check(again <= most, f"no more is given twice than was in flight: {again}, {most}")
    check(longest <= LEASE_S + GRACE_S + SLACK_S, f"it is given again within its lease and the grace: {longest:.2f} s")
    check(len(acked) > 10 * kills, f"pullers have done their part: {len(acked)}")
    bridge.kill()
    bridge.start()
    last = flow.socket(zmq.REQ, bridge.address("PULLERS"))
    last.send(b"NEXT WAIT 1s HEADERS")
    equal(recv(last, "whether there is more"), [b"NONE"], "after another kill")


if __name__ == "__main__":
    run(main, kills=6, seed=1, messages=10_000)

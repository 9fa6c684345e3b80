"""The Python client over kill -9 of everybody: the bridge, a producer and consumers are killed again and again, in any order. Each
message is stored once, given to somebody and settled in the end; one whose ack was told is never given again.

    flow_kill9.py BRIDGE --kills=20 --messages=1000000
"""
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/flow"), str(ROOT / "clients/python")]
from harness import *  # noqa: E402
import zbridge  # noqa: E402

YAML = """
plugins: { durable: {} }
endpoints: { apps: { bind: "${APPS}", protocol: zbp } }
topics: { orders: { dedup: { window: 1h, max: 10000000 } } }
groups: { logistics: { topic: orders, start: earliest, lease: 3s, resume_grace: 300ms, retry: { attempts: 254, backoff: [50ms] } } }
"""
FIRST_SEQ = 1


def lines(file):
    """Whole ones: the last may be torn."""
    data = file.read_bytes() if file.exists() else b""
    return [line.split() for line in data[:data.rfind(b"\n") + 1].splitlines()]


def producer(link, address, file, count):
    """Goes on behind the last message whose receipt it has written down; the numbers are those of before."""
    receipted = len(lines(file))
    with zbridge.Client(address, name="producer", options=zbridge.Options(max_in_flight=500, first_seq=FIRST_SEQ)) as client, \
            open(file, "ab", buffering=0) as journal:
        open_ = []

        def write_down():
            receipt = open_.pop(0).result()
            journal.write(b"%d %d\n" % (receipt.seq, receipt.duplicate))

        for number in range(receipted, count):
            open_.append(client.submit("orders", b"%d" % number, once=True, seq=FIRST_SEQ + number, timeout=None))
            while len(open_) > 400:
                write_down()
        while open_:
            write_down()
        link.say("all have their receipts")
        link.hear()


def consumer(link, address, file, name):
    """Writes down what it is given, and what it was told to be settled."""
    with zbridge.Client(address, name=name) as client, open(file, "ab", buffering=0) as journal:
        def note(what, deliveries):
            now = time.monotonic_ns()
            journal.write(b"".join(b"%d %s %s\n" % (now, what, each.body) for each in deliveries))

        waiting = []
        while True:
            given = client.receive("logistics", 100, wait=0.2)
            note(b"given", given)
            if given:
                waiting.append((given, client.settle(given, "ack")))
            while waiting and (len(waiting) > 5 or not given):
                acked, settlement = waiting.pop(0)
                try:
                    settlement.result()
                    note(b"acked", acked)
                except zbridge.Stale:
                    pass  # the lease was over, or nobody knows: it comes again


class Tail:
    """A file that grows by lines: how many of them say something, each looked at once."""

    def __init__(self, path):
        self._path, self._read, self._lines, self._given = path, 0, 0, 0

    def grown(self):
        if self._path.exists():
            with open(self._path, "rb") as file:
                file.seek(self._read)
                data = file.read()
            data = data[:data.rfind(b"\n") + 1]
            self._read += len(data)
            self._lines += data.count(b"\n")
            self._given += data.count(b" given ")
        return self._lines

    def given(self):
        self.grown()
        return self._given


def main(flow):
    play(flow,
         lambda address, file, count: flow.start(producer, address, file, count),
         lambda address, file, name: flow.start(consumer, address, file, name))


def play(flow, start_producer, start_consumer):
    """The test, with programs in whatever language: they write down what this module's do."""
    chance = random.Random(flow.options.seed)
    count, kills = flow.options.messages, flow.options.kills
    bridge = flow.bridge(YAML)
    receipts = flow.tmp / "receipts"
    files = {each: flow.tmp / each for each in ("a", "b")}
    starts = {
        "producer": lambda: start_producer(bridge.address("APPS"), receipts, count),
        "a": lambda: start_consumer(bridge.address("APPS"), files["a"], "a"),
        "b": lambda: start_consumer(bridge.address("APPS"), files["b"], None),
    }
    programs = {name: start() for name, start in starts.items()}
    receipted, *told = [Tail(each) for each in (receipts, *files.values())]

    def progress():
        for name, program in programs.items():
            check(name == "producer" or not program.has_said(), f"{name} says nothing: it works")
        if programs["producer"].has_said() and receipted.grown() < count:
            programs["producer"].hear()  # why it failed
        return receipted.grown() + sum(each.grown() for each in told)

    for _ in range(kills):
        aim = min(progress() + chance.randrange(1, 3 * count // kills), int(2.9 * count))
        wait_until(lambda: progress() >= aim, "things go on")
        victim = chance.choice(["bridge", "bridge", "producer", "a", "b"])
        if victim == "bridge":
            bridge.kill()
            bridge.start()
        else:
            programs[victim].kill()
            programs[victim] = starts[victim]()
    equal(programs["producer"].hear(), "all have their receipts", "the producer")

    def happened():
        found = [(int(when), what, int(number)) for file in files.values() for when, what, number in lines(file)]
        return sorted(found)

    wait_until(lambda: sum(each.given() for each in told) >= count, "as many are given", max(PATIENCE_S, count / 2000))
    wait_until(lambda: len({number for _, what, number in happened() if what == b"given"}) == count, "all are given")
    bridge.wait_for("nobody holds anything, and nothing is left", lambda status: all(
        each["clients"]["in_flight"] == 0 for each in status["endpoints"]))
    for each in ("a", "b"):
        check(not programs[each].has_said(), f"{each} works on")
        programs[each].kill()

    acked, times = set(), {}
    for _, what, number in happened():
        if what == b"acked":
            acked.add(number)
        else:
            check(number not in acked, f"message {number} is not given after its ack was told")
            times[number] = times.get(number, 0) + 1
    equal([seq for seq, _ in map(lambda line: map(int, line), lines(receipts))][:1], [FIRST_SEQ], "the first receipt")

    bridge.kill()
    bridge.start()
    with zbridge.Client(bridge.address("APPS")) as client:
        left = client.receive("logistics", 1000, wait=1)
        numbers = {int(each.body) for each in left}
        equal(numbers & acked, set(), "what is left after another kill, and was told to be acked")
    topic = next(each for each in bridge.status()["topics"] if each["name"] == "orders")
    equal(topic["messages"], count, "messages stored")
    again = sum(times.values()) - count
    flow.figure(f"{kills} kills, {count} messages, {len(acked)} acks told, {again} given twice")


if __name__ == "__main__":
    run(main, kills=8, messages=20_000, seed=1)

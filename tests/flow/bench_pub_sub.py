"""A load that `zbridge bench pub` sends is measured and verified by `zbridge bench sub` where it arrives: through an endpoint, and
through a topic to a group. What a bridge drops, what comes twice and what comes behind a later one is told, and the exit code is 1.
"""
from harness import *

YAML = """
bridge: {}
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}" }
  orders-in: { bind: "${ORDERS}" }
topics:
  orders: {}
groups:
  logistics: { topic: orders, start: earliest }
routes:
  - { from: in, to: out }
  - { from: orders-in, decode: json, set: { tag: $.kind }, to: topic/orders }
"""
COUNT = 2000


class Command:
    """`zbridge bench ...`, begun, and read when it has ended."""

    def __init__(self, bridge, *arguments):
        self.words = " ".join(map(str, arguments))
        self.process = bridge.begin_command("bench", *arguments, "--json", "--at", bridge.data_dir, stdout=subprocess.PIPE,
                                            stderr=subprocess.PIPE, text=True)

    def result(self, exit=0):
        out, err = self.process.communicate(timeout=PATIENCE_S)
        equal(self.process.returncode, exit, f"the exit code of bench {self.words}, which says {short(out + err)}")
        return json.loads(out) if out else err


def through_an_endpoint(bridge):
    sub = Command(bridge, "sub", "out", "--messages", COUNT)
    bridge.wait_for_peers("out", 1)
    pub = Command(bridge, "pub", "in", "--messages", COUNT, "--producers", 3, "--rate", "20k").result()
    equal((pub["sent"], pub["refused"]), (COUNT, {}), "all is sent")
    figures = sub.result()
    equal([figures[name] for name in ("arrived", "lost", "duplicates", "out_of_order")], [COUNT, 0, 0, 0], "what came")
    times = figures["latency_us"]
    check(0 < times["min"] <= times["p50"] <= times["p99"] <= times["max"], f"latencies: {times}")


def through_a_topic(bridge):
    payload = bridge.folder / "order.json"
    payload.write_text('{"kind": "new", "number": "{{bench}}"}')
    pub = Command(bridge, "pub", "orders-in", "--send-by", "dealer", "--messages", COUNT, "--payload", payload, "--window", 100)
    equal(pub.result()["receipt_us"]["count"], COUNT, "all have receipts")
    pub = Command(bridge, "pub", "topic/orders", "--messages", COUNT).result()
    equal((pub["sent"], pub["lost"], pub["receipt_us"]["count"]), (COUNT, 0, COUNT), "all have receipts")
    figures = Command(bridge, "sub", "group/logistics", "--messages", 2 * COUNT).result()
    equal((figures["arrived"], figures["lost"], figures["bytes"]), (2 * COUNT, 0, COUNT * (100 + 29 + 56)), "all of both came")
    equal(bridge.status()["groups"][0]["lag"], 0, "and are acked")


def what_goes_wrong(flow, bridge):
    """The bridge between both is the test itself, which drops, says twice, and changes the order."""
    first, second = (f"ipc://{bridge.folder}/{name}" for name in ("first", "second"))
    into, out = flow.context.socket(zmq.PULL), flow.context.socket(zmq.PUSH)
    into.bind(first), out.bind(second)
    pub = Command(bridge, "pub", first, "--messages", 10)
    bodies = [recv(into, "what is sent")[0] for _ in range(10)]
    equal(pub.result()["sent"], 10, "all are sent")
    sub = Command(bridge, "sub", second, "--messages", 10, "--quiet", "300ms")
    for each in (0, 1, 3, 2, 5, 5, 6, 7):
        out.send(bodies[each])
    out.send(b"of somebody else")
    figures = sub.result(exit=1)
    equal([figures[name] for name in ("arrived", "lost", "duplicates", "out_of_order", "foreign")], [7, 3, 1, 1, 1], "what it tells")
    text = bridge.command("bench", "sub", second, "--wait", "0s")
    check(text.returncode == 1 and "nothing of a load" in text.stderr, f"nothing came: {text}")
    sub = Command(bridge, "sub", second, "--wait", "2s")
    out.send(b"of somebody else")
    figures = sub.result(exit=1)
    equal((figures["arrived"], figures["foreign"]), (0, 1), "what is no load is not waited for, and verifies nothing")
    into.close(), out.close()


def what_cannot_be(bridge):
    def says(exit, what, *arguments):
        answer = bridge.command("bench", *arguments, "--at", bridge.data_dir)
        check(answer.returncode == exit and what in answer.stderr, f"bench {arguments}: {answer}")

    says(1, "did you mean", "pub", "inn")
    says(1, "expected its topic", "pub", "group/logistics")
    says(1, "expected a group", "sub", "topic/orders")
    says(1, "no group", "sub", "group/nobody")
    says(1, "`out` takes nothing from producers: its role is target", "pub", "out")
    says(1, "`in` gives nothing to consumers: its role is source", "sub", "in")
    says(2, "is no rate", "pub", "in", "--rate", "fast")
    says(2, "--size", "pub", "in", "--size", 7)
    says(1, "{{bench}}", "pub", "in", "--payload", bridge.file)
    says(1, "no topic `nowhere`", "pub", "topic/nowhere", "--messages", 3)
    # What does nothing there would be measured as something else.
    for option in (("--producers", 2), ("--first-frame", "a"), ("--send-by", "push")):
        says(2, f"bench pub: {option[0]} does nothing here: a topic", "pub", "topic/orders", *option)
    for option in (("--consumers", 2), ("--take-by", "sub"), ("--subscribe", "a")):
        says(2, f"bench sub: {option[0]} does nothing here: a group", "sub", "group/logistics", *option)
    says(2, "--window does nothing here: a PUSH", "pub", "in", "--window", 3)
    says(2, "--first-frame does nothing here: a DEALER", "pub", "orders-in", "--send-by", "dealer", "--first-frame", "a")
    says(2, "--subscribe does nothing here: a PULL", "sub", "out", "--subscribe", "a")
    says(2, "--producers does nothing here", "e2e", "topic/orders", "out", "--producers", 2)
    says(2, "--take-by does nothing here", "e2e", "in", "group/logistics", "--take-by", "sub")
    says(2, "--workers-at does nothing here", "rpc", "tcp://127.0.0.1:1", "--workers-at", "tcp://127.0.0.1:1")


def main(flow):
    bridge = flow.bridge(YAML)
    through_an_endpoint(bridge)
    through_a_topic(bridge)
    what_goes_wrong(flow, bridge)
    what_cannot_be(bridge)


if __name__ == "__main__":
    run(main)

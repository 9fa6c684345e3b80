"""`zbridge tap` shows a sample of what passes at an endpoint, on a route, into a topic, to the consumers of a group, of a
service: and nothing waits for it. A tap that nobody reads loses what it would have shown, never a message.
"""
from harness import *
import zbp

YAML = """
bridge:
  name: shop
plugins: { durable: {} }
endpoints:
  orders-in: { bind: "${IN}", accept: [push, req] }
  packers: { bind: "${OUT}", accept: pull }
  prices-in: { bind: "${PRICES_IN}", accept: push }
  prices-out: { bind: "${PRICES_OUT}", accept: pull }
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
  apps: { bind: "${APPS}", protocol: zbp }
topics: { orders: {} }
groups: { logistics: { topic: orders } }
services:
  accounts: { clients: clients, workers: workers, timeout: 60s }
routes:
  - name: orders
    from: orders-in
    decode: json
    set: { tag: $.kind, keys: [$.id], properties: { region: $.region } }
    to: topic/orders
  - { from: group/logistics, to: packers }
  - { name: prices, from: prices-in, to: prices-out }
"""
TAPS_MAX = 16
MANY = 10_000


class Tap:
    """A tap that looks already."""

    def __init__(self, flow, bridge, reference, *options):
        name = f"tap-{reference.replace('/', '-')}-{time.monotonic_ns()}"
        self._out, self._err = flow.tmp / f"{name}.out", flow.tmp / f"{name}.err"
        with open(self._out, "wb") as out, open(self._err, "wb") as err:
            self.process = bridge.begin_command("tap", reference, "--at", bridge.data_dir, *options, stdout=out, stderr=err)
        wait_until(lambda: "looking at" in self.said() or self.process.poll() is not None, f"tap {reference} looks")
        check(self.process.poll() is None, f"tap {reference} goes on: {self.said()}")

    def said(self):
        return self._err.read_text()

    def text(self):
        return self._out.read_text()

    def end(self):
        """What it has shown by then; its end is its own."""
        equal(self.process.wait(PATIENCE_S), 0, f"its exit status, and {self.said()}")
        return self.text()

    def messages(self):
        return [json.loads(line) for line in self.end().splitlines()]


def frames(messages):
    return [each["frames"] for each in messages]


def an_order(number, region="EU"):
    return json.dumps({"id": f"o-{number}", "kind": "express", "region": region}).encode()


def order(flow, bridge, number, region):
    req = flow.socket(zmq.REQ, bridge.address("IN"))
    req.send(an_order(number, region))
    recv(req, "a receipt")
    req.close()


def an_endpoint_and_a_route(flow, bridge):
    endpoint = Tap(flow, bridge, "orders-in", "--format=json", "--limit=4")
    route = Tap(flow, bridge, "route/orders", "--format=json", "--limit=1", "--where", "region = 'EU' AND TAGS = 'express'")
    hexed = Tap(flow, bridge, "orders-in", "--format=hex", "--limit=1")
    text = Tap(flow, bridge, "orders", "--frames", "--limit=2")
    order(flow, bridge, 1, "US")
    order(flow, bridge, 2, "EU")
    seen = endpoint.messages()
    equal([(each["way"], each["at"]) for each in seen], [("in", "orders-in"), ("out", "orders-in")] * 2, "both ways, in order")
    equal([seen[0]["frames"], seen[2]["frames"]], [["", an_order(1, "US").decode()], ["", an_order(2).decode()]], "as they came")
    check(seen[1]["frames"][1].startswith("OK "), "and the receipt")
    routed = route.messages()
    equal(frames(routed), [[an_order(2).decode()]], "what the filter lets through")
    equal((routed[0]["tag"], routed[0]["keys"], routed[0]["properties"]), ("express", ["o-2"], {"region": "EU"}), "its attributes")
    check("7b 22 69 64 22" in hexed.end(), "a message in hex")
    lines = text.end().splitlines()
    check("routed route/orders" in lines[0] and "region=US" in lines[0] and "[0] {" in lines[1], f"a message as text: {lines}")


def a_topic_and_a_group(flow, bridge):
    topic = Tap(flow, bridge, "topic/orders", "--format=json", "--limit=2", "--where", "region = 'EU' AND $offset >= 2")
    group = Tap(flow, bridge, "group/logistics", "--format=json", "--limit=2", "--where", "id IN ('o-4', 'o-5')")
    for number in 3, 4, 5:
        order(flow, bridge, number, "EU" if number != 3 else "US")
    stored = topic.messages()
    equal([each["offset"] for each in stored], [3, 4], "offsets in the topic")
    equal((stored[0]["way"], stored[0]["keys"], len(stored[0]["id"])), ("stored", ["o-4"], 26), "as it is stored")
    pull = flow.socket(zmq.PULL, bridge.address("OUT"))
    for _ in range(5):
        recv(pull, "an order")
    given = group.messages()
    equal([(each["way"], each["offset"], each["attempt"]) for each in given], [("given", 3, 1), ("given", 4, 1)], "as they are given")
    pull.close()


def a_service(flow, bridge):
    tap = Tap(flow, bridge, "service/accounts", "--json", "--limit=2")
    worker = flow.socket(zmq.REP, bridge.address("WORKERS"))
    client = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    client.send(b"how much?")
    recv(worker, "a request")
    worker.send(b"much")
    recv(client, "a reply")
    equal([(each["way"], each["frames"][-1]) for each in tap.messages()], [("in", "how much?"), ("out", "much")],
          "the request and its answer")


def clients_of_the_protocol(flow, bridge):
    tap = Tap(flow, bridge, "apps", "--json")
    client = zbp.Client(flow.context, bridge.address("APPS"))
    order(flow, bridge, 7, "EU")
    client.say("RECEIVE", {"ref": 1, "group": "logistics", "max": 10, "wait": 60_000})
    _, block = client.hear("DELIVER")
    equal(zbp.messages_in(block)[-1], [an_order(7)], "what it is given")
    wait_until(lambda: "o-7" in tap.text() and tap.text().endswith("\n"), "a header and the messages behind it are shown")
    last = json.loads(tap.text().splitlines()[-1])
    equal((last["way"], last["frame_count"]), ("out", 2), "as the two frames that they are")
    tap.process.kill()
    tap.process.wait()


def the_bridge_ends(flow, bridge):
    tap = Tap(flow, bridge, "prices")
    equal(bridge.terminate(), 0, "the exit status of a bridge that somebody looks at")
    check(tap.process.wait(PATIENCE_S) != 0, "and the tap says that it has gone")


def a_tap_that_nobody_reads(flow, bridge):
    tap = Tap(flow, bridge, "prices", "--format=json")
    os.kill(tap.process.pid, signal.SIGSTOP)
    pull = flow.socket(zmq.PULL, bridge.address("PRICES_OUT"))
    sent = flow.start(push_many, bridge.address("PRICES_IN"), MANY)
    for number in range(MANY):
        equal(int(recv(pull, f"price {number}")[0]), number, "every message, in its order")
    sent.hear()
    os.kill(tap.process.pid, signal.SIGCONT)

    def shown_and_missed():
        missed = sum(int(count) for count in re.findall(r"(\d+) not shown", tap.said()))
        return missed > 0 and tap.text().count("\n") + missed == MANY
    wait_until(shown_and_missed, "what was not shown is counted: with what was it is all")
    tap.process.kill()
    tap.process.wait()


def push_many(link, address, count):
    push = connected(zmq.Context(1), zmq.PUSH, address, LINGER=-1)
    for number in range(count):
        push.send(b"%d" % number)
    link.say("sent")
    link.hear()


def wrong(flow, bridge):
    unknown = bridge.command("tap", "order-in", "--at", bridge.data_dir)
    equal(unknown.returncode, 1, "the exit status of an unknown name")
    check('did you mean "orders-in"?' in unknown.stderr, unknown.stderr)
    nothing = bridge.command("tap", "topic/ordrs", "--at", bridge.data_dir)
    check(nothing.returncode == 1 and 'did you mean "topic/orders"?' in nothing.stderr, f"it makes no topic: {nothing.stderr}")
    broken = bridge.command("tap", "orders", "--where", "amount >", "--at", bridge.data_dir)
    check(broken.returncode == 1 and "where: column" in broken.stderr, broken.stderr)
    taps = [Tap(flow, bridge, "orders", "--limit=1") for _ in range(TAPS_MAX)]
    one_more = bridge.command("tap", "orders", "--at", bridge.data_dir)
    check(one_more.returncode == 1 and "as many taps are open as may" in one_more.stderr, one_more.stderr)
    order(flow, bridge, 6, "EU")
    for each in taps:
        check("o-6" in each.end(), "each of them is shown it, and ends")


def main(flow):
    bridge = flow.bridge(YAML)
    for scene in an_endpoint_and_a_route, a_topic_and_a_group, a_service, wrong, clients_of_the_protocol, a_tap_that_nobody_reads, the_bridge_ends:
        scene(flow, bridge)


if __name__ == "__main__":
    run(main)

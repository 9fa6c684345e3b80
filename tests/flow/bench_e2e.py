"""`zbridge bench e2e`, `fanout` and `rpc` send a load and take it in one process, through a real bridge: all of it comes, once, in order. A
bridge that loses is told from one that does not, and so is a service that nobody works for. Figures are kept, and compared.
"""
from harness import *

YAML = """
bridge: {}
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}" }
  orders-in: { bind: "${ORDERS}" }
  prices-in: { bind: "${PRICES_IN}", accept: [pub] }
  prices-out: { bind: "${PRICES_OUT}", accept: [sub] }
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
topics:
  orders: {}
groups:
  logistics: { topic: orders, start: earliest }
services:
  accounts: { clients: clients, workers: workers }
routes:
  - { from: in, to: out }
  - { from: orders-in, to: topic/orders }
  - { from: prices-in, to: prices-out }
"""
COUNT = 2000


def bench(bridge, *arguments, exit=0):
    answer = bridge.command("bench", *arguments, "--json", "--at", bridge.data_dir)
    equal(answer.returncode, exit, f"the exit code of bench {arguments}, which says {short(answer.stdout + answer.stderr)}")
    return json.loads(answer.stdout)


def all_came(figures, count):
    names = "arrived", "lost", "duplicates", "out_of_order", "foreign", "refused"
    equal([figures[name] for name in names], [count, 0, 0, 0, 0, {}], f"what came of {figures}")
    equal(figures["latency_us"]["count"], count, "each has its latency")


def from_end_to_end(bridge):
    load = "--messages", COUNT
    all_came(bench(bridge, "e2e", "in", "out", *load), COUNT)
    all_came(bench(bridge, "e2e", bridge.address("IN"), bridge.address("OUT"), *load, "--rate", "20k", "--size", 1000), COUNT)
    all_came(bench(bridge, "e2e", "in", "out", *load, "--producers", 3, "--consumers", 2, "--window", 50), COUNT)
    all_came(bench(bridge, "e2e", "orders-in", "group/logistics", *load), COUNT)
    all_came(bench(bridge, "e2e", "orders-in", "group/logistics", *load, "--send-by", "dealer"), COUNT)
    all_came(bench(bridge, "e2e", "topic/orders", "group/logistics", *load), COUNT)


def to_many(bridge):
    all_came(bench(bridge, "fanout", "prices-in", "prices-out", "--messages", COUNT, "--consumers", 5), 5 * COUNT)
    some = "--first-frame", "eur.", "--subscribe", "eur."
    all_came(bench(bridge, "fanout", "prices-in", "prices-out", "--messages", COUNT, "--consumers", 2, *some), 2 * COUNT)


def of_a_service(bridge):
    def replied(figures, count):
        equal([figures[name] for name in ("sent", "lost", "duplicates", "refused")], [count, 0, 0, {}], "the replies")
        equal(figures["latency_us"]["count"], count, "each has its latency")

    replied(bench(bridge, "rpc", "accounts", "--workers", 2, "--clients", 4, "--messages", COUNT), COUNT)
    replied(bench(bridge, "rpc", "accounts", "--workers", 1, "--rate", "5k", "--messages", COUNT), COUNT)
    at = bridge.address("CLIENTS"), "--workers-at", bridge.address("WORKERS")
    replied(bench(bridge, "rpc", *at, "--workers", 1, "--window", 20, "--messages", COUNT), COUNT)
    said = bench(bridge, "rpc", "accounts", "--messages", 1, "--wait", "300ms", exit=3)
    check("nothing of what was sent" in said["text"], f"nobody works for it: {said}")


def where_it_is_lost(flow, bridge):
    """Another PULL at the same endpoint has its part of it."""
    other = flow.socket(zmq.PULL, bridge.address("OUT"))
    bridge.wait_for_peers("out", 1)
    figures = bench(bridge, "e2e", "in", "out", "--messages", COUNT, "--quiet", "500ms", exit=1)
    check(figures["lost"] > 0 and figures["lost"] + figures["arrived"] == COUNT, f"what was lost: {figures}")
    equal(figures["good"], False, "it is no good run")
    other.close()
    bridge.wait_for_peers("out", 0)
    said = bench(bridge, "e2e", "in", "prices-out", "--messages", 3, "--wait", "300ms", exit=3)
    check("is there a way?" in said["text"], f"no route leads there: {said}")


def compared(bridge):
    file = bridge.folder / "before"
    load = "e2e", "in", "out", "--messages", COUNT
    kept = bench(bridge, *load, "--save", file)
    after = bench(bridge, *load, "--compare", file)
    rate = next(each for each in after["compared"]["figures"] if each["figure"] == "rate")
    equal(rate["b"], after["rate"], "the later run")
    check(abs(rate["a"] / kept["rate"] - 1) < 1e-6, f"the run before: {rate}, {kept}")
    equal(after["compared"]["different"], [], "they are alike")
    text = bridge.command("bench", "compare", file, file)
    check(text.returncode == 0 and "1.00x  within the noise" in text.stdout, f"a run beside itself: {text}")
    equal(bridge.command("bench", "compare", file, bridge.file).returncode, 1, "a file that is none")


def main(flow):
    bridge = flow.bridge(YAML)
    from_end_to_end(bridge)
    to_many(bridge)
    of_a_service(bridge)
    where_it_is_lost(flow, bridge)
    compared(bridge)


if __name__ == "__main__":
    run(main)

"""A million messages from four PUSH producers to PULL consumers, one, three or ten of them: none is lost, none comes
twice, and each consumer sees each producer's messages in the order in which they were pushed.
"""
from array import array

from harness import *

PRODUCERS = 4
YAML = """
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}" }
routes:
  - { from: in, to: out }
"""


def producer(link, address, number, count):
    pushing = connected(zmq.Context(), zmq.PUSH, address, LINGER=-1)
    link.say("here")
    link.hear()
    send, pack = pushing.send, struct.Struct("<II").pack
    for each in range(count):
        send(pack(number, each))
    link.say("all pushed")
    link.hear()


def consumer(link, address):
    """Tells the numbers of each producer's messages as they came, once asked."""
    pulling = connected(zmq.Context(), zmq.PULL, address)
    link.say("here")
    seen = [array("I") for _ in range(PRODUCERS)]
    unpack = struct.Struct("<II").unpack
    while True:
        if not pulling.poll(20):
            if link.told():
                link.hear()
                link.say(None if pulling.poll(0) else [each.tobytes() for each in seen])
            continue
        try:
            for _ in range(10_000):
                number, each = unpack(pulling.recv(zmq.NOBLOCK))
                seen[number].append(each)
        except zmq.Again:
            pass


def play(flow, consumers, messages):
    bridge = flow.bridge(YAML)
    pulls = [flow.start(consumer, bridge.address("OUT")) for _ in range(consumers)]
    pushes = [flow.start(producer, bridge.address("IN"), number, messages // PRODUCERS) for number in range(PRODUCERS)]
    for each in pulls + pushes:
        each.hear()
    bridge.wait_for_peers("out", consumers)
    bridge.wait_for_peers("in", PRODUCERS)
    began = time.monotonic()
    for push in pushes:
        push.say("go")
    for push in pushes:
        push.hear()
    bridge.wait_for("the bridge has given all away",
                    lambda status: status["endpoints"][1]["delivery"]["to_pulls"] == messages and
                    not any(peer["waiting"] for peer in status["endpoints"][1]["peers"]))

    parts = []
    for pull in pulls:
        part = None
        while part is None:  # it answers None while messages still come
            pull.say("what have you seen?")
            part = pull.hear()
        parts.append([array("I", each) for each in part])
    took = time.monotonic() - began
    for number in range(PRODUCERS):
        everything = []
        for part in parts:
            check(all(a < b for a, b in zip(part[number], part[number][1:])), "a consumer sees a producer's order")
            everything += part[number]
        everything.sort()
        equal(len(everything), messages // PRODUCERS, f"messages of producer {number}")
        check(everything == list(range(messages // PRODUCERS)), "none is lost, none comes twice")
    counts = [sum(map(len, part)) for part in parts]
    check(all(counts), f"each consumer had its part: {counts}")
    flow.figure(f"{messages} messages to {consumers} in {took:.1f} s; each had {min(counts)} to {max(counts)}")
    bridge.terminate()
    for each in pulls + pushes:
        each.end()


def main(flow):
    play(flow, flow.options.consumers, flow.options.messages)


if __name__ == "__main__":
    run(main, consumers=1, messages=1_000_000)

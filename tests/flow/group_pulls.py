"""PULLs share a group: each message goes to one of them, once. One that takes nothing holds nobody up; of one that is killed,
what had not been written to it goes to another. Until it goes that is its own, whatever the group's lease.
"""
from harness import *

COUNT = 30_000
BODY = b"x" * 1000
YAML = """
bridge:
  memory: 64MiB
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}" }
topics:
  orders: {}
groups:
  logistics: { topic: orders, start: earliest, lease: 100ms }  # ends for nobody here
routes:
  - { from: in, to: topic/orders }
  - { from: group/logistics, to: out }
"""


def consuming(bridge):
    return bridge.endpoint("out")["consuming"]


def main(flow):
    bridge = flow.bridge(YAML)
    stalled = flow.socket(zmq.PULL, bridge.address("OUT"), RCVHWM=1, RCVBUF=4096)
    bridge.wait_for_peers("out", 1)
    push = flow.socket(zmq.PUSH, bridge.address("IN"), SNDHWM=0)
    for number in range(COUNT):
        push.send_multipart([b"%d" % number, BODY])
    bridge.wait_for("the stalled one has its fill", lambda _: consuming(bridge)["in_flight"] > 0)
    bridge.wait_for("all is stored", lambda status: status["routes"][0]["messages"] == COUNT)
    settled = wait_until(lambda: (lambda one, two: one if one == two else None)(consuming(bridge), consuming(bridge)),
                         "the stalled one gets no more")
    check(settled["given"] < COUNT / 2, f"it was given what its connection takes, not all: {settled}")

    pulls = [flow.socket(zmq.PULL, bridge.address("OUT"), RCVHWM=0) for _ in range(2)]
    bridge.wait_for("the others have the rest", lambda _: consuming(bridge)["given"] == COUNT)
    bridge.wait_for("what they were given is acked",
                    lambda _: consuming(bridge)["in_flight"] == settled["in_flight"])
    for each in (stalled, *pulls):  # whoever has it
        each.set(zmq.RCVTIMEO, 1000)
    got = [[], [], []]
    poller = zmq.Poller()
    for each in (stalled, *pulls):
        poller.register(each, zmq.POLLIN)
    deadline = time.monotonic() + PATIENCE_S
    while sum(map(len, got)) < COUNT and time.monotonic() < deadline:
        for socket_, _ in poller.poll(1000):
            got[(stalled, *pulls).index(socket_)].append(int(socket_.recv_multipart()[0]))
    equal(sorted(sum(got, [])), list(range(COUNT)), "what all of them got, each once")
    for each in got:
        equal(each, sorted(each), "each gets its own in their order")
    check(all(got), f"each has some: {[len(each) for each in got]}")
    if not flow.sanitized:
        check(bridge.peak_rss_mib() < 64 + 32, f"memory stays flat: {bridge.peak_rss_mib():.0f} MiB")

    for each in pulls:
        each.close()
    stalled.close()
    bridge.wait_for_peers("out", 0)
    acked = consuming(bridge)["acked"]
    equal(acked, COUNT, "acked")

    # A killed one.
    doomed = Raw(bridge.port("OUT"), receive_buffer=4096).greet("PULL")
    bridge.wait_for_peers("out", 1)
    for number in range(1000):
        push.send_multipart([b"%d" % number, BODY])
    bridge.wait_for("it is full", lambda _: consuming(bridge)["in_flight"] > 0)
    bridge.wait_for("all is stored", lambda status: status["routes"][0]["messages"] == COUNT + 1000)
    doomed.close()
    bridge.wait_for_peers("out", 0)
    after = consuming(bridge)
    check(after["released"] > 0, f"what was not written to it is released: {after}")
    pull = flow.socket(zmq.PULL, bridge.address("OUT"), RCVHWM=0)
    rest = 1000 - (after["acked"] - acked)
    numbers = [int(recv(pull, f"message {number} of {rest}")[0]) for number in range(rest)]
    equal(numbers, list(range(1000 - rest, 1000)), "what the next one gets: all that was not written to the killed one")


if __name__ == "__main__":
    run(main)

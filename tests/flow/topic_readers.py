"""SUBs read a topic each from its own place: the oldest message, or what comes from now on; each message once, in order,
without a gap, however slow it is; a slow one stops nobody and costs no memory.
"""
from harness import *

COUNT = 60_000
BODY = b"x" * 1000
YAML = """
bridge:
  memory: 64MiB
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  all: { bind: "${ALL}", limits: { max_waiting: 1MiB } }
  new: { bind: "${NEW}" }
topics:
  prices: {}
routes:
  - { from: in, to: topic/prices }
  - { from: topic/prices, to: all, start: earliest }
  - { from: topic/prices, to: new }
"""


def numbers(sub, count, what):
    return [int(recv(sub, f"{what}, message {n}")[0].split(b".")[1]) for n in range(count)]


def main(flow):
    bridge = flow.bridge(YAML)
    new = flow.socket(zmq.SUB, bridge.address("NEW"), RCVHWM=0)
    new.subscribe(b"even.")
    bridge.wait_for_peers("new", 1)
    stopped = flow.socket(zmq.SUB, bridge.address("ALL"), RCVHWM=10, RCVBUF=4096)
    stopped.subscribe(b"")
    push = flow.socket(zmq.PUSH, bridge.address("IN"), SNDHWM=0)
    for number in range(COUNT):
        push.send_multipart([b"%s.%d" % (b"odd" if number % 2 else b"even", number), BODY])

    equal(numbers(new, COUNT // 2, "the reader of even ones"), list(range(0, COUNT, 2)), "what it got")
    first = flow.socket(zmq.SUB, bridge.address("ALL"), RCVHWM=1000)
    first.subscribe(b"odd.")
    equal(numbers(first, COUNT // 2, "one that came late"), list(range(1, COUNT, 2)), "what it got")
    equal(numbers(stopped, COUNT, "one that was stopped"), list(range(COUNT)), "what it got")

    push.send_multipart([b"odd.%d" % COUNT, BODY])
    for each in (first, stopped):
        equal(numbers(each, 1, "the last one"), [COUNT], "then")
    check(not new.poll(50), "nobody gets what it has not asked for")
    if not flow.sanitized:
        check(bridge.peak_rss_mib() < 64 + 32, f"memory stays flat: {bridge.peak_rss_mib():.0f} MiB for {COUNT} KB stored")


if __name__ == "__main__":
    run(main)

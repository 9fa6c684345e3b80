"""One SUB with 20,000 subscriptions, prefixes of 0 to 300 bytes, each of which reaches the bridge unharmed: what the SUB
asked for comes, once; when it takes them back, it does not.

The SUB's SNDHWM is 0: subscriptions are messages of a SUB to its publisher, and libzmq drops those above it silently.
"""
import random

from harness import *

YAML = """
endpoints:
  in: { bind: "${IN}", accept: push }
  out: { bind: "${OUT}", accept: sub }
routes:
  - { from: in, to: out }
"""


def main(flow):
    count = flow.options.subscriptions
    chance = random.Random(1)
    prefixes = {b""}
    for length in range(6, 301):  # each length, among them those that libzmq harms: 246 to 254 towards ZMTP 3.1, 255 always
        prefixes.add(bytes([1 + length % 250]) + chance.randbytes(length - 1))
    while len(prefixes) < count:
        prefixes.add(bytes([1 + len(prefixes) % 250]) + chance.randbytes(chance.randrange(5, 254)))
    ordered = sorted(prefixes)

    bridge = flow.bridge(YAML)
    sub = flow.socket(zmq.SUB, None, SNDHWM=0, RCVHWM=0)
    for prefix in ordered:
        sub.subscribe(prefix)
    sub.connect(bridge.address("OUT"))

    def prefixes_there(expected):
        bridge.wait_for(f"{expected} subscriptions are there",
                        lambda status: status["endpoints"][1]["delivery"]["prefixes"] == expected)

    prefixes_there(count)
    push = flow.socket(zmq.PUSH, bridge.address("IN"), SNDHWM=0)
    sub.unsubscribe(b"")
    prefixes_there(count - 1)
    ordered.remove(b"")
    asked = [prefix + b"!" for prefix in ordered]
    for topic in asked:
        push.send_multipart([topic, b"body"])
        push.send_multipart([topic[:-2] if len(topic) < 100 else b"\xff" + topic, b"nobody asked for this"])
    push.send_multipart([ordered[0], b"end"])  # a prefix matches itself
    got = []
    while (message := recv(sub, "the messages asked for"))[1] != b"end":
        equal(message[1], b"body", f"what came for {short(message[0])}")
        got.append(message[0])
    equal(len(got), len(asked), "messages")
    check(got == asked, "each once, in order")

    for prefix in ordered[1:]:
        sub.unsubscribe(prefix)
    prefixes_there(1)
    push.send_multipart([ordered[-1], b"not any more"])
    push.send_multipart([ordered[0], b"end"])
    equal(recv(sub, "the last one"), [ordered[0], b"end"], "what comes when they are taken back")
    flow.figure(f"{count} subscriptions; peak {bridge.peak_rss_mib():.0f} MiB")


if __name__ == "__main__":
    run(main, subscriptions=20_000)

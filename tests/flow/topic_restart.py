"""A topic is there again after the bridge has ended, in order or not: the same messages, in the same order, without a PUSH
having been told anything; and each kind of producer can publish.
"""
from harness import *

YAML = """
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}" }
topics:
  orders: {}
routes:
  - { from: in, to: topic/orders }
  - { from: topic/orders, to: out, start: earliest }
"""


def read_all(flow, bridge, count):
    sub = flow.socket(zmq.SUB, bridge.address("OUT"), RCVHWM=0)
    sub.subscribe(b"")
    got = [recv(sub, f"message {number} of {count}") for number in range(count)]
    check(not sub.poll(50), "no more than that")
    sub.close()
    return got


def main(flow):
    bridge = flow.bridge(YAML)
    expected = []

    def publish(socket_, frames, receipt):
        socket_.send_multipart(frames)
        if receipt:
            check(recv(socket_, "a receipt")[-1].startswith(b"OK "), "it is accepted")

    req = flow.socket(zmq.REQ, bridge.address("IN"))
    publish(req, [b"from a REQ"], True)
    dealer = flow.socket(zmq.DEALER, bridge.address("IN"))
    publish(dealer, [b"7", b"", b"from a DEALER", b"", b"two frames"], True)
    expected += [[b"from a REQ"], [b"from a DEALER", b"", b"two frames"]]
    equal(read_all(flow, bridge, 2), expected, "the topic")

    push = flow.socket(zmq.PUSH, bridge.address("IN"))
    for number in range(1000):
        publish(push, [b"from a PUSH %d" % number, b"y" * number], False)
        expected.append([b"from a PUSH %d" % number, b"y" * number])
    equal(read_all(flow, bridge, len(expected)), expected, "the topic")
    pub = flow.socket(zmq.XPUB, bridge.address("IN"))  # who is told that somebody listens
    equal(recv(pub, "the bridge asks for all"), [b"\x01"], "its subscription")
    publish(pub, [b"from a PUB"], False)
    expected.append([b"from a PUB"])
    equal(read_all(flow, bridge, len(expected)), expected, "the topic")

    equal(bridge.terminate(), 0, "the exit status")
    bridge.start()
    equal(read_all(flow, bridge, len(expected)), expected, "the topic after a stop in order")
    bridge.kill()
    bridge.start()
    equal(read_all(flow, bridge, len(expected)), expected, "the topic after a kill")
    again = flow.socket(zmq.REQ, bridge.address("IN"))
    publish(again, [b"one more"], True)
    equal(read_all(flow, bridge, len(expected) + 1), expected + [[b"one more"]], "the topic goes on")


if __name__ == "__main__":
    run(main)

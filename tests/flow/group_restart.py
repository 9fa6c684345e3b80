"""A group over the end of the bridge. Killed: a worker that was busy then settles its message by the reply that it sends on its
new connection, and nobody else gets it meanwhile. Ended in order: what is not settled within the drain goes back.
"""
from harness import *

YAML = """
bridge:
  drain_timeout: 2s
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  packers: { bind: "${PACKERS}" }
topics:
  orders: {}
groups:
  logistics: { topic: orders, start: earliest, resume_grace: 2s }
routes:
  - { from: in, to: topic/orders }
  - { from: group/logistics, to: packers }
"""


def consuming(bridge):
    return bridge.endpoint("packers")["consuming"]


def main(flow):
    bridge = flow.bridge(YAML)
    req = flow.socket(zmq.REQ, bridge.address("IN"))

    def publish(*texts):
        for text in texts:
            req.send(text)
            check(recv(req, "a receipt")[0].startswith(b"OK "), "it is accepted")

    busy = flow.socket(zmq.REP, bridge.address("PACKERS"), RECONNECT_IVL=20)
    other = flow.socket(zmq.REP, bridge.address("PACKERS"), RECONNECT_IVL=20)
    bridge.wait_for_peers("packers", 2)
    publish(b"1", b"2", b"3")
    hands = {recv(busy, "work")[0], recv(other, "work")[0]}
    equal(hands, {b"1", b"2"}, "what both hold")
    bridge.kill()
    bridge.start()
    bridge.wait_for_peers("packers", 2)
    busy.send(b"done")  # the reply to a message of the life before
    other.send(b"done")
    bridge.wait_for("both are acked by their old tokens", lambda _: consuming(bridge)["acked"] == 2)
    equal(consuming(bridge)["stale"], 0, "stale")
    ready_ = wait_until(lambda: [each for each in (busy, other) if each.poll(0)], "the third one goes to one of them")
    equal(recv(ready_[0], "work"), [b"3"], "work")
    ready_[0].send(b"done")
    bridge.wait_for("all are acked", lambda _: consuming(bridge)["acked"] == 3)
    for each in (busy, other):
        check(not each.poll(50), "nothing comes twice")

    # In order: what is answered in time is settled, what is not is given again.
    publish(b"4", b"5")
    equal({recv(busy, "work")[0], recv(other, "work")[0]}, {b"4", b"5"}, "what both hold")
    asks = flow.socket(zmq.REQ, bridge.address("PACKERS"))
    asks.send(b"NEXT WAIT 60s")
    bridge.wait_for_peers("packers", 3)
    bridge.process.terminate()
    busy.send(b"done")
    equal(recv(asks, "what one that waits is told"), [b""], "nothing")
    equal(bridge.process.wait(PATIENCE_S), 0, "the exit status")
    other.close()
    busy.close()
    bridge.start()
    third = flow.socket(zmq.REP, bridge.address("PACKERS"))
    last = recv(third, "what was not settled")[0]
    check(last in (b"4", b"5"), f"one of the two: {last}")
    third.send(b"done")
    bridge.wait_for("it is acked", lambda _: consuming(bridge)["acked"] == 1)
    check(not third.poll(50), "and nothing else comes")


if __name__ == "__main__":
    run(main)

"""REP and DEALER workers share a group: each message is done once, by whoever is free; a busy worker gets nothing, however
long the line; a DEALER holds as many as its credit. What a killed one held goes to another.
"""
from harness import *

COUNT = 2000
YAML = """
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  packers: { bind: "${PACKERS}", credit: 5 }
  others: { bind: "${OTHERS}" }
topics:
  orders: {}
groups:
  logistics: { topic: orders, start: earliest, retry: { attempts: 3, backoff: [100ms] } }
routes:
  - { from: in, to: topic/orders }
  - { from: group/logistics, to: [packers, others], guarantee: at_least_once }
"""


def consuming(bridge):
    return bridge.endpoint("packers")["consuming"]


def rep_worker(link, address, dies_after):
    """Replies to each message, and says which it was; after `dies_after` of them it keeps one, and says so."""
    rep = connected(zmq.Context(), zmq.REP, address)
    done = []
    while True:
        frames = rep.recv_multipart()
        if len(done) == dies_after:
            link.say((done, frames))
            signal.pause()
        done.append(frames)
        if frames[0] == b"end":
            link.say(done)
        rep.send(b"done")


def dealer_worker(link, address):
    """Takes what it is given and says so, then answers for all of it, the last one first."""
    dealer = connected(zmq.Context(), zmq.DEALER, address)
    while True:
        held = [dealer.recv_multipart()]
        while dealer.poll(100):
            held.append(dealer.recv_multipart())
        link.say([frames[2:] for frames in held])
        link.hear()
        for frames in reversed(held):
            dealer.send_multipart(frames[:2] + [b"done"])


def main(flow):
    bridge = flow.bridge(YAML)
    req = flow.socket(zmq.REQ, bridge.address("IN"))

    def publish(*frames):
        req.send_multipart(frames)
        check(recv(req, "a receipt")[0].startswith(b"OK "), "it is accepted")

    # One that is busy, and one that works on.
    busy = flow.socket(zmq.REP, bridge.address("PACKERS"))
    bridge.wait_for_peers("packers", 1)
    publish(b"first", b"", b"of three frames")
    equal(recv(busy, "the first message"), [b"first", b"", b"of three frames"], "what a REP gets")
    quick = flow.socket(zmq.REP, bridge.address("PACKERS"))
    bridge.wait_for_peers("packers", 2)
    for number in range(100):
        publish(b"%d" % number)
    for number in range(100):
        equal(recv(quick, f"message {number}"), [b"%d" % number], "in their order, to who is free")
        quick.send(b"")
    check(not busy.poll(50), "who is busy gets nothing")
    busy.send(b"at last")
    publish(b"one more")
    publish(b"and one more")
    got = {recv(busy, "the busy one's next")[0], recv(quick, "the quick one's next")[0]}
    equal(got, {b"one more", b"and one more"}, "one each")
    for each in (busy, quick):
        each.send(b"")
    bridge.wait_for("all is acked", lambda _: consuming(bridge)["acked"] == 103)
    equal(consuming(bridge)["in_flight"], 0, "in flight")
    for each in (busy, quick):
        each.close()
    bridge.wait_for_peers("packers", 0)

    # Two endpoints share it: a slow producer's messages go to both.
    shares = {each: 0 for each in (flow.socket(zmq.REP, bridge.address("PACKERS")), flow.socket(zmq.REP, bridge.address("OTHERS")))}
    bridge.wait_for_peers("packers", 1)
    bridge.wait_for_peers("others", 1)
    poller = zmq.Poller()
    for each in shares:
        poller.register(each, zmq.POLLIN)
    for number in range(20):
        publish(b"%d" % number)
        for each, _ in poller.poll(PATIENCE_S * 1000):
            equal(each.recv(), b"%d" % number, "the message")
            each.send(b"")
            shares[each] += 1
    equal(sorted(shares.values()), [10, 10], "how many each endpoint had")
    for each in shares:
        each.close()
    bridge.wait_for_peers("packers", 0)

    # Credit.
    dealer = flow.start(dealer_worker, bridge.address("PACKERS"))
    bridge.wait_for_peers("packers", 1)
    for number in range(12):
        publish(b"%d" % number)
    held = dealer.hear()
    while len(held) < 5:
        held += dealer.hear()
    equal(held, [[b"%d" % number] for number in range(5)], "what a DEALER with a credit of 5 holds")
    check(not dealer.has_said(), "and no more")
    equal(consuming(bridge)["in_flight"], 5, "in flight")
    dealer.kill()
    bridge.wait_for("its messages are lost to it", lambda _: consuming(bridge)["lost"] == 5)
    first = flow.socket(zmq.REP, bridge.address("PACKERS"))
    for number in range(12):
        got = recv(first, f"message {number} of what the killed one held, and the rest")
        equal(got, [b"%d" % number], "in order")
        first.send(b"")
    first.close()
    bridge.wait_for_peers("packers", 0)

    # Many workers, one of which is killed with a message in its hands.
    doomed = flow.start(rep_worker, bridge.address("PACKERS"), 50)
    others = [flow.start(rep_worker, bridge.address("PACKERS"), None) for _ in range(3)]
    bridge.wait_for_peers("packers", 4)
    push = flow.socket(zmq.PUSH, bridge.address("IN"), SNDHWM=0)
    for number in range(COUNT):
        push.send(b"order %d" % number)
    done, in_its_hands = doomed.hear()
    doomed.kill()
    bridge.wait_for("all is acked", lambda _: consuming(bridge)["acked"] == 103 + 10 + 12 + COUNT)
    for _ in others:
        publish(b"end")
    for other in others:
        done += other.hear()[:-1]
    equal(sorted(done), sorted([b"order %d" % number] for number in range(COUNT)), "what was done, each once")
    check(in_its_hands in done, "what the killed one held was done by another")
    equal(consuming(bridge)["lost"], 5 + 1, "lost with a worker")
    text = bridge.command("status", "--at", bridge.data_dir).stdout
    check("CONSUMERS AT" in text and "logistics" in text, f"status shows the consumers:\n{text}")


if __name__ == "__main__":
    run(main)

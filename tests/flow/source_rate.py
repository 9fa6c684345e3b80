"""A source's rate holds each of its peers by itself: a PUSH, a DEALER and a REQ send no faster than it, lose nothing, and are told
nothing else; of a PUB what its own queue has no room for is lost there. `status` says who is held, and why.
"""
from harness import *

RATE, BURST = 200, 20
YAML = f"""
endpoints:
  in: {{ bind: "${{IN}}", intake_buffer: 4KiB, limits: {{ rate: {RATE}/s, burst: {BURST} }} }}
  out: {{ bind: "${{OUT}}", accept: pull }}
routes:
  - {{ from: in, to: out }}
"""
COUNT = 300


def flood(link, kind, address, mark, count):
    """Sends as fast as it can."""
    socket_ = connected(zmq.Context(), kind, address, SNDHWM=100 if kind == zmq.PUB else 0)
    if kind == zmq.PUB:
        link.hear()  # it is subscribed to
    for number in range(count):
        socket_.send_multipart([mark, b"%d" % number, b"." * 1000])
    link.say("sent")
    link.hear()


def asks(link, address, count):
    req = connected(zmq.Context(), zmq.REQ, address)
    for number in range(count):
        req.send_multipart([b"req", b"%d" % number])
        if not req.recv().startswith(b"OK "):
            raise RuntimeError("it was refused")
    link.say("sent")
    link.hear()


def main(flow):
    bridge = flow.bridge(YAML)
    pull = flow.socket(zmq.PULL, bridge.address("OUT"), RCVHWM=0)
    bridge.wait_for_peers("out", 1)
    began = time.monotonic()
    push = flow.start(flood, zmq.PUSH, bridge.address("IN"), b"push", COUNT)
    dealer = flow.start(flood, zmq.DEALER, bridge.address("IN"), b"dealer", COUNT)
    req = flow.start(asks, bridge.address("IN"), COUNT)
    held = bridge.wait_for("one is held, for its rate", lambda _: [
        peer for peer in json.loads(bridge.command(
            "status", "--peers", "--json", "--at", bridge.data_dir).stdout)["endpoints"][0]["peers"] if peer.get("why") == "rate"])
    check(held[0]["slowed"] > 0, f"it is counted: {held[0]}")
    seen = {b"push": [], b"dealer": [], b"req": []}
    while any(len(each) < COUNT for each in seen.values()):
        mark, number, *_ = recv(pull, "what they send")
        seen[mark].append(int(number))
        # Of each no more than its rate and a burst have come.
        most = BURST + 1 + (time.monotonic() - began) * RATE
        check(len(seen[mark]) <= most, f"{mark} comes no faster than its rate: {len(seen[mark])} of {most:.0f}")
    took = time.monotonic() - began
    check(took >= (COUNT - BURST - 1) / RATE, f"three at once, each at its rate: {took:.2f} s")
    for mark, numbers in seen.items():
        equal(numbers, list(range(COUNT)), f"nothing of {mark} is lost, in order")
    check(bridge.endpoint("in")["slowings"] > 0, "the endpoint counts it")

    many = 20_000
    pub = flow.start(flood, zmq.PUB, bridge.address("IN"), b"pub", many)
    bridge.wait_for_peers("in", 4)
    pub.say()
    equal(pub.hear(), "sent", "a PUB is never held")
    got = []
    while len(got) < 200:
        mark, number, *_ = recv(pull, "what a PUB sends")
        got.append(int(number))
    equal(got, sorted(set(got)), "what comes is in order")
    status = bridge.command("status", "--json", "--at", bridge.data_dir)
    equal(json.loads(status.stdout)["endpoints"][0]["refused"], {}, "nothing was refused")
    for each in (push, dealer, req):
        equal(each.hear(), "sent", "each has sent all")


if __name__ == "__main__":
    run(main)

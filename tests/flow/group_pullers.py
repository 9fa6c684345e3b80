"""A REQ pulls from a group: NEXT brings a message and acks the one before; ACK, RETRY, REJECT and EXTEND say what else becomes
of it. Each is answered, when it is durable; what is no request is malformed, and never an ack.
"""
from harness import *

YAML = """
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  pullers: { bind: "${PULLERS}" }
  both: { bind: "${BOTH}", puller: verbs }
  guides: { bind: "${GUIDES}", puller: ready, accept: req }
  dead: { bind: "${DEAD}" }
topics:
  orders: {}
groups:
  logistics: { topic: orders, start: earliest, lease: 30s, retry: { attempts: 3, backoff: [200ms] } }
  accounts: { topic: orders, start: earliest }
  letters: { topic: orders, start: earliest }
routes:
  - { from: in, to: topic/orders }
  - { from: group/logistics, to: pullers }
  - { from: group/accounts, to: both }
  - { from: group/letters, to: guides }
  - { from: topic/logistics-dead, to: dead, start: earliest }
"""


class Puller:
    def __init__(self, flow, address, kind=zmq.REQ, **settings):
        self.socket = flow.socket(kind, address, **settings)

    def ask(self, *request):
        self.socket.send_multipart([each if isinstance(each, bytes) else each.encode() for each in request])
        return recv(self.socket, f"the answer to {request}")

    def headers(self, request):
        """(token, attempt, id, frames) of a NEXT with HEADERS."""
        head, *frames = self.ask(request)
        word, token, attempt, id_ = head.decode().split(" ")
        equal(word, "MSG", "the header's first word")
        return token, int(attempt), id_, frames


def verbs(flow, bridge, publish):
    puller = Puller(flow, bridge.address("PULLERS"))
    for number in range(8):
        publish(b"%d" % number, b"", b"body")
    equal(puller.ask("NEXT"), [b"0", b"", b"body"], "the message as it was published")
    token, attempt, id_, frames = puller.headers("next headers wait 5s")
    equal((attempt, frames), (1, [b"1", b"", b"body"]), "the next one")
    check(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}\.1", token), f"a token has its shape: {token}")
    check(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", id_), f"and an id: {id_}")
    equal(puller.ask("ACK " + token), [b"OK"], "an ACK")
    check(puller.ask("ACK " + token)[0].startswith(b"ERR stale "), "a second one is stale")
    check(puller.ask("NEXT " + token)[0].startswith(b"ERR stale "), "so is NEXT by it, which brings nothing")

    token, *_ = puller.headers("NEXT HEADERS")
    equal(puller.ask("RETRY DELAY 300ms"), [b"OK"], "RETRY of the current one")
    equal(puller.ask("NEXT")[0], b"3", "meanwhile another is next")
    equal(puller.ask("REJECT no such order"), [b"OK"], "REJECT")
    dead = flow.socket(zmq.SUB, bridge.address("DEAD"))
    dead.subscribe(b"")
    equal(recv(dead, "the dead letter")[:1], [b"3"], "what was rejected")
    seen = {}
    while 2 not in seen:  # four to seven come in between
        token, attempt, _, frames = puller.headers("NEXT HEADERS")
        seen[int(frames[0])] = attempt
    equal(seen[2], 2, "the attempt of what was retried")

    extended = puller.ask(f"EXTEND {token} 60s")[0].decode()
    check(extended.startswith("OK ") and extended[3:] != token, f"EXTEND gives a new token: {extended}")
    check(puller.ask("ACK " + token)[0].startswith(b"ERR stale "), "the old one is stale")
    equal(puller.ask("RETRY " + extended[3:]), [b"OK"], "RETRY by the new one")

    for wrong in ("", "GIVE", "NEXT banana", "NEXT WAIT banana", "ACK", "ACK me", "EXTEND " + token, "RETRY soon"):
        check(puller.ask(wrong)[0].startswith(b"ERR malformed "), f"{wrong!r} is malformed")
    check(puller.ask("NEXT", "WAIT 1s")[0].startswith(b"ERR malformed "), "a request is one frame")
    while puller.ask("NEXT WAIT 1s") != [b""]:
        pass
    equal(puller.ask("NEXT WAIT 0 HEADERS"), [b"NONE"], "nothing, with HEADERS")
    began = time.monotonic()
    equal(puller.ask("NEXT WAIT 500ms"), [b""], "nothing, without")
    check(time.monotonic() - began > 0.4, "after it has waited")
    puller.socket.send(b"NEXT WAIT 60s")
    publish(b"8")
    equal(recv(puller.socket, "what it waits for"), [b"8"], "one that waits gets what comes")


def lost(flow, bridge):
    """The lease ends with the connection."""
    consuming = bridge.endpoint("pullers")["consuming"]
    bridge.wait_for_peers("pullers", 0)
    second = Puller(flow, bridge.address("PULLERS"))
    token, attempt, _, frames = second.headers("NEXT HEADERS")
    equal((attempt, frames), (2, [b"8"]), "what the first one held")
    equal(second.ask("ACK " + token), [b"OK"], "its ACK")
    check(bridge.endpoint("pullers")["consuming"]["lost"] >= consuming["lost"], "it is counted")
    second.socket.close()


def correlated(flow, bridge):
    """One that may ask twice before it reads acks by the token alone."""
    req = Puller(flow, bridge.address("BOTH"), REQ_CORRELATE=1, REQ_RELAXED=1)
    first = req.headers("NEXT HEADERS")
    equal(req.headers("NEXT HEADERS"), first, "the same message, under the same token")
    token, attempt, _, frames = req.headers(f"NEXT {first[0]} HEADERS")
    equal((attempt, frames[0]), (1, b"1"), "by its token the next one")
    equal(req.ask("ACK " + token), [b"OK"], "ACK")
    req.socket.close()

    dealer = flow.socket(zmq.DEALER, bridge.address("BOTH"))
    dealer.send_multipart([b"a", b"", b"NEXT"])
    equal(recv(dealer, "a message")[:3], [b"a", b"", b"2"], "a DEALER pulls too, and its envelope comes back")
    dealer.send_multipart([b"b", b"", b"NEXT"])
    equal(recv(dealer, "a message")[:3], [b"b", b"", b"2"], "its bare NEXT acks nothing")
    dealer.close()


def ready(flow, bridge):
    """A worker as in the guide: it says READY, then its results."""
    bridge.endpoint("guides")
    worker = flow.socket(zmq.REQ, bridge.address("GUIDES"))
    worker.send(b"READY")
    for number in range(3):
        equal(recv(worker, "work")[0], b"%d" % number, "work")
        worker.send_multipart([b"result", b"of it"])
    equal(recv(worker, "work")[0], b"3", "work")
    bridge.wait_for("three are acked", lambda _: bridge.endpoint("guides")["consuming"]["acked"] == 3)


def main(flow):
    bridge = flow.bridge(YAML)
    req = flow.socket(zmq.REQ, bridge.address("IN"))

    def publish(*frames):
        req.send_multipart(frames)
        check(recv(req, "a receipt")[0].startswith(b"OK "), "it is accepted")

    verbs(flow, bridge, publish)
    for each in list(flow.context._sockets):
        if each is not req:
            each.close()
    lost(flow, bridge)
    correlated(flow, bridge)
    ready(flow, bridge)


if __name__ == "__main__":
    run(main)

"""Producers that can be answered are: a REQ's message, and a DEALER's with an empty frame before it, has a receipt that says
the bridge has it, or why not. Receipts come in order, with the envelope, however many are in flight; `receipts: always` and
`never` do without the envelope's word.
"""
from harness import *

LINE = 10
YAML = f"""
endpoints:
  in: {{ bind: "${{IN}}" }}
  out: {{ bind: "${{OUT}}", accept: pull }}
  short-in: {{ bind: "${{SHORT_IN}}" }}
  short: {{ bind: "${{SHORT}}", accept: pull, line: {{ max_messages: {LINE} }} }}
  held-in: {{ bind: "${{HELD_IN}}" }}
  held: {{ bind: "${{HELD}}", accept: pull, line: {{ max_messages: {LINE} }} }}
  always-in: {{ bind: "${{ALWAYS_IN}}", receipts: always }}
  never-in: {{ bind: "${{NEVER_IN}}", receipts: never }}
routes:
  - {{ from: in, to: out }}
  - {{ from: short-in, to: short, on_full: drop_newest }}
  - {{ from: held-in, to: held }}
  - {{ from: [always-in, never-in], to: out }}
"""


def words(receipt):
    return receipt[-1].split(b" ")


def in_flight(flow, bridge, count=1000):
    dealer = flow.socket(zmq.DEALER, bridge.address("IN"), SNDHWM=0, RCVHWM=0)
    pull = flow.socket(zmq.PULL, bridge.address("OUT"), RCVHWM=0)
    for number in range(count):
        dealer.send_multipart([b"%d" % number, b"", b"body %d" % number, b"", b"end"])
    receipts = [recv(dealer, "a receipt") for _ in range(count)]
    check(all(receipt[:-1] == [b"%d" % number, b""] for number, receipt in enumerate(receipts)), "in order, with their envelopes")
    check(all(words(receipt)[0] == b"OK" for receipt in receipts), "each is accepted")
    ids = [words(receipt)[1] for receipt in receipts]
    check(all(len(each) == 26 for each in ids) and len(set(ids)) == count, f"each has its own id: {ids[:3]}")
    for number in range(count):
        equal(recv(pull, "a message"), [b"body %d" % number, b"", b"end"], "the message, without the envelope")
    dealer.send(b"without an empty frame")
    equal(recv(pull, "a message"), [b"without an empty frame"], "a message without an envelope is taken")
    check(not dealer.poll(50), "and not answered")
    return pull


def full(flow, bridge):
    """A full line refuses, where the route says that it drops; else the receipt comes when there is room."""
    req = flow.socket(zmq.REQ, bridge.address("SHORT_IN"))
    for number in range(LINE + 2):
        req.send(b"%d" % number)
        expected = b"OK" if number < LINE else b"ERR"
        receipt = recv(req, "a receipt")
        equal((len(receipt), words(receipt)[0]), (1, expected), f"the receipt of message {number}")
        check(expected == b"OK" or words(receipt)[1] == b"line_full", f"it says why: {receipt}")
    pull = flow.socket(zmq.PULL, bridge.address("SHORT"))
    equal([recv(pull, "a message") for _ in range(LINE)], [[b"%d" % number] for number in range(LINE)], "what had an OK")
    check(not pull.poll(50), "and nothing else")

    req = flow.socket(zmq.REQ, bridge.address("HELD_IN"))
    for number in range(LINE):
        req.send(b"%d" % number)
        equal(words(recv(req, "a receipt"))[0], b"OK", "the receipt")
    req.send(b"last")
    bridge.wait_for("the producer is held", lambda _: bridge.endpoint("held-in")["held"])
    check(not req.poll(50), "no receipt before the message is accepted")
    pull = flow.socket(zmq.PULL, bridge.address("HELD"))
    equal(words(recv(req, "its receipt"))[0], b"OK", "the receipt, when there is room")
    equal([recv(pull, "a message") for _ in range(LINE + 1)][-1], [b"last"], "the last message")


def as_told(flow, bridge, pull):
    dealer = flow.socket(zmq.DEALER, bridge.address("ALWAYS_IN"))
    dealer.send_multipart([b"a", b"b"])
    equal(words(recv(dealer, "a receipt"))[0], b"OK", "always: a message without an envelope has a receipt")
    equal(recv(pull, "the message"), [b"a", b"b"], "the message")
    dealer = flow.socket(zmq.DEALER, bridge.address("NEVER_IN"))
    dealer.send_multipart([b"", b"looks like an envelope"])
    recv(pull, "the message")
    check(not dealer.poll(50), "never: none has one")


def main(flow):
    bridge = flow.bridge(YAML)
    pull = in_flight(flow, bridge)
    full(flow, bridge)
    as_told(flow, bridge, pull)


if __name__ == "__main__":
    run(main)

"""A socket of a type that an endpoint does not serve is refused at its handshake, and the log says in one sentence where it
belongs, once a minute, however often it tries.
"""
from harness import *

YAML = """
endpoints:
  orders-in: { bind: "${IN}", accept: push }
  packers: { bind: "${OUT}", accept: pull }
  prices-in: { bind: "${PRICES_IN}", accept: pub }
  prices-out: { bind: "${PRICES_OUT}", accept: sub }
routes:
  - { name: orders, from: orders-in, to: packers }
  - { name: prices, from: prices-in, to: prices-out }
"""

GROUPS = """
plugins: { durable: {} }
topics: { orders: {} }
groups: { logistics: { topic: orders }, accounts: { topic: orders } }
endpoints:
  orders-in: { bind: "${IN}" }
  packers: { bind: "${PACKERS}" }
  books: { bind: "${BOOKS}" }
  screens: { bind: "${SCREENS}" }
routes:
  - { from: orders-in, to: topic/orders }
  - { from: topic/orders, to: screens }
  - { from: group/logistics, to: packers }
  - { from: group/accounts, to: books, guarantee: at_least_once }
"""


def groups(flow):
    bridge = flow.bridge(GROUPS)
    sentences = {
        ("PACKERS", zmq.SUB): "packers: a SUB connected; this endpoint serves group logistics to PULL, REP, REQ, DEALER; "
                              "SUB belongs on screens",
        ("BOOKS", zmq.PULL): "books: a PULL connected; this endpoint serves group accounts to REP, REQ, DEALER at_least_once, "
                             "and a PULL does not confirm what it gets; PULL belongs on packers",
    }
    for (where, kind), sentence in sentences.items():
        refused = flow.socket(kind, bridge.address(where))
        wait_until(lambda: sentence in bridge.log(), f"the log says: {sentence}")
        refused.close()


def main(flow):
    bridge = flow.bridge(YAML)
    sub = flow.socket(zmq.SUB, bridge.address("OUT"), SUBSCRIBE=b"")
    sentence = "packers: a SUB connected; this endpoint is the target of orders and serves PULL; SUB belongs on prices-out"
    wait_until(lambda: sentence in bridge.log(), f"the log says: {sentence}")
    sub.close()  # libzmq does not try again once it was told ERROR; others do
    before = bridge.endpoint("packers")["refused"]["wrong_type"]
    for _ in range(5):
        check(Raw(bridge.port("OUT")).send(greeting() + ready("SUB")).is_ended(), "each try is refused")
    equal(bridge.endpoint("packers")["refused"]["wrong_type"], before + 5, "tries counted")
    equal(bridge.log().count("a SUB connected"), 1, "lines about it")

    rep = flow.socket(zmq.REP, bridge.address("IN"))
    wait_until(lambda: "orders-in: a REP connected; this endpoint is the source of orders and serves PUSH; "
                       "no endpoint serves REP" in bridge.log(), "of a type without a place the log says so")
    rep.close()

    raw = Raw(bridge.port("OUT")).send(greeting() + ready("SUB"))
    raw.read(64)
    flags, body = raw.frame()
    check(flags & 4 and body.startswith(b"\x05ERROR"), f"the peer is told ERROR: {body}")
    check(raw.is_ended(), "and its connection is ended")
    raw = Raw(bridge.port("OUT")).send(greeting() + ready("PAIR"))
    check(raw.is_ended(), "a PAIR is refused")

    pull = flow.socket(zmq.PULL, bridge.address("OUT"))
    push = flow.socket(zmq.PUSH, bridge.address("IN"))
    push.send(b"as ever")
    equal(recv(pull, "a message"), [b"as ever"], "those who belong there are served")
    groups(flow)


if __name__ == "__main__":
    run(main)

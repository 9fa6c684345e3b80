"""Broadcast as ZeroMQ users know it: a subscription is a prefix of the first frame; every subscriber gets each message it
asked for once; publishers that connect are told what is asked for, and send nothing else.
"""
from harness import *

YAML = """
endpoints:
  prices-in: { bind: "${IN}", subscribe: demand }
  prices-out: { bind: "${OUT}" }
  news-in: { bind: "${NEWS_IN}", subscribe: all }
  news-out: { bind: "${NEWS_OUT}", accept: sub }
  also-out: { bind: "${ALSO}", accept: sub }
routes:
  - { from: prices-in, to: [prices-out, also-out] }
  - { from: news-in, to: news-out }
"""


def wait_for_demand(xpub, *expected):
    """Until the XPUB has been told of all these, in any order."""
    left = set(expected)
    while left:
        told = recv(xpub, f"the subscriptions {left}")[0]
        check(told in left, f"told {told}, of {left}")
        left.remove(told)


def main(flow):
    bridge = flow.bridge(YAML)
    xpub = flow.socket(zmq.XPUB, bridge.address("IN"))
    bridge.wait_for_peers("prices-in", 1)
    eur = flow.socket(zmq.SUB, bridge.address("OUT"), SUBSCRIBE=b"eur.")
    wait_for_demand(xpub, b"\x01eur.")
    usd = flow.socket(zmq.SUB, bridge.address("ALSO"), SUBSCRIBE=b"usd.")
    usd.subscribe(b"usd.spot.")
    both = flow.socket(zmq.XSUB, bridge.address("OUT"))
    both.send(b"\x01eur.")
    both.send(b"\x01usd.")
    wait_for_demand(xpub, b"\x01usd.", b"\x01usd.spot.")
    wait_until(lambda: len(bridge.endpoint("prices-out")["peers"]) == 2 and
               bridge.endpoint("prices-out")["delivery"]["prefixes"] == 2, "all have subscribed")

    for topic in b"eur.a", b"usd.spot.a", b"eur", b"gbp.a", b"usd.b":
        xpub.send_multipart([topic, b"", b"body"])
    equal(recv(eur, "for eur."), [b"eur.a", b"", b"body"], "of eur.")
    equal([recv(usd, "for usd.")[0] for _ in range(2)], [b"usd.spot.a", b"usd.b"], "once, for two matching prefixes")
    equal([recv(both, "for both")[0] for _ in range(3)], [b"eur.a", b"usd.spot.a", b"usd.b"], "of both, in order")

    # A publisher that comes later is told what is asked for already.
    late = flow.socket(zmq.XPUB, bridge.address("IN"))
    wait_for_demand(late, b"\x01eur.", b"\x01usd.", b"\x01usd.spot.")
    pub = flow.socket(zmq.PUB, bridge.address("IN"))
    bridge.wait_for_peers("prices-in", 3)
    # A PUB drops until it has been told: it says the same until it arrives.
    pub_says = lambda: (pub.send_multipart([b"eur.from pub"]), eur.poll(20))[1]
    wait_until(pub_says, "a PUB that connects is heard")

    # What nobody wants any more is taken back at the publishers, when the last one has left.
    usd.close()
    wait_for_demand(xpub, b"\x00usd.spot.")
    both.close()
    wait_for_demand(xpub, b"\x00usd.")
    eur.close()
    wait_for_demand(xpub, b"\x00eur.")
    check(not xpub.poll(50), "each was taken back once")
    before = bridge.status()["routes"][0]["messages"]
    xpub.send(b"eur.for nobody")
    again = flow.socket(zmq.SUB, bridge.address("OUT"), SUBSCRIBE=b"x")
    wait_for_demand(xpub, b"\x01x")
    xpub.send(b"x")
    equal(recv(again, "the next"), [b"x"], "the next")
    taken = bridge.status()["routes"][0]["messages"] - before
    check(taken >= 1 and not bridge.endpoint("prices-out")["delivery"]["dropped_peer"], "nothing is dropped")
    all_of_it(flow, bridge)


def all_of_it(flow, bridge):
    """`subscribe: all`: a publisher is asked for everything at once, and for nothing more when subscribers come."""
    xpub = flow.socket(zmq.XPUB, bridge.address("NEWS_IN"))
    wait_for_demand(xpub, b"\x01")
    sub = flow.socket(zmq.SUB, bridge.address("NEWS_OUT"), SUBSCRIBE=b"sport.")
    bridge.wait_for("it has subscribed", lambda _: bridge.endpoint("news-out")["delivery"]["prefixes"] == 1)
    xpub.send(b"weather.a")
    xpub.send(b"sport.a")
    equal(recv(sub, "the news"), [b"sport.a"], "what a subscriber asked for")
    bridge.wait_for("the rest is counted", lambda _: bridge.endpoint("news-out")["delivery"]["dropped_nobody"] == 1)
    check(not xpub.poll(50), "the publisher is asked for nothing more")


if __name__ == "__main__":
    run(main)

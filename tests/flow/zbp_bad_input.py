"""A client that says nonsense, lies, or vanishes in the middle hurts nobody: it is refused with a code, which is counted, and what
it held goes to somebody else; the others go on all the while.
"""
import msgpack

from harness import *
from zbp import Client, block

YAML = """
bridge: {}
plugins: { durable: {} }
endpoints:
  clients: { bind: "${ZBP}", protocol: zbp, limits: { max_message: 1MiB } }
topics: { orders: {} }
groups: { logistics: { topic: orders, start: earliest, retry: { attempts: 100, backoff: [50ms] } } }
"""


def header(name, **fields):
    return msgpack.packb([name, fields])


HELLO = header("HELLO", versions=[1])
# What is said on a new connection, and the code of the REFUSED that ends it.
FATAL = [
    ([b""], "malformed"),
    ([b"hello"], "malformed"),
    ([b"\xdd\xff\xff\xff\xff"], "malformed"),
    ([b"\x92" * 100_000], "malformed"),
    ([header("HELLO", versions=[2])], "version"),
    ([header("HELLO", versions=[1], needs=["magic"])], "unsupported"),
    ([header("PUBLISH", topic="orders", seq=1, count=1), block(b"x")], "out_of_state"),
    ([HELLO, b"a", b"b"], "malformed"),
    ([HELLO, HELLO], "malformed"),
]
# Behind a HELLO.
FATAL_LATER = [
    ([HELLO], "out_of_state"),
    ([header("PUBLISH", topic="orders", seq=1, count=1)], "malformed"),
    ([header("PUBLISH", topic="orders", seq=1, count=2), block(b"x")], "malformed"),
    ([header("PUBLISH", topic="orders", seq=1, count=1), b"\x02" + b"\xff" * 8 + b"x"], "malformed"),
    ([header("PUBLISH", topic="orders", seq=1, count=10_001), block(*[b"x"] * 10_001)], "malformed"),
    ([header("PUBLISH", topic="orders", seq=1, count=1, once=True), block(b"x")], "out_of_state"),
    ([header("SETTLE", group="logistics", verdict="ack", ranges=[[b"short", 1]])], "malformed"),
    ([header("SETTLE", group="logistics", verdict="eat", ranges=[])], "malformed"),
    ([header("SUBSCRIBE", sub=1, group="logistics", credit=-1)], "malformed"),
    ([header("SUBSCRIBE", sub=1, checks="orders", topic="orders", credit=1)], "malformed"),
    ([header("PREPARE", topic="orders", seq=1, count=2), block(b"x")], "malformed"),
    ([header("COMMIT", ref=1, tokens=[b"short"])], "malformed"),
    ([header("ROLLBACK", ref=1, tokens=[b"\x02" + bytes(15)])], "malformed"),
    ([header("UNKNOWN")], "malformed"),
]
NOT_FATAL = [
    (("SUBSCRIBE", dict(sub=1, group="nobody", credit=1)), "not_found"),
    (("SUBSCRIBE", dict(sub=1, group="logistics", credit=2**32 - 1)), "out_of_range"),
    (("CREDIT", dict(sub=9, credit=1)), "not_found"),
    (("SETTLE", dict(group="logistics", verdict="ack", ranges=[[b"\x02" + bytes(15), 2**32 - 1]])), "out_of_range"),
    (("RECEIVE", dict(ref=1, group="logistics", max=10**6)), "out_of_range"),
    (("COMMIT", dict(ref=1, tokens=[b"\x03" + bytes(15)] * 1001)), "out_of_range"),
    (("SUBSCRIBE", dict(sub=1, checks="nowhere", credit=1)), "not_found"),
    (("DANCE", dict(ref=1)), "unsupported"),
    (("QUERY", dict(ref=1, topic="nowhere", key="k")), "not_found"),
]


def refusals(flow, bridge):
    for frames, code in FATAL:
        client = Client(flow.context, bridge.address("ZBP"), hello=False)
        client.socket.send_multipart(frames)
        told, _ = client.hear("REFUSED")
        equal((told["code"], told["fatal"]), (code, True), f"{short(frames)}")
        client.close()
    for frames, code in FATAL_LATER:
        client = Client(flow.context, bridge.address("ZBP"))
        client.socket.send_multipart(frames)
        told, _ = client.hear("REFUSED")
        equal((told["code"], told["fatal"]), (code, True), f"{short(frames)}")
        client.close()
    client = Client(flow.context, bridge.address("ZBP"))
    for (name, fields), code in NOT_FATAL:
        client.say(name, fields)
        told, _ = client.hear("REFUSED")
        equal((told["re"], told["code"], told["fatal"]), (name, code, False), f"{name} {short(fields)}")
    client.close()


def too_large(flow, bridge):
    """Above the endpoint's own limit ZMTP ends the connection."""
    client = Client(flow.context, bridge.address("ZBP"))
    client.publish("orders", b"x" * (2 << 20))
    bridge.wait_for("it is counted", lambda _: bridge.endpoint("clients")["refused"].get("too_large", 0) > 0)
    client.close()


def vanishing(flow, bridge, steady):
    """After each step of a conversation."""
    script = [("HELLO", {"versions": [1]}, None),
              ("PUBLISH", {"topic": "orders", "seq": 1, "count": 2}, block(b"gone", b"gone")),
              ("SUBSCRIBE", {"sub": 1, "group": "logistics", "credit": 5}, None),
              ("RECEIVE", {"ref": 1, "group": "logistics", "max": 5, "wait": 60000}, None),
              ("CREDIT", {"sub": 1, "credit": 0}, None),
              ("BYE", {}, None)]
    for steps in range(len(script) + 1):
        client = Client(flow.context, bridge.address("ZBP"), hello=False)
        for name, fields, wire in script[:steps]:
            client.say(name, fields, wire)
        if steps:
            client.next()
        client.close()
    bridge.wait_for_peers("clients", 1)
    equal(steady.outcomes(steady.publish("orders", b"kept") and 1), {1: "stored"}, "the outcome of another one's")


def two_of_one_name(flow, bridge):
    old = Client(flow.context, bridge.address("ZBP"), name="till")
    young = Client(flow.context, bridge.address("ZBP"), name="till")
    told, _ = old.hear("REFUSED")
    equal((told["code"], told["fatal"]), ("replaced", True), "the older one is told")
    young.publish("orders", b"young")
    equal(young.outcomes(1), {1: "stored"}, "the newer one works")
    old.close(), young.close()


def main(flow):
    bridge = flow.bridge(YAML)
    steady = Client(flow.context, bridge.address("ZBP"))
    refusals(flow, bridge)
    too_large(flow, bridge)
    vanishing(flow, bridge, steady)
    two_of_one_name(flow, bridge)
    counted = bridge.endpoint("clients")
    for code in {code for _, code in FATAL + FATAL_LATER}:
        check(counted["refused"].get(code, 0) > 0, f"{code} is counted")
    for code in {code for _, code in NOT_FATAL}:
        check(counted["clients"]["refused"].get(code, 0) > 0, f"{code} is counted")

    # Whatever they have published and left is delivered, once settled it is gone, and nothing is held by the dead.
    taken = []
    steady.say("SUBSCRIBE", {"sub": 1, "group": "logistics", "credit": 100})
    steady.hear("SUBSCRIBED")
    while not {b"kept", b"young"} <= set(taken):
        for token, _, frames in steady.delivered()[0]:
            taken.append(frames[0])
            steady.settle("logistics", [token])
    def all_settled():
        while steady.socket.poll(0):
            name, fields, _ = steady.next()
            if name == "DELIVER":
                steady.say("SETTLE", {"group": "logistics", "verdict": "ack", "ranges": [[run[0], run[1]] for run in fields["runs"]]})
        group = next(each for each in bridge.status()["groups"] if each["name"] == "logistics")
        return group["lag"] == 0 and group["in_flight"] == 0
    wait_until(all_settled, "everything is settled")


run(main)

"""The admin socket speaks ZBP: the calls of the command line, several at a time, and everything else; at another endpoint no call
is answered, and who speaks something else is told to go.
"""
from harness import *
from zbp import Client

YAML = """
bridge: {}
plugins: { durable: {} }
endpoints:
  clients: { bind: "${ZBP}", protocol: zbp }
topics: { orders: {} }
groups: { logistics: { topic: orders, start: earliest } }
"""


def calls(client):
    client.say("ADMIN", {"ref": 1, "call": "status"})
    client.say("ADMIN", {"ref": 2, "call": "topic show", "args": {"topic": "orders"}})
    client.say("ADMIN", {"ref": 3, "call": "topic show", "args": {"topic": "nowhere"}})
    client.say("ADMIN", {"ref": 4, "call": "dance"})
    told = {}
    while len(told) < 4:
        name, fields, _ = client.hear("ANSWER", "REFUSED")
        told[fields["ref"]] = (name, fields)
    equal([told[ref][0] for ref in (1, 2, 3, 4)], ["ANSWER", "ANSWER", "REFUSED", "REFUSED"], "what came of each")
    check({"bridge", "endpoints", "topics"} <= set(told[1][1]["report"]), f"a status: {short(told[1])}")
    equal(told[2][1]["report"]["name"], "orders", "the topic")
    for ref in 3, 4:
        equal((told[ref][1]["code"], told[ref][1]["fatal"]), ("not_found", False), f"of {ref}")


def everything_else(client):
    client.publish("orders", b"one", b"two")
    equal(client.outcomes(2), {1: "stored", 2: "stored"}, "what was published")
    client.say("SUBSCRIBE", {"sub": 1, "group": "logistics", "credit": 10})
    taken = client.take(2)
    equal([frames for _, _, frames in taken], [[b"one"], [b"two"]], "what was delivered")
    client.settle("logistics", [token for token, _, _ in taken], ref=9)
    equal(client.settled(9)["stale"], [0, 0], "and settled")


def elsewhere(flow, bridge, admin):
    client = Client(flow.context, bridge.address("ZBP"))
    check("admin" not in client.welcome["features"], f"no calls at another endpoint: {client.welcome}")
    client.say("ADMIN", {"ref": 1, "call": "status"})
    told, _ = client.hear("REFUSED")
    equal((told["re"], told["ref"], told["code"], told["fatal"]), ("ADMIN", 1, "denied", False), "ADMIN elsewhere")
    client.publish("orders", b"three")
    equal(client.outcomes(1), {1: "stored"}, "it goes on")
    client.close()
    for frames in [b"", b"status"], [b"status"]:
        rude = Client(flow.context, admin, hello=False)
        rude.socket.send_multipart(frames)
        told, _ = rude.hear("REFUSED")
        equal((told["code"], told["fatal"]), ("malformed", True), f"{frames}")
        rude.close()


def main(flow):
    bridge = flow.bridge(YAML)
    admin = f"ipc://{bridge.data_dir}/admin"
    client = Client(flow.context, admin, needs=["admin"])
    check(client.welcome["limits"]["asks"] > 3, f"limits: {client.welcome['limits']}")
    calls(client)
    everything_else(client)
    elsewhere(flow, bridge, admin)
    calls(client)
    client.close()
    equal(bridge.terminate(), 0, "the exit status after SIGTERM")


run(main)

"""A client of ZBP finds messages by key, id and time, with what their producers said of them; takes back one that waits; moves a
group; is delivered attributes when it asks for them; and uses topics that a command has made while the bridge runs.
"""
from harness import *
from zbp import Client, messages_in, token_behind

YAML = """
bridge: {}
plugins: { durable: {} }
endpoints:
  clients: { bind: "${ZBP}", protocol: zbp }
topics: { orders: {} }
groups: { logistics: { topic: orders, start: earliest } }
"""
HOUR_MS = 3_600_000
ATTRIBUTES = {"id": "A-7", "keys": ["k7", "all"], "order_key": "c1", "tag": "new", "priority": 3,
              "properties": {"region": "EU", "amount": 120, "vip": True, "rate": 0.5}}


def ask(client, name, *answers, **fields):
    client.say(name, {"ref": 5, **fields})
    told = client.hear(*answers, "REFUSED")
    equal(told[1]["ref"], 5, f"the answer to {name}")
    return told


def stored_ids(client, count):
    """{seq: id} of so many messages."""
    ids = {}
    while len(ids) < count:
        receipt, _ = client.hear("RECEIPT")
        equal(receipt["refused"], [], "nothing is refused")
        ids.update({seq + i: token_behind(id, i) for seq, number, id, _ in receipt["stored"] for i in range(number)})
    return ids


def attributes(client):
    client.publish("orders", [b"one", b"frame"], b"two", attributes=[ATTRIBUTES, None])
    ids = stored_ids(client, 2)
    client.say("SUBSCRIBE", {"sub": 1, "group": "logistics", "credit": 10, "attributes": True})
    client.hear("SUBSCRIBED")
    taken = {}
    while len(taken) < 2:
        fields, wire = client.hear("DELIVER")
        equal(len(fields["attributes"]), len(fields["runs"]), "one entry a run")
        messages = iter(messages_in(wire))
        for (token, count, _, _), its in zip(fields["runs"], fields["attributes"]):
            equal(count, 1, "they are not alike")
            taken[next(messages)[0]] = its
            client.settle("logistics", [token])
    equal(taken, {b"one": ATTRIBUTES, b"two": None}, "what is delivered with them")
    client.say("SUBSCRIBE", {"sub": 2, "topic": "orders", "credit": 10, "start": "earliest", "attributes": True})
    client.hear("SUBSCRIBED")
    read = {}
    while len(read) < 2:
        fields, wire = client.hear("DELIVER")
        read[messages_in(wire)[0][0]] = fields["attributes"]
    equal(read, {b"one": [ATTRIBUTES], b"two": [None]}, "and what is read")
    client.say("UNSUBSCRIBE", {"sub": 2})
    client.hear("UNSUBSCRIBED")
    return ids


def queries(client, ids):
    one, two = ids[1], ids[2]
    for way, expected in (({"key": "k7"}, [one]), ({"id": "A-7"}, [one]), ({"id": two}, [two]), ({"key": "none"}, []),
                          ({"from": 1}, [one, two]), ({"from": 1, "max": 1}, [one]), ({"to": 1}, [])):
        name, found, wire = ask(client, "QUERY", "FOUND", topic="orders", **way)
        equal((name, [each[1] for each in found.get("messages", [])]), ("FOUND", expected), f"found by {way}")
        equal([frames[0] for frames in messages_in(wire)], [{one: b"one", two: b"two"}[each] for each in expected], "and their frames")
    _, found, wire = ask(client, "QUERY", "FOUND", topic="orders", key="all")
    offset, _, stored, its = found["messages"][0]
    check(offset == 0 and abs(stored - time.time() * 1000) < HOUR_MS, f"its place and time: {found}")
    equal((its, messages_in(wire)), (ATTRIBUTES, [[b"one", b"frame"]]), "what its producer said")
    _, told, _ = ask(client, "QUERY", "FOUND", topic="nowhere", key="k7")
    equal((told["re"], told["code"], told["fatal"]), ("QUERY", "not_found", False), "a topic that is not there")


def recall(client):
    client.publish("orders", b"later", attributes=[{"deliver_at": int(time.time() * 1000) + HOUR_MS}])
    later, = stored_ids(client, 1).values()
    equal(ask(client, "RECALL", "DONE", id=later)[0], "DONE", "it is taken back")
    _, told, _ = ask(client, "RECALL", "DONE", id=later)
    equal((told["re"], told["code"], told["fatal"]), ("RECALL", "not_found", False), "once")


def reset(client, bridge):
    client.say("UNSUBSCRIBE", {"sub": 1})
    client.hear("UNSUBSCRIBED")
    bridge.wait_for("all is settled", lambda status: status["groups"][0]["lag"] == 0)
    equal(ask(client, "RESET", "DONE", group="logistics", to="earliest")[0], "DONE", "it is moved")
    client.say("RECEIVE", {"ref": 6, "group": "logistics", "max": 2, "wait": 60000, "attributes": True})
    again = client.take(1)
    equal(again[0][2], [b"one", b"frame"], "from its beginning on")
    for fields, code in (({"group": "logistics", "offset": 99}, "unable"), ({"group": "nobody", "to": "latest"}, "not_found")):
        _, told, _ = ask(client, "RESET", "DONE", **fields)
        equal((told["re"], told["code"], told["fatal"]), ("RESET", code, False), f"{fields}")


def topics_by_command(client, bridge):
    client.publish("later", b"x")
    equal(client.outcomes(1), {client.seq: "not_found"}, "nobody makes a topic by publishing to it")
    made = bridge.command("topic", "create", "later", "--at", bridge.data_dir)
    equal(made.returncode, 0, f"topic create: {made.stderr}")
    client.say("SUBSCRIBE", {"sub": 3, "topic": "later", "credit": 10})
    equal(client.hear("SUBSCRIBED")[0]["offset"], 0, "it is empty")
    client.publish("later", b"y")
    equal(client.outcomes(1), {client.seq: "stored"}, "it is there")
    equal(messages_in(client.hear("DELIVER")[1]), [[b"y"]], "and read")
    for own in "%delayed", "%prepared":
        client.publish(own, b"x")
        equal(client.outcomes(1), {client.seq: "not_found"}, f"{own} is the engine's own")


def main(flow):
    bridge = flow.bridge(YAML)
    client = Client(flow.context, bridge.address("ZBP"), needs=["attributes", "query", "recall", "reset"])
    ids = attributes(client)
    queries(client, ids)
    recall(client)
    reset(client, bridge)
    topics_by_command(client, bridge)
    for name, fields in (("QUERY", {"ref": 1, "topic": "orders"}), ("QUERY", {"ref": 1, "topic": "orders", "id": 5}),
                         ("RECALL", {"ref": 1, "id": b"short"}), ("RESET", {"ref": 1, "group": "logistics"}),
                         ("RESET", {"ref": 1, "group": "logistics", "to": "latest", "offset": 1})):
        rude = Client(flow.context, bridge.address("ZBP"))
        rude.say(name, fields)
        told, _ = rude.hear("REFUSED")
        equal((told["re"], told["code"], told["fatal"]), (name, "malformed", True), f"{name} {fields}")
        rude.close()
    client.close()


run(main)

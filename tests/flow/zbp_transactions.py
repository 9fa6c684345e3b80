"""Transactions over ZBP: what is prepared is seen once it is committed, and never once it is rolled back; a token holds over kill -9;
of what nobody resolves a client that subscribed to the topic's checks is asked; what comes too late is refused.
"""
from harness import *
from zbp import Client, block, messages_in

YAML = """
bridge: {}
plugins: { durable: { config: { check_after: 1s, check_every: 1s, max_checks: 5 } } }
endpoints:
  clients: { bind: "${ZBP}", protocol: zbp }
topics: { orders: {}, slow: {} }
groups: { logistics: { topic: orders, start: earliest } }
"""


def prepare(client, topic, *messages, **fields):
    """Their tokens, in order."""
    first = client.seq + 1
    client.seq += len(messages)
    client.say("PREPARE", {"topic": topic, "seq": first, "count": len(messages), **fields}, block(*messages))
    tokens = {}
    while len(tokens) < len(messages):
        receipt, _ = client.hear("RECEIPT")
        equal((receipt["stored"], receipt["refused"]), ([], []), "they are prepared")
        tokens.update({seq: token for seq, _id, token in receipt["prepared"]})
    return [tokens[first + i] for i in range(len(messages))]


def resolve(client, name, tokens, ref=1):
    client.say(name, {"tokens": tokens, "ref": ref})
    told, _ = client.hear("RESOLVED")
    equal(told["ref"], ref, f"the answer to {name}")
    return told


def all_of(client, topic, sub):
    """What stands in a topic, but for the ends of before."""
    end = b"end %d" % sub
    client.say("SUBSCRIBE", {"sub": sub, "topic": topic, "credit": 1000, "offset": 0})
    client.hear("SUBSCRIBED")
    client.publish(topic, end)
    client.outcomes(1)
    seen = []
    while end not in seen:
        seen += [frames[0] for frames in messages_in(client.hear("DELIVER")[1])]
    client.say("UNSUBSCRIBE", {"sub": sub})
    client.hear("UNSUBSCRIBED")
    return [each for each in seen if not each.startswith(b"end")]


def resolved(client):
    kept, gone, later = prepare(client, "orders", b"kept", b"gone", b"later")
    equal(resolve(client, "ROLLBACK", [gone]).get("refused"), None, "it is rolled back")
    told = resolve(client, "COMMIT", [gone, kept])
    check(told["ids"][0] is None and told["ids"][1] is not None, f"the one, not the other: {told}")
    equal([each[:2] for each in told["refused"]], [[0, "stale"]], "a commit of what was rolled back")
    told = resolve(client, "COMMIT", [kept])
    equal([each[:2] for each in told["refused"]], [[0, "stale"]], "a second commit")
    equal(all_of(client, "orders", 1), [b"kept"], "what the topic has")
    return later


def over_kill9(flow, bridge, client, later):
    client.close()
    bridge.kill()
    bridge.start()
    client = Client(flow.context, bridge.address("ZBP"), needs=["transactions"])
    told = resolve(client, "COMMIT", [later])
    equal((told.get("refused"), len(told["ids"])), (None, 1), "the token holds")
    equal(all_of(client, "orders", 2), [b"kept", b"later"], "it is there")
    return client


def checked(flow, bridge, client):
    tokens = prepare(client, "slow", b"yes", b"no", attributes=[{"tag": "new"}, None])
    checker = Client(flow.context, bridge.address("ZBP"))
    checker.say("SUBSCRIBE", {"sub": 7, "checks": "slow", "credit": 10, "attributes": True})
    equal(checker.hear("SUBSCRIBED")[0], {"sub": 7}, "it is asked")
    asked = {}
    while len(asked) < 2:
        fields, wire = checker.hear("CHECK")
        check(fields["sub"] == 7 and fields["number"] <= fields["of"] == 5, f"a check: {fields}")
        asked[messages_in(wire)[0][0]] = (fields["token"], fields["attributes"])
    equal(asked, {b"yes": (tokens[0], {"tag": "new"}), b"no": (tokens[1], None)}, "of both")
    checker.say("UNKNOWN", {"tokens": tokens})
    fields, _ = checker.hear("CHECK")
    check(fields["number"] > 1, f"and again: {fields}")
    equal(resolve(checker, "COMMIT", [tokens[0]]).get("refused"), None, "it says that it is to be")
    equal(resolve(checker, "ROLLBACK", [tokens[1]]).get("refused"), None, "and that it is not")
    equal(all_of(client, "slow", 3), [b"yes"], "what the topic has")
    checker.close()
    counted = bridge.endpoint("clients")["clients"]
    check(counted["checks"] >= 3 and counted["committed"] >= 2, f"they are counted: {counted}")


def main(flow):
    bridge = flow.bridge(YAML)
    client = Client(flow.context, bridge.address("ZBP"), needs=["transactions"])
    later = resolved(client)
    client = over_kill9(flow, bridge, client, later)
    checked(flow, bridge, client)
    client.close()


run(main)

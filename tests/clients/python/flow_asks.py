"""The Python client finds messages, takes one back, moves a group, is delivered attributes, reads a topic, and prepares and commits: both clients, with a
bridge that is cut off and killed in between.
"""
import asyncio
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/flow"), str(ROOT / "clients/python")]
from harness import *  # noqa: E402
import zbridge  # noqa: E402
from zbridge import aio  # noqa: E402

YAML = """
bridge:
  listen: "${APPS}"
plugins: { durable: { config: { check_after: 1s, check_every: 1s, max_checks: 15 } } }
topics: { orders: {}, asked: {}, read: {} }
groups: { logistics: { topic: orders, start: earliest } }
"""


def finds(client):
    receipt = client.publish("orders", b"3 bolts", keys=["A-17"], tag="new", properties={"amount": 3})
    for way in {"key": "A-17"}, {"id": receipt.id}, {"id": str(receipt.id)}, {"since": 1}:
        found, = client.query("orders", **way)
        equal((found.id, found.body, found.attributes), (receipt.id, b"3 bolts", {"keys": ["A-17"], "tag": "new", "properties": {"amount": 3}}),
              f"found by {way}")
    equal(client.query("orders", key="none"), [], "nothing")
    try:
        client.query("nowhere", key="A-17")
        raise Broken("a topic that is not there is searched")
    except zbridge.NotFound:
        pass


def is_delivered_attributes(client):
    with client.subscribe("logistics", attributes=True) as deliveries:
        delivery = deliveries.next(PATIENCE_S)
        equal((delivery.body, delivery.attributes["tag"]), (b"3 bolts", "new"), "with what its producer said")
        delivery.ack().result(PATIENCE_S)
    client.reset("logistics", to="earliest")
    again, = client.receive("logistics", wait=PATIENCE_S, attributes=True)
    equal((again.body, again.attributes["keys"]), (b"3 bolts", ["A-17"]), "from the beginning")
    again.ack().result(PATIENCE_S)


def reads(client, bridge):
    """On over a kill -9."""
    bodies = [b"%d" % n for n in range(20)]
    client.publish_many("read", bodies[:10])
    with client.read("read", start="earliest", credit=4) as records:
        taken = [records.next(PATIENCE_S) for _ in range(7)]
        bridge.kill()
        bridge.start()
        client.publish_many("read", bodies[10:])
        taken += [records.next(PATIENCE_S) for _ in range(13)]
    equal([(each.offset, each.body) for each in taken], list(enumerate(bodies)), "each once, in order")


def takes_back(client):
    receipt = client.publish("orders", b"later", delay=3600)
    client.recall(receipt.id)
    try:
        client.recall(receipt.id)
        raise Broken("it is taken back twice")
    except zbridge.NotFound:
        pass


def prepares(client, bridge):
    one, two, three = (client.prepare("orders", b"%d" % n) for n in range(3))
    equal(client.receive("logistics"), [], "nobody sees it")
    two.rollback().result(PATIENCE_S)
    bridge.kill()
    bridge.start()
    equal(one.commit().result(PATIENCE_S), one.id, "its id, after a kill -9")
    try:
        two.commit().result(PATIENCE_S)
        raise Broken("a message that was rolled back is committed")
    except zbridge.Stale:
        pass
    return three


def is_asked(client):
    yes, no = client.prepare("asked", b"yes", tag="new"), client.prepare("asked", b"no")
    with client.checks("asked", attributes=True) as checks:
        asked = {}
        for check in checks:
            asked[check.body] = check
            if len(asked) == 2:
                break
        equal({each.token for each in asked.values()}, {yes.token, no.token}, "those that it is asked about")
        equal((asked[b"yes"].attributes, asked[b"no"].attributes), ({"tag": "new"}, None), "with what was said of them")
        for check in asked.values():
            check.unknown()
        again = checks.next(PATIENCE_S)
        equal(again.number > 1, True, "it is asked again")
        asked[b"yes"].commit().result(PATIENCE_S)
        asked[b"no"].rollback().result(PATIENCE_S)
    equal([each.body for each in client.query("asked", since=1)], [b"yes"], "what there is then")


async def is_asked_by_asyncio(address):
    async with aio.Client(address) as client:
        prepared = await client.prepare("asked", b"late")
        async with client.checks("asked") as checks:
            async for check in checks:
                equal(check.token, prepared.token, "what it is asked about")
                await check.commit()
                break


async def with_asyncio(address, prepared):
    async with aio.Client(address) as client:
        await client.resolve("COMMIT", prepared.token)
        four = await client.prepare("orders", b"4")
        await four.commit()
        found = await client.query("orders", id=four.id)
        async with client.read("read", offset=18) as records:
            equal([(await records.next()).body for _ in range(2)], [b"18", b"19"], "read by asyncio")
        equal([each.body for each in found], [b"4"], "found by asyncio")
        bodies = []
        while len(bodies) < 3:
            for delivery in await client.receive("logistics", 10, wait=60, attributes=True):
                bodies.append((delivery.body, delivery.attributes))
                await delivery.ack()
        equal(bodies, [(b"0", None), (b"2", None), (b"4", None)], "what was committed, in that order")


def main(flow):
    bridge = flow.bridge(YAML)
    with zbridge.Client(bridge.address("APPS")) as client:
        finds(client)
        is_delivered_attributes(client)
        takes_back(client)
        reads(client, bridge)
        is_asked(client)
        prepared = prepares(client, bridge)
    asyncio.run(is_asked_by_asyncio(bridge.address("APPS")))
    asyncio.run(with_asyncio(bridge.address("APPS"), prepared))


run(main)

"""The Python client over connections that are cut and bridges that end: a client with a name goes on with what it holds, over a
lost connection and over a bridge that is killed, and is given what was on its way to a fetch; what one without a name held is given again at once; what is published
arrives once; a bridge that ends in order waits for what is in hand; of two of one name the newer stays.
"""
import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/flow"), str(ROOT / "clients/python")]
from harness import *  # noqa: E402
from cutting import Cutting  # noqa: E402
import zbridge  # noqa: E402
from zbridge import aio  # noqa: E402

YAML = """
bridge:
  listen: "${APPS}"
plugins: { durable: {} }
topics: { orders: { dedup: { window: 10m } } }
groups: { logistics: { topic: orders, start: earliest, lease: 60s, resume_grace: 2s, retry: { attempts: 20, backoff: [50ms] } } }
"""


def lost(client):
    return client._core.losses


def cut(client, link):
    """Cuts it, and waits until the client has a new session."""
    before = lost(client)
    link.cut()
    wait_until(lambda: lost(client) > before, "the client has seen it")
    client.wait_open(PATIENCE_S)


def goes_on_with_what_it_holds(link):
    with zbridge.Client(link.address, name="packer") as client:
        client.publish_many("orders", [b"%d" % n for n in range(10)], once=True)
        deliveries = client.subscribe("logistics", credit=10)
        given = [deliveries.next(PATIENCE_S) for _ in range(4)]
        cut(client, link)
        equal(client._core.welcome["resumed"], 10, "messages that are this session's again")
        client.settle(given, "ack").result(PATIENCE_S)
        rest = [deliveries.next(PATIENCE_S) for _ in range(6)]
        equal([(each.body, each.attempt) for each in rest], [(b"%d" % n, 1) for n in range(4, 10)], "those it had not looked at")
        client.extend(rest, 100).result(PATIENCE_S)
        cut(client, link)
        client.settle(rest, "ack").result(PATIENCE_S)
        equal(client.receive("logistics", 10), [], "what is left")


def a_fetch_whose_answer_was_lost(bridge, link):
    with zbridge.Client(link.address, name="picker") as client, zbridge.Client(bridge.address("APPS")) as other:
        client.wait_open(PATIENCE_S)
        other.publish_many("orders", [b"on its way 1", b"on its way 2"])
        link.deafen()
        with ThreadPoolExecutor() as threads:
            fetched = threads.submit(client.receive, "logistics", 2, wait=PATIENCE_S)
            wait_until(lambda: b"on its way 2" in link.swallowed, "the answer is on its way")
            deliveries = other.subscribe("logistics")
            other.publish("orders", b"another")
            cut(client, link)
            given = fetched.result(PATIENCE_S)
        equal([(each.body, each.attempt) for each in given], [(b"on its way 1", 1), (b"on its way 2", 1)], "what was lost")
        client.settle(given, "ack").result(PATIENCE_S)
        last = deliveries.next(PATIENCE_S)
        equal((last.body, last.attempt), (b"another", 1), "and nobody else was given it")
        last.ack().result(PATIENCE_S)


def without_a_name_it_is_given_again(link):
    with zbridge.Client(link.address) as client:
        client.publish("orders", b"again")
        first, = client.receive("logistics", wait=PATIENCE_S)
        cut(client, link)
        second, = client.receive("logistics", wait=PATIENCE_S)
        equal((second.body, second.attempt), (b"again", 2), "the second delivery")
        check(second.id == first.id, "it is the same message")
        try:
            first.ack().result(PATIENCE_S)
            raise Broken("the first token is stale")
        except zbridge.Stale:
            pass
        second.ack().result(PATIENCE_S)


def what_is_published_arrives_once(link, count=3000):
    client = zbridge.Client(link.address, name="shop", options=zbridge.Options(batch_messages=20))
    with client:
        open_ = []
        for n in range(count):
            if n % 200 == 100:
                open_[-30].result(PATIENCE_S)
                link.cut()
            open_.append(client.submit("orders", b"%d" % n, once=True))
        for each in open_:
            each.result(PATIENCE_S)
        check(lost(client) > 0, "connections were cut")
        got = []
        with client.subscribe("logistics") as deliveries:
            while len(got) < count:
                with deliveries.next(PATIENCE_S) as delivery:
                    got.append(delivery.body)
                if len(got) % 500 == 250:
                    link.cut()
            check(deliveries.next(0.3) is None, "there is nothing behind the last")
        client.flush(PATIENCE_S)
    equal(got, [b"%d" % n for n in range(count)], "what was published, each once")


def over_a_bridge_that_is_killed(bridge):
    with zbridge.Client(bridge.address("APPS"), name="packer") as client:
        client.publish_many("orders", [b"0", b"1", b"2"], once=True)
        mark, *given = client.receive("logistics", 3, wait=PATIENCE_S)
        equal(len(given), 2, "messages")
        mark.ack().result(PATIENCE_S)  # durable, and with it that the others are in hand
        bridge.kill()
        later = client.submit("orders", b"3", once=True)
        settled = given[0].ack()
        bridge.start()
        settled.result(PATIENCE_S)
        given[1].ack().result(PATIENCE_S)
        later.result(PATIENCE_S)
        last, = client.receive("logistics", 10, wait=PATIENCE_S)
        equal(last.body, b"3", "the one behind them")
        last.ack().result(PATIENCE_S)


def a_bridge_that_ends_in_order(bridge):
    with zbridge.Client(bridge.address("APPS"), name="packer") as client:
        client.publish_many("orders", [b"1", b"2"])
        deliveries = client.subscribe("logistics", credit=2)
        first = deliveries.next(PATIENCE_S)
        wait_until(lambda: deliveries._inner.buffer, "the second is here, and nobody has looked at it")
        bridge.process.terminate()
        wait_until(lambda: client._core.state == "leaving", "the client is told")
        settled = first.ack()
        settled.result(PATIENCE_S)
        later = client.submit("orders", b"3")
        equal(bridge.process.wait(PATIENCE_S), 0, "the exit status")
        check(not later.done, "what is published then waits for the next bridge")
        bridge.start()
        later.result(PATIENCE_S)
        got = []
        while len(got) < 2:
            delivery = deliveries.next(PATIENCE_S)
            got.append((delivery.body, delivery.attempt))
            delivery.ack()
        equal(sorted(got), [(b"2", 1), (b"3", 1)], "what is left, and no attempt is counted")
        client.flush(PATIENCE_S)


def a_bridge_that_stands_still(bridge):
    options = zbridge.Options(name="shop", heartbeat=0.2, connect_timeout=0.5, backoff_max=0.2)
    with zbridge.Client(bridge.address("APPS"), options=options) as client:
        client.publish("orders", b"1")
        bridge.process.send_signal(signal.SIGSTOP)
        later = client.submit("orders", b"2", once=True)
        wait_until(lambda: lost(client), "three heartbeats are missed")
        bridge.process.send_signal(signal.SIGCONT)
        later.result(PATIENCE_S)
        client.settle(client.receive("logistics", 10, wait=PATIENCE_S), "ack").result(PATIENCE_S)
        equal(client.receive("logistics", 10), [], "what is left: the second is stored once")


def slow_consumer(link, address):
    options = zbridge.Options(heartbeat=0.2)
    with zbridge.Client(address, options=options) as client:
        delivery, = client.receive("logistics", wait=PATIENCE_S)
        link.say(delivery.body)
        link.hear()  # it has stood still meanwhile
        try:
            delivery.ack().result(PATIENCE_S)
            link.say("settled")
        except zbridge.Stale:
            link.say("stale")


def a_client_that_stands_still(flow, bridge):
    with zbridge.Client(bridge.address("APPS")) as client:
        client.publish("orders", b"1")
        program = flow.start(slow_consumer, bridge.address("APPS"))
        equal(program.hear(), b"1", "what it is given")
        program.pause()
        again, = client.receive("logistics", wait=PATIENCE_S)
        equal((again.body, again.attempt), (b"1", 2), "the same, when the bridge has heard nothing of it")
        again.ack().result(PATIENCE_S)
        program.go_on()
        program.say()
        equal(program.hear(), "stale", "what the slow one is told")


def two_of_one_name(bridge):
    with zbridge.Client(bridge.address("APPS"), name="till") as older, zbridge.Client(bridge.address("APPS")) as other:
        older.publish("orders", b"1")
        with zbridge.Client(bridge.address("APPS"), name="till") as newer:
            newer.publish("orders", b"2")
            wait_until(lambda: older._core.error, "the older is told")
            check(isinstance(older._core.error, zbridge.Replaced), f"it was replaced: {older._core.error}")
        other.settle(other.receive("logistics", 10, wait=PATIENCE_S), "ack").result(PATIENCE_S)


def refusals(bridge):
    with zbridge.Client(bridge.address("APPS"), name="till") as client:
        for call, kind in ((lambda: client.publish("nowhere", b"1"), zbridge.NotFound),
                           (lambda: client.publish("orders", [b"x"] * 65), zbridge.TooManyFrames),
                           (lambda: client.receive("nobody"), zbridge.NotFound),
                           (lambda: client.subscribe("nobody").next(PATIENCE_S), zbridge.NotFound),
                           (lambda: client.subscribe("logistics", credit=100_001).next(PATIENCE_S), zbridge.OutOfRange),
                           (lambda: client.publish("orders", b"x" * (16 << 20)), zbridge.TooLarge)):
            try:
                call()
                raise Broken(f"{kind.__name__} is raised")
            except kind:
                pass
        equal(lost(client), 0, "connections lost over it")


async def a_fetch_of_asyncio_whose_answer_was_lost(bridge, link):
    async with aio.Client(link.address, name="picker") as client, aio.Client(bridge.address("APPS")) as other:
        await client.wait_open()
        await other.publish("orders", b"on its way")
        link.deafen()
        fetch = asyncio.ensure_future(client.receive("logistics", wait=PATIENCE_S))
        await asyncio.to_thread(wait_until, lambda: b"on its way" in link.swallowed, "the answer is on its way")
        link.cut()
        given, = await fetch
        equal((given.body, given.attempt), (b"on its way", 1), "what was lost")
        await given.ack()


async def with_asyncio(bridge, link):
    async with aio.Client(link.address, name="async") as client:
        seen = []

        async def handle(delivery):
            seen.append(delivery.body)
            if delivery.attempt == 1 and delivery.body == b"7":
                raise ValueError("not yet")

        serving = asyncio.ensure_future(client.serve("logistics", handle, tasks=3))
        for n in range(500):
            if n in (100, 300):
                link.cut()
            await client.submit("orders", b"%d" % n, once=True)
        await client.flush()
        deadline = time.monotonic() + PATIENCE_S
        while len(seen) < 501 and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        await client.flush()
        serving.cancel()
        equal(sorted(seen), sorted([b"%d" % n for n in range(500)] + [b"7"]), "handled")


def main(flow):
    bridge = flow.bridge(YAML)
    link = Cutting(bridge.port("APPS"))
    refusals(bridge)
    goes_on_with_what_it_holds(link)
    a_fetch_whose_answer_was_lost(bridge, link)
    without_a_name_it_is_given_again(link)
    what_is_published_arrives_once(link)
    asyncio.run(a_fetch_of_asyncio_whose_answer_was_lost(bridge, link))
    asyncio.run(with_asyncio(bridge, link))
    over_a_bridge_that_is_killed(bridge)
    a_bridge_that_ends_in_order(bridge)
    a_bridge_that_stands_still(bridge)
    a_client_that_stands_still(flow, bridge)
    two_of_one_name(bridge)
    wait_until(lambda: bridge.endpoint("listen")["clients"]["in_flight"] == 0, "nothing is in hand at the end")


if __name__ == "__main__":
    run(main)

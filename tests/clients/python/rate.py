"""How fast the Python client is against a bridge with a durable topic (`fsync`): messages of 100 B published in batches, one
call each, and consumed with an ack for each. Figures; nothing is judged.

    rate.py BRIDGE --messages=1000000
"""
import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/flow"), str(ROOT / "clients/python")]
from harness import *  # noqa: E402
import zbridge  # noqa: E402
from zbridge import aio  # noqa: E402

YAML = """
plugins: { durable: {} }
endpoints: { apps: { bind: "${APPS}", protocol: zbp } }
topics: { orders: {} }
groups: { logistics: { topic: orders, start: earliest, lease: 10m } }
"""
BODY = b"x" * 100


def measure(flow, what, count, work):
    began, cpu = time.monotonic(), time.process_time()
    work(count)
    took = time.monotonic() - began
    flow.figure(f"{what}: {count / took:,.0f} messages/s ({(time.process_time() - cpu) / count * 1e6:.1f} us of processor time each,"
                f" load {os.getloadavg()[0]:.0f})")


def main(flow):
    bridge = flow.bridge(YAML)
    count = flow.options.messages
    with zbridge.Client(bridge.address("APPS")) as client:
        client.wait_open()

        def publish_many(count):
            equal(client.publish_many("orders", (BODY for _ in range(count))).stored, count, "stored")

        def submit(count):
            for _ in range(count):
                client.submit("orders", BODY)
            client.flush()

        def one_by_one(count):
            for _ in range(count):
                client.publish("orders", BODY)

        def consume(count):
            with client.subscribe("logistics", credit=10_000) as deliveries:
                for delivery in deliveries:
                    delivery.ack()
                    count -= 1
                    if not count:
                        break
            client.flush()

        measure(flow, "publish_many", count, publish_many)
        measure(flow, "submit, each with an outcome of its own", count // 2, submit)
        measure(flow, "publish, waiting for each receipt", max(count // 1000, 10), one_by_one)
        measure(flow, "subscribe and ack each", count, consume)
    measure(flow, "asyncio: publish_many", count, lambda count: asyncio.run(publish_async(bridge.address("APPS"), count)))


async def publish_async(address, count):
    async with aio.Client(address) as client:
        equal((await client.publish_many("orders", (BODY for _ in range(count)))).stored, count, "stored")


if __name__ == "__main__":
    run(main, messages=1_000_000)

"""The client of threads and the one of asyncio over real sockets, with the fake bridge at the other end."""
import asyncio
import os
import threading
import time
import unittest

from served import Served
import zbridge
from zbridge import aio

PATIENCE_S = 30


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.01)


class Threads(unittest.TestCase):
    def setUp(self):
        self.served = Served({"orders": True})
        self.addCleanup(self.served.__exit__)
        self.client = self.another(name="till")

    def another(self, **settings):
        client = zbridge.Client(self.served.address, **settings)
        self.addCleanup(client.close, 2)
        return client

    def stored(self):
        with self.served.lock:
            return [each.frames for each in self.served.bridge.topics["orders"].stored]

    def states(self):
        with self.served.lock:
            return [each.state for each in self.served.bridge.topics["orders"].stored]

    def test_publish_and_consume(self):
        receipt = self.client.publish("orders", b"1", once=True, keys=["a"])
        self.assertFalse(receipt.duplicate)
        self.client.publish("orders", [b"2", b"", b"3"], properties={"vip": True}, delay=0.5)
        with self.client.subscribe("orders") as deliveries:
            first = next(iter(deliveries))
            self.assertEqual((first.body, first.id), (b"1", receipt.id))
            self.assertIsNone(first.ack().result(PATIENCE_S))
            second = deliveries.next(PATIENCE_S)
            self.assertEqual(second.frames, [b"2", b"", b"3"])
            with second:
                pass
            self.assertTrue(second.is_settled)
            self.assertIsNone(deliveries.next(0.01))
        self.client.flush(PATIENCE_S)
        self.assertEqual(self.states(), ["settled"] * 2)

    def test_publish_many_with_more_than_may_be_in_flight(self):
        client = self.another(options=zbridge.Options(max_in_flight=100, batch_messages=30))
        receipts = client.publish_many("orders", (b"%d" % n for n in range(1000)), timeout=PATIENCE_S)
        self.assertEqual((len(receipts), receipts.stored, receipts.refused), (1000, 1000, []))
        self.assertEqual([frames[0] for frames in self.stored()], [b"%d" % n for n in range(1000)])
        self.assertEqual([each.seq for each in receipts], list(range(next(iter(receipts)).seq, next(iter(receipts)).seq + 1000)))

    def test_full_is_a_timeout_and_room_comes_with_receipts(self):
        client = self.another(options=zbridge.Options(max_in_flight=2))
        self.served.does_commit = False
        first = client.submit_many("orders", [b"1", b"2"])
        with self.assertRaises(zbridge.InFlightFull):
            client.submit("orders", b"3", timeout=0.05)
        with self.assertRaises(zbridge.Timeout):
            first.result(0.05)
        self.served.does_commit = True
        client.submit("orders", b"3", timeout=PATIENCE_S).result(PATIENCE_S)
        self.assertEqual(first.result(PATIENCE_S).stored, 2)

    def test_a_timeout_says_where_nobody_is(self):
        client = zbridge.Client("ipc:///nobody/is/here")
        self.addCleanup(client.close, 0)
        with self.assertRaisesRegex(zbridge.Timeout, r"not within 0\.1 s: no session with the bridge at ipc:///nobody/is/here"):
            client.submit("orders", b"1").result(0.1)

    def test_what_is_worth_another_try_is_tried_again(self):
        self.served.bridge.refused = "topic_full"
        with self.assertRaises(zbridge.TopicFull):
            self.client.publish("orders", b"1", timeout=0.2)
        timer = threading.Timer(0.2, lambda: setattr(self.served.bridge, "refused", None))
        timer.start()
        self.client.publish("orders", b"2", timeout=PATIENCE_S)
        timer.join()
        self.served.bridge.refused = "unable"
        with self.assertRaises(zbridge.Unable):
            self.client.publish("orders", b"3", timeout=PATIENCE_S)

    def test_callbacks_come_in_the_clients_thread_and_may_not_wait(self):
        told, done = [], threading.Event()

        def call(publication):
            told.append((threading.current_thread().name, publication.outcome()))
            try:
                self.client.flush()
            except zbridge.WrongThread as error:
                told.append(error)
            self.client.submit("orders", b"2")
            done.set()

        self.client.submit("orders", b"1").add_done_callback(call)
        self.assertTrue(done.wait(PATIENCE_S))
        self.assertIn("zbridge", told[0][0])
        self.assertIsInstance(told[1], zbridge.WrongThread)
        self.client.flush(PATIENCE_S)
        self.assertEqual(len(self.stored()), 2)

    def test_pull(self):
        began = time.monotonic()
        self.assertEqual(self.client.receive("orders", 10, wait=0.2), [])
        self.assertGreaterEqual(time.monotonic() - began, 0.15)
        self.client.publish_many("orders", [b"%d" % n for n in range(5)])
        got = self.client.receive("orders", 10, wait=PATIENCE_S, lease=5)
        self.assertEqual([each.body for each in got], [b"%d" % n for n in range(5)])
        self.client.extend(got, 60).result(PATIENCE_S)
        self.client.settle(got[:2], "ack").result(PATIENCE_S)
        got[2].retry(0.05, "later").result(PATIENCE_S)
        got[3].release().result(PATIENCE_S)
        got[4].reject("never").result(PATIENCE_S)
        with self.assertRaises(zbridge.AlreadySettled):
            got[0].ack()
        again = []
        while len(again) < 2:
            again += self.client.receive("orders", 10, wait=PATIENCE_S)
        self.assertEqual(sorted((each.body, each.attempt) for each in again), [(b"2", 2), (b"3", 1)])

    def test_handlers_in_threads(self):
        seen, lock = [], threading.Lock()

        def handle(delivery):
            with lock:
                seen.append(delivery.body)
                if delivery.attempt == 1 and delivery.body == b"7":
                    raise ValueError("not yet")

        with self.assertLogs("zbridge"), self.client.serve("orders", handle, threads=3):
            self.client.publish_many("orders", [b"%d" % n for n in range(50)])
            wait_until(lambda: self.states().count("settled") == 50, "all are handled")
        self.assertEqual(sorted(seen), sorted([b"%d" % n for n in range(50)] + [b"7"]))

    def test_a_bridge_that_is_killed_and_comes_again(self):
        publications = [self.client.submit("orders", b"%d" % n, once=True) for n in range(100)]
        done = []
        server = self.client.serve("orders", lambda delivery: done.append(delivery.body))
        for n in range(100, 400):
            if n % 100 == 50:
                self.served.kill()
                self.served.start()
            publications.append(self.client.submit("orders", b"%d" % n, once=True, timeout=PATIENCE_S))
        for each in publications:
            each.result(PATIENCE_S)
        wait_until(lambda: self.states().count("settled") == 400, "all are handled")
        server.close()
        self.assertEqual([frames[0] for frames in self.stored()], [b"%d" % n for n in range(400)])
        self.assertEqual(sorted(done), sorted(b"%d" % n for n in range(400)), "none was handed out twice by one client")

    def test_close_finishes_what_was_begun(self):
        client = zbridge.Client(self.served.address)
        made = [client.submit("orders", b"%d" % n) for n in range(10)]
        subscription = client.subscribe("orders")
        delivery = subscription.next(PATIENCE_S)
        delivery.ack()
        client.close(PATIENCE_S)
        self.assertTrue(all(each.outcome() for each in made))
        self.assertEqual(self.states().count("settled"), 1)
        wait_until(lambda: self.states().count("ready") == 9, "what was held goes back")
        for call in (lambda: client.publish("orders", b"x"), lambda: client.receive("orders"), lambda: subscription.next(),
                     lambda: client.subscribe("orders")):
            with self.assertRaises(zbridge.Closed):
                call()
        client.close()

    def test_without_a_bridge_close_ends_after_its_timeout(self):
        client = zbridge.Client("tcp://127.0.0.1:1")
        made = client.submit("orders", b"1")
        with self.assertRaises(zbridge.Timeout):
            client.wait_open(0.05)
        client.close(0.1)
        with self.assertRaises(zbridge.Closed):
            made.result()

    def test_two_of_one_name(self):
        self.client.wait_open(PATIENCE_S)
        other = self.another(name="till")
        other.publish("orders", b"1")
        with self.assertRaises(zbridge.Replaced):
            self.client.publish("orders", b"2", timeout=PATIENCE_S)

    def test_not_over_a_fork(self):
        self.client.publish("orders", b"1")
        child = os.fork()
        if child == 0:
            try:
                self.client.publish("orders", b"2")
            except zbridge.Forked:
                os._exit(7)
            os._exit(1)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 7)
        self.client.publish("orders", b"3")

    def test_options_are_checked(self):
        for wrong in ({"heartbeat": 0.01}, {"name": ""}, {"max_in_flight": 0}, {"backoff_min": 0}, {"client": "x" * 201}):
            with self.assertRaises(ValueError):
                zbridge.Options(**wrong)
        for call in (lambda: self.client.receive("orders", 0), lambda: self.client.receive("orders", wait=301),
                     lambda: self.client.subscribe("orders", lease=0.5), lambda: self.client.subscribe("a b"),
                     lambda: self.client.publish_many("a b", [b"x"])):
            with self.assertRaises(ValueError):
                call()


class Asyncio(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.served = Served({"orders": True})
        self.addCleanup(self.served.__exit__)
        self.client = aio.Client(self.served.address, name="till")
        self.addAsyncCleanup(self.client.close, 2)

    def stored(self):
        with self.served.lock:
            return [each.frames for each in self.served.bridge.topics["orders"].stored]

    def states(self):
        with self.served.lock:
            return [each.state for each in self.served.bridge.topics["orders"].stored]

    async def until(self, condition, what):
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"not in time: {what}"
            await asyncio.sleep(0.01)

    async def test_publish_and_consume(self):
        await self.client.wait_open()
        receipt = await self.client.publish("orders", b"1", once=True)
        receipts = await self.client.publish_many("orders", [b"%d" % n for n in range(2, 200)])
        self.assertEqual((receipt.duplicate, receipts.stored), (False, 198))
        got = []
        async with self.client.subscribe("orders", credit=20) as deliveries:
            async for delivery in deliveries:
                with delivery:
                    got.append(delivery.body)
                if len(got) == 199:
                    break
        await self.client.flush()
        self.assertEqual(got, [b"%d" % n for n in range(1, 200)])
        self.assertEqual(self.states(), ["settled"] * 199)

    async def test_pull_and_settle(self):
        self.assertEqual(await self.client.receive("orders", wait=0.05), [])
        await (await self.client.submit("orders", b"1"))
        one, = await self.client.receive("orders", wait=PATIENCE_S)
        await one.extend(60)
        await one.ack()
        self.assertEqual(self.states(), ["settled"])

    async def test_what_comes_for_a_cancelled_receive_goes_back(self):
        task = asyncio.ensure_future(self.client.receive("orders", wait=PATIENCE_S))
        await self.until(lambda: any(each.fetches for each in self.served.bridge.connections), "it is asked")
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        await self.client.publish("orders", b"1")
        one, = await self.client.receive("orders", wait=PATIENCE_S)
        self.assertEqual(one.attempt, 1)

    async def test_handlers_in_tasks(self):
        seen = []

        async def handle(delivery):
            await asyncio.sleep(0)
            seen.append(delivery.body)
            if delivery.attempt == 1 and delivery.body == b"7":
                raise ValueError("not yet")

        task = asyncio.ensure_future(self.client.serve("orders", handle, tasks=3))
        await self.client.publish_many("orders", [b"%d" % n for n in range(50)])
        await self.until(lambda: self.states().count("settled") == 50, "all are handled")
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertEqual(len(seen), 51)

    async def test_a_bridge_that_is_killed_and_comes_again(self):
        publications, done = [], []

        async def handle(delivery):
            done.append(delivery.body)

        task = asyncio.ensure_future(self.client.serve("orders", handle))
        for n in range(300):
            if n % 100 == 50:
                await asyncio.to_thread(self.served.kill)
                await asyncio.to_thread(self.served.start)
            publications.append(await self.client.submit("orders", b"%d" % n, once=True))
        for each in publications:
            await asyncio.wait_for(_of(each), PATIENCE_S)
        await self.until(lambda: self.states().count("settled") == 300, "all are handled")
        task.cancel()
        self.assertEqual([frames[0] for frames in self.stored()], [b"%d" % n for n in range(300)])
        self.assertEqual(sorted(done), sorted(b"%d" % n for n in range(300)))

    async def test_one_loop(self):
        def elsewhere():
            with self.assertRaises(zbridge.WrongThread):
                self.client.subscribe("orders")

        await asyncio.to_thread(elsewhere)
        made = await self.client.submit("orders", b"1")
        with self.assertRaises(TypeError):
            made.result()
        await made

    async def test_full_waits_for_room(self):
        async with aio.Client(self.served.address, options=zbridge.Options(max_in_flight=1)) as client:
            self.served.does_commit = False
            await client.submit("orders", b"1")
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(client.submit("orders", b"2"), 0.05)
            self.served.does_commit = True
            await asyncio.wait_for(client.submit("orders", b"3"), PATIENCE_S)
            await client.flush()
        self.assertEqual(self.stored(), [[b"1"], [b"3"]])
        with self.assertRaises(zbridge.Closed):
            await client.publish("orders", b"4")


async def _of(pending):
    return await pending


if __name__ == "__main__":
    unittest.main()

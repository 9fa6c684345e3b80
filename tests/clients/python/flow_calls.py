"""The Python client calls services and works for them, beside plain sockets: both clients, over connections that are cut and a bridge that is
killed and one that ends in order. Each call has one answer, and with a name it has it over all of that.
"""
import asyncio
import sys
import threading
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
endpoints:
  asking: { bind: "${ASKING}" }
  working: { bind: "${WORKING}" }
services:
  shout: { clients: asking, workers: working, timeout: 10s }
  kept: { timeout: 60s, restart: resume }
"""


class Gate:
    """A handler that is held until the test lets it go on."""

    def __init__(self):
        self.began, self._go_on = threading.Semaphore(0), threading.Semaphore(0)
        self.executed = []

    def __call__(self, task):
        self.executed.append(task.body)
        self.began.release()
        check(self._go_on.acquire(timeout=PATIENCE_S), "the test goes on")
        return task.body + b"!"

    def wait(self):
        check(self.began.acquire(timeout=PATIENCE_S), "the handler has it")

    def let_go(self):
        self._go_on.release()


def plain_worker(link, address):
    replies = connected(zmq.Context(), zmq.REP, address)
    while True:
        replies.send(b"plain " + replies.recv())


def fail(task):
    raise LookupError("no such account")


def raised(kind, function, *arguments):
    try:
        function(*arguments)
    except kind as error:
        return error
    raise Broken(f"{kind.__name__} is raised")


def both_kinds(flow, bridge):
    with zbridge.Client(bridge.address("APPS")) as client:
        error = raised(zbridge.NoWorker, client.call, "shout", b"a", 0.05)
        equal(error.code, "no_worker", "nobody works")
        equal(raised(zbridge.NotFound, client.call, "whisper", b"a").code, "not_found", "no such service")
        with client.work("shout", lambda task: [b"zbp", *task.frames], credit=8, threads=2):
            asking = flow.socket(zmq.REQ, bridge.address("ASKING"))
            asking.send_multipart([b"x", b"y"])
            equal(asking.recv_multipart(), [b"zbp", b"x", b"y"], "the reply to a plain client")
            calls = [client.begin_call("shout", b"%d" % n) for n in range(200)]
            equal([each.result(PATIENCE_S)[1] for each in calls], [b"%d" % n for n in range(200)], "each has its reply")
        with client.work("shout", fail):
            error = raised(zbridge.Failed, client.call, "shout", b"a")
            equal(error.text, "LookupError: no such account", "what the caller is told")
        plain = flow.start(plain_worker, bridge.address("WORKING"))
        equal(client.call("shout", b"a"), [b"plain a"], "the reply of a plain worker")
        plain.kill()
        bridge.wait_for("it has gone", lambda _: bridge.service("shout")["workers"] == 0)


async def with_asyncio(address):
    async with aio.Client(address) as client:
        async def handler(task):
            if task.body == b"no":
                raise ValueError("no")
            return task.body * 2

        working = asyncio.ensure_future(client.work("shout", handler, credit=5))
        replies = await asyncio.gather(*(client.call("shout", b"%d" % n) for n in range(50)))
        equal(replies, [[b"%d" % n * 2] for n in range(50)], "each has its reply")
        try:
            await client.call("shout", b"no")
            raise Broken("Failed is raised")
        except zbridge.Failed as error:
            equal(error.text, "ValueError: no", "what the caller is told")
        working.cancel()
        await asyncio.wait([working], timeout=PATIENCE_S)
        check(working.cancelled(), "it ends when it is cancelled")


def over_cut_connections(link):
    """The caller's is cut, then the worker's, while the handler is at work."""
    gate = Gate()
    with zbridge.Client(link.address) as working, zbridge.Client(link.address, name="till") as client, \
            zbridge.Client(link.address) as nobody, working.work("kept", gate):
        call = client.begin_call("kept", b"a", PATIENCE_S)
        gate.wait()
        lost = nobody.begin_call("kept", b"b", PATIENCE_S)
        nobody.wait_open()
        wait_until(lambda: nobody._core.calls._open, "it has left")
        link.cut()  # all three
        raised(zbridge.CallLost, lost.result, PATIENCE_S)
        working.wait_open(PATIENCE_S)
        client.wait_open(PATIENCE_S)
        gate.let_go()
        equal(call.result(PATIENCE_S), [b"a!"], "the reply comes over the new connections")
        equal(gate.executed, [b"a"], "what was executed")


def over_a_killed_bridge(bridge):
    gate = Gate()
    address = bridge.address("APPS")
    with zbridge.Client(address) as working, zbridge.Client(address, name="till") as client, working.work("kept", gate):
        first = client.begin_call("kept", b"a", PATIENCE_S)
        gate.wait()
        second = client.begin_call("kept", b"b", PATIENCE_S)
        bridge.wait_for("it waits", lambda _: bridge.service("kept")["waiting"] == 1)
        bridge.kill()
        bridge.start()
        working.wait_open(PATIENCE_S)
        for _ in range(2):
            gate.let_go()
        equal([first.result(PATIENCE_S), second.result(PATIENCE_S)], [[b"a!"], [b"b!"]], "the replies")
        equal(gate.executed, [b"a", b"b"], "each was executed once")


def over_one_that_ends(bridge):
    gate = Gate()
    address = bridge.address("APPS")
    with zbridge.Client(address) as working, zbridge.Client(address) as client, working.work("shout", gate):
        call = client.begin_call("shout", b"a", PATIENCE_S)
        gate.wait()
        ending = threading.Thread(target=bridge.terminate)
        ending.start()
        wait_until(lambda: client._core.state == "leaving", "it has heard BYE")
        gate.let_go()
        equal(call.result(PATIENCE_S), [b"a!"], "what was accepted is finished")
        ending.join()


def main(flow):
    bridge = flow.bridge(YAML)
    both_kinds(flow, bridge)
    asyncio.run(with_asyncio(bridge.address("APPS")))
    over_cut_connections(Cutting(bridge.port("APPS")))
    over_a_killed_bridge(bridge)
    over_one_that_ends(bridge)


if __name__ == "__main__":
    run(main)

"""To whom an answer goes when the bridge was killed while its request was in work, if not to a routing id: on ipc to the
process that asked; to a REQ that correlates; to whoever asks again under the same key of `dedup`. A client that is back and
asks something else gets the answer to that, and no other.
"""
import tempfile

from harness import *

YAML = """
bridge: {}
plugins: { durable: {} }
endpoints:
  clients: { bind: ["${CLIENTS}", "ipc://IPC"] }
  workers: { bind: "${WORKERS}" }
services:
  work:
    clients: clients
    workers: workers
    timeout: 60s
    restart: resume
    dedup: { key: $.id, window: 10m }
"""


def client(link, address, settings):
    """Asks what it hears; told to reopen, it does so before it asks."""
    context = zmq.Context()
    asking = connected(context, zmq.REQ, address, RECONNECT_IVL=10, **settings)
    while True:
        request, reopen = link.hear()
        if reopen:
            asking.close()
            asking = connected(context, zmq.REQ, address, RECONNECT_IVL=10, **settings)
        asking.send_json(request)
        while not asking.poll(20):
            if link.told():
                break
        else:
            link.say(asking.recv().decode())


def worker(link, address):
    replies = connected(zmq.Context(), zmq.REP, address, RECONNECT_IVL=10)
    while True:
        request = replies.recv_json()
        link.say(request["id"])
        link.hear()
        replies.send_string(f"did {request['id']}")


class Run:
    def __init__(self, flow, bridge, working):
        self.flow, self.bridge, self.working = flow, bridge, working

    def killed_in_work(self, asking, name):
        asking.say(({"id": name}, False))
        equal(self.working.hear(), name, "the worker has")
        self.bridge.kill()
        self.bridge.start()

    def finish(self):
        self.working.say("reply")
        self.bridge.wait_for("the worker is free", lambda _: self.bridge.service()["workers_free"] == 1)


def on_ipc(run, address):
    asking = run.flow.start(client, address, {})
    run.killed_in_work(asking, "by a process")
    run.finish()
    equal(asking.hear(), "did by a process", "the answer to the process")


def that_correlates(run, address):
    asking = run.flow.start(client, address, {"REQ_CORRELATE": 1})
    another = run.flow.start(client, address, {})  # it may be offered it, and drops it
    run.killed_in_work(asking, "correlated")
    run.finish()
    equal(asking.hear(), "did correlated", "the answer to the one that correlates")
    another.say(({"id": "another"}, False))
    equal(run.working.hear(), "another", "the worker has")
    run.working.say("reply")
    equal(another.hear(), "did another", "the other one's answer")


def that_asks_again(run, address):
    asking = run.flow.start(client, address, {})
    run.killed_in_work(asking, "once more")
    run.finish()
    equal(run.bridge.service()["unresumable"], 1, "answers to nobody")
    asking.say(({"id": "once more"}, True))
    equal(asking.hear(), "did once more", "the stored reply")
    check(not run.working.has_said(), "nothing is executed a second time")


def that_asks_something_else(run, address):
    asking = run.flow.start(client, address, {"ROUTING_ID": b"me"})
    run.killed_in_work(asking, "one")
    known = run.bridge.service()["accepted"]  # of lives before
    asking.say(({"id": "two"}, True))
    run.bridge.wait_for("it has asked", lambda _: run.bridge.service()["accepted"] == known + 1)
    run.finish_one()
    equal(asking.hear(), "did two", "the answer")


def main(flow):
    with tempfile.TemporaryDirectory(prefix="zbridge-") as folder:  # a short path: a socket's name is limited
        path = f"{folder}/clients"
        bridge = flow.bridge(YAML.replace("IPC", path))
        working = flow.start(worker, bridge.address("WORKERS"))
        run = Run(flow, bridge, working)
        run.finish_one = lambda: (working.say("reply"), equal(working.hear(), "two", "the worker has, then"),
                                  working.say("reply"))
        on_ipc(run, f"ipc://{path}")
        that_correlates(run, bridge.address("CLIENTS"))
        that_asks_again(run, bridge.address("CLIENTS"))
        that_asks_something_else(run, bridge.address("CLIENTS"))


if __name__ == "__main__":
    run(main)

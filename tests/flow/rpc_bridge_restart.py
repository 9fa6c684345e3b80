"""The bridge is killed and started again while a REP worker is busy: what the worker then says is known for a reply to a
request of the bridge's earlier life, answers nobody, and the worker is given nothing new before it has said it.
"""
from harness import *

YAML = """
endpoints:
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
services:
  work: { clients: clients, workers: workers, timeout: 60s, resume_grace: 5s }
"""


def worker(link, address):
    replies = connected(zmq.Context(), zmq.REP, address, RECONNECT_IVL=20)
    while True:
        request = replies.recv()
        link.say(request)
        link.hear()
        replies.send(b"did " + request)


def main(flow):
    bridge = flow.bridge(YAML)
    busy = flow.start(worker, bridge.address("WORKERS"))
    before = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    before.send(b"the old one")
    equal(busy.hear(), b"the old one", "the worker has")
    epoch = bridge.status()["bridge"]["epoch"]

    bridge.kill()
    bridge.start()
    equal(bridge.status()["bridge"]["epoch"], epoch + 1, "the epoch")
    bridge.wait_for_peers("workers", 1)
    before.close()
    after = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    after.send(b"the new one")
    bridge.wait_for("the new request waits", lambda status: status["services"][0]["waiting"] == 1)
    worker_peer = bridge.endpoint("workers")["peers"][0]
    equal((worker_peer["held"], worker_peer["out"]), (0, 0), "what the worker holds, and was given")

    busy.say("reply to the old one")
    equal(busy.hear(), b"the new one", "the worker has, having replied")
    service = bridge.service()
    equal((service["late"], service["late_by_reason"]), (1, {"earlier_life": 1}), "late replies")
    check(not after.poll(100), "a reply of an earlier life answers nobody")
    busy.say("reply to the new one")
    equal(recv(after, "the answer"), [b"did the new one"], "the answer")
    equal(bridge.service()["answered"], 1, "answered")


if __name__ == "__main__":
    run(main)

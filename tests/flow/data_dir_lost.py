"""The bridge is killed and comes back with an empty data directory, as in a container with a new disk: what a worker then
says of a request of the life before is given to no other client.
"""
import shutil

from harness import *

YAML = """
endpoints:
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
services:
  work: { clients: clients, workers: workers, timeout: 60s }
"""


def ask(flow, bridge, request):
    """A client that waits, and the worker that has its request: with the corr that it was given."""
    worker = Raw(bridge.port("WORKERS")).greet("REP")
    bridge.wait_for("the worker is free", lambda status: status["services"][0]["workers_free"] == 1)
    client = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    client.send(request)
    corr, delimiter, body = (worker.frame()[1] for _ in range(3))
    equal((delimiter, body), (b"", request), "what the worker has")
    return client, worker, corr


def reply(corr, body):
    return frame(corr, more=True) + frame(b"", more=True) + frame(body)


def main(flow):
    bridge = flow.bridge(YAML)
    ann, busy, anns_corr = ask(flow, bridge, b"ann's balance?")
    bridge.kill()
    ann.close()
    busy.close()
    shutil.rmtree(bridge.data_dir)
    bridge.start()

    bob, worker, bobs_corr = ask(flow, bridge, b"bob's balance?")
    check(anns_corr != bobs_corr, "no request has the corr of one before")
    back = Raw(bridge.port("WORKERS")).greet("REP").send(reply(anns_corr, b"ann's"))
    bridge.wait_for("its reply is late", lambda status: status["services"][0]["late"] == 1)
    worker.send(reply(bobs_corr, b"bob's"))
    equal(recv(bob, "the answer"), [b"bob's"], "what bob gets")
    for each in worker, back:
        each.close()


if __name__ == "__main__":
    run(main)

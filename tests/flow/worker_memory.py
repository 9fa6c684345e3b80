"""Workers that begin large replies and never end them take no more than another budget: they are disconnected as stalled, and
the service goes on.
"""
import threading

from harness import *

MEMORY_MIB = 4
WORKERS = 12
YAML = f"""
bridge:
  memory: {MEMORY_MIB}MiB
endpoints:
  clients: {{ bind: "${{CLIENTS}}" }}
  workers: {{ bind: "${{WORKERS}}", limits: {{ handshake_time: 1s }} }}
services:
  work: {{ clients: clients, workers: workers, execute: at_least_once, timeout: 0, resume_grace: 0 }}
"""


def begin_a_reply(bridge):
    """Half of a frame of 16 MiB, as far as it is taken; returns once the connection is ended."""
    worker = Raw(bridge.port("WORKERS")).greet("REP")
    try:
        worker.send(struct.pack(">BQ", 2, 16 * MIB - 100) + bytes(12 * MIB))
        worker.is_ended()
    except ConnectionError:
        pass
    worker.close()


def main(flow):
    bridge = flow.bridge(YAML)
    before = bridge.rss_mib()
    hostile = [threading.Thread(target=begin_a_reply, args=(bridge,), daemon=True) for _ in range(WORKERS)]
    for each in hostile:
        each.start()
    for each in hostile:
        each.join()
    bridge.wait_for_peers("workers", 0)
    equal(bridge.endpoint("workers")["refused"].get("stalled"), WORKERS, "stalled")
    grown = bridge.peak_rss_mib() - before
    flow.figure(f"{WORKERS} workers with 12 MiB each: {grown:.0f} MiB more")
    # Twice the budget, the read that went over it, spare chunks; a sanitizer adds its own.
    check(flow.sanitized or grown < 2 * MEMORY_MIB + 28, "twice the budget bounds what workers make the bridge hold")

    client = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    worker = flow.socket(zmq.REP, bridge.address("WORKERS"))
    client.send(b"request")
    equal(recv(worker, "the request"), [b"request"], "what an honest worker gets")
    worker.send(bytes(6 * MIB))  # more than the budget
    equal(len(recv(client, "the reply")[0]), 6 * MIB, "the bytes of its reply")


if __name__ == "__main__":
    run(main)

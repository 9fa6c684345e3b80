"""A peer that stops in the middle of a large message while memory is short loses its connection, counted as stalled, and its
memory serves the others: those who only had to wait for it go on, and nothing of theirs is lost. Of peers that together
want more than there is, as many go as have to.
"""
import threading

from harness import *

MEMORY = 8 * MIB
YAML = f"""
bridge:
  memory: {MEMORY // MIB}MiB
endpoints:
  in: {{ bind: "${{IN}}", accept: push, limits: {{ max_message: 16MiB, handshake_time: 500ms }} }}
  out: {{ bind: "${{OUT}}", accept: pull }}
  clients: {{ bind: "${{CLIENTS}}" }}
  workers: {{ bind: "${{WORKERS}}" }}
routes:
  - {{ from: in, to: out }}
services:
  work: {{ clients: clients, workers: workers, timeout: 0 }}
"""


def announce(size):
    """The header of a frame of so many bytes."""
    return struct.pack(">BQ", 2, size)


def used(bridge):
    return bridge.status()["bridge"]["memory_bytes"]


def stalled(bridge):
    return bridge.endpoint("in")["refused"].get("stalled", 0)


def one_stops(flow, bridge, pull):
    dead = Raw(bridge.port("IN")).greet().send(announce(12 * MIB) + bytes(5 * MIB))
    wait_until(lambda: used(bridge) > 5 * MIB, "the half message is there")
    large = flow.socket(zmq.PUSH, bridge.address("IN"))  # finds too little room, and waits in the middle
    large.send(b"large" + bytes(5 * MIB))
    small = flow.socket(zmq.PUSH, bridge.address("IN"))
    small.send(b"small")
    client = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    worker = flow.socket(zmq.REP, bridge.address("WORKERS"))
    check(dead.is_ended(), "who stopped is disconnected")
    sizes = sorted(len(recv(pull, "what the others sent")[0]) for _ in range(2))
    equal(sizes, [5, 5 + 5 * MIB], "the small and the large message that had to wait")
    equal(stalled(bridge), 1, "stalled")
    check("stalled" in bridge.log(), "the log says why")
    client.send(b"request")
    equal(recv(worker, "the request"), [b"request"], "a client's request")
    worker.send(b"reply")
    equal(recv(client, "the reply"), [b"reply"], "its reply")
    for each in dead, large, small, client, worker:
        each.close()
    bridge.wait_for_peers("in", 0)


def two_want_too_much(bridge, pull):
    """Each in the middle of a message, no room for the rest of either: one of them has to go."""
    size, begun = 7 * MIB, 2800 * 1024
    senders = [Raw(bridge.port("IN")).greet().send(announce(size) + bytes(begun)) for _ in range(2)]
    wait_until(lambda: used(bridge) > 2 * begun, "both have begun")
    before = stalled(bridge)

    def finish(sender):
        try:
            sender.send(bytes(size - begun))
        except ConnectionError:
            pass  # the one that has to go
    rest = [threading.Thread(target=finish, args=(each,), daemon=True) for each in senders]
    for each in rest:
        each.start()
    equal(len(recv(pull, "the other's message")[0]), size, "the message of the one that stays")
    for each in rest:
        each.join()
    equal(stalled(bridge), before + 1, "stalled")
    bridge.wait_for_peers("in", 1)
    for each in senders:
        each.close()


def main(flow):
    bridge = flow.bridge(YAML)
    pull = flow.socket(zmq.PULL, bridge.address("OUT"))
    one_stops(flow, bridge, pull)
    two_want_too_much(bridge, pull)
    push = flow.socket(zmq.PUSH, bridge.address("IN"))
    push.send(b"after all that")
    equal(recv(pull, "the next message"), [b"after all that"], "what comes next")
    bridge.wait_for("the memory is free again", lambda _: used(bridge) < MEMORY / 2)


if __name__ == "__main__":
    run(main)

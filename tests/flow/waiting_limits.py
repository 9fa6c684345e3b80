"""What waits for one peer is limited by messages and by bytes, each on its own: a SUB that reads nothing loses what comes once
its limit is reached, not before; each drop is counted, and the bridge's memory stays bounded. A client that does not read
its answers is not read itself while as many of them wait as may.
"""
from harness import *

MESSAGES = 20
BYTES = 64 * 1024
SIZE = 4000
WIRE = SIZE + 9  # with its header
MORE = 2000
YAML = f"""
endpoints:
  by-messages-in: {{ bind: "${{BY_MESSAGES_IN}}", accept: push }}
  by-messages: {{ bind: "${{BY_MESSAGES}}", accept: sub, limits: {{ max_waiting_messages: {MESSAGES} }} }}
  by-bytes-in: {{ bind: "${{BY_BYTES_IN}}", accept: push }}
  by-bytes: {{ bind: "${{BY_BYTES}}", accept: sub, limits: {{ max_waiting: {BYTES}B }} }}
  clients: {{ bind: "${{CLIENTS}}", limits: {{ max_waiting_messages: {MESSAGES} }} }}
  workers: {{ bind: "${{WORKERS}}" }}
routes:
  - {{ from: by-messages-in, to: by-messages }}
  - {{ from: by-bytes-in, to: by-bytes }}
services:
  work: {{ clients: clients, workers: workers, timeout: 0 }}
"""


def is_full(peer, name):
    return peer["waiting"] == MESSAGES if name == "by-messages" else peer["waiting_bytes"] >= BYTES


def never_reads(flow, bridge, name):
    word = name.upper().replace("-", "_")
    sub = Raw(bridge.port(word), receive_buffer=4096).greet("SUB").send(frame(b"\x01"))
    bridge.wait_for("it has subscribed", lambda _: bridge.endpoint(name)["delivery"]["prefixes"] == 1)
    push = flow.socket(zmq.PUSH, bridge.address(f"{word}_IN"), SNDHWM=0)
    sent = 0

    def send(count):
        nonlocal sent
        for _ in range(count):
            push.send(b"%08d" % sent + bytes(SIZE - 8))
            sent += 1
        return wait_until(all_taken, "what was sent is taken")["peers"][0]

    def all_taken():
        endpoint = bridge.endpoint(name)
        return endpoint if endpoint["delivery"]["taken"] == sent else None

    peer = send(1)
    while not peer["waiting"]:  # the kernel's buffers
        check(sent < 5000, "they have an end")
        peer = send(10)
        equal(peer["dropped"], 0, f"{name}: dropped while the kernel takes all")
    waits_since = sent
    while not peer["dropped"]:
        was_full = is_full(peer, name)
        check(sent < 200 + waits_since, f"{name}: its limit is met")
        peer = send(1)
        check(was_full or not peer["dropped"], f"{name}: nothing is dropped before the limit: {peer}")
    first_lost = sent - 1
    flow.figure(f"{name}: the first drop is message {first_lost}, with {peer['waiting']} messages, "
                f"{peer['waiting_bytes']} bytes waiting")

    peer = send(MORE)
    delivery = bridge.endpoint(name)["delivery"]
    check(is_full(peer, name), f"{name}: as much waits as may: {peer}")
    check(peer["waiting_bytes"] < BYTES + WIRE or name == "by-messages", f"{name}: and no more: {peer}")
    check(peer["dropped"] > MORE / 2, f"{name}: the rest is dropped: {peer}")
    equal(peer["out"] + peer["dropped"], sent, f"{name}: given and dropped")
    equal((delivery["dropped_peer"], delivery["dropped_memory"]), (peer["dropped"], 0), f"{name}: in the endpoint's sum")
    used = bridge.status()["bridge"]["memory_bytes"]
    check(used < 4 * MIB, f"{name}: of {sent * SIZE / MIB:.0f} MiB sent no more is kept than has to be: {used}")

    got = [int(sub.frame()[1][:8]) for _ in range(peer["out"])]
    equal(got[:first_lost], list(range(first_lost)), f"{name}: all before the first drop has come")
    check(all(a < b for a, b in zip(got, got[1:])), f"{name}: the rest in order: {short(got)}")
    send(1)
    equal(int(sub.frame()[1][:8]), sent - 1, f"{name}: what comes when there is room again")
    sub.close()
    push.close()


def worker(link, address):
    replies = connected(zmq.Context(), zmq.REP, address)
    while True:
        replies.send(replies.recv() + bytes(SIZE - 8))


def client_that_does_not_read(flow, bridge):
    """It asks, one after another, without a look at the answers."""
    flow.start(worker, bridge.address("WORKERS"))
    client = Raw(bridge.port("CLIENTS"), receive_buffer=4096).greet("DEALER")
    asked = 0

    def ask():
        nonlocal asked
        client.send(frame(b"", more=True) + frame(b"%08d" % asked))
        asked += 1

    while bridge.endpoint("clients")["peers"][0]["waiting"] < MESSAGES:
        check(asked < 5000, "its answers wait, at last")
        ask()
        bridge.wait_for("it is answered", lambda _: bridge.service()["answered"] == asked)
    ask()  # one: more would be read together as soon as there is room for one answer
    held = bridge.endpoint("clients")["peers"][0]
    equal((held["in"], held["waiting"]), (asked - 1, MESSAGES), "requests that are read, answers that wait")
    for number in range(asked):
        equal(client.frame(), (1, b""), "an answer begins with its envelope")
        equal(client.frame()[1][:8], b"%08d" % number, "it has its own answers, in order")
    service = bridge.service()
    equal((service["answered"], service["ended"]), (asked, {}), "answered, and ended without an answer")
    flow.figure(f"clients: {asked} requests, the last one read when there was room")
    client.close()


def main(flow):
    bridge = flow.bridge(YAML)
    for name in "by-messages", "by-bytes":
        never_reads(flow, bridge, name)
    client_that_does_not_read(flow, bridge)


if __name__ == "__main__":
    run(main)

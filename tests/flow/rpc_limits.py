"""The limits of a service, each told to the client in its own words and counted by its name: a full line is `busy`, a time
without a worker is `no_worker`, too much memory in use is `busy` too. Nothing of it costs a connection, and the next request
is served as ever.
"""
from harness import *

LINE = 5
YAML = f"""
bridge:
  memory: 4MiB
endpoints:
  clients: {{ bind: "${{CLIENTS}}" }}
  workers: {{ bind: "${{WORKERS}}" }}
  hurried-clients: {{ bind: "${{HURRIED_CLIENTS}}" }}
  hurried-workers: {{ bind: "${{HURRIED_WORKERS}}" }}
  in: {{ bind: "${{IN}}", accept: push }}
  out: {{ bind: "${{OUT}}", accept: pull }}
services:
  work: {{ clients: clients, workers: workers, timeout: 60s, line: {LINE}, on_error: "{{code}}: {{reason}} ({{id}})" }}
  hurried:
    clients: hurried-clients
    workers: hurried-workers
    timeout: 300ms
    on_error: [ERROR, "{{code}}"]
routes:
  - {{ from: in, to: out }}
"""


def full_line(flow, bridge):
    client = flow.socket(zmq.DEALER, bridge.address("CLIENTS"))
    for number in range(LINE + 3):
        client.send_multipart([b"", b"%d" % number])
    ids = set()
    for _ in range(3):
        answer = recv(client, "an error")
        check(len(answer) == 2 and answer[1].startswith(b"busy: the service's line is full ("), f"it says why: {answer}")
        ids.add(answer[1])
    equal(len(ids), 3, "each of its own id")
    service = bridge.service("work")
    equal((service["waiting"], service["refused"]), (LINE, {"busy": 3}), "waiting, refused")
    worker = flow.socket(zmq.REP, bridge.address("WORKERS"))
    for number in range(LINE):
        equal(recv(worker, "a request"), [b"%d" % number], "those that wait, in order")
        worker.send(b"did %d" % number)
        equal(recv(client, "an answer"), [b"", b"did %d" % number], "their answers")
    client.send_multipart([b"", b"next"])
    equal(recv(worker, "the next request"), [b"next"], "there is room again")
    worker.send(b"did next")
    equal(recv(client, "an answer"), [b"", b"did next"], "the next answer")
    return client, worker


def nobody_works(flow, bridge):
    client = flow.socket(zmq.REQ, bridge.address("HURRIED_CLIENTS"))
    client.send(b"one")
    equal(recv(client, "the error"), [b"ERROR", b"no_worker"], "what the client is told, in the frames of the file")
    worker = flow.socket(zmq.REP, bridge.address("HURRIED_WORKERS"))
    bridge.wait_for_peers("hurried-workers", 1)
    check(not worker.poll(50), "a request whose time is over is given to nobody")
    client.send(b"two")
    equal(recv(worker, "the second request"), [b"two"], "the worker has")
    equal(recv(client, "the error"), [b"ERROR", b"timeout"], "what it is told when the worker takes too long")
    worker.send(b"late")
    client.send(b"three")
    equal(recv(worker, "the third request"), [b"three"], "the worker, having replied too late, has")
    worker.send(b"in time")
    answer = recv(client, "the answer")
    check(answer in ([b"in time"], [b"ERROR", b"timeout"]), f"the third is answered, or the machine was too slow: {answer}")
    service = bridge.service("hurried")
    equal(service["ended"]["no_worker"], 1, "ended: no_worker")
    check(service["late_by_reason"]["ended"] >= 1, "the late reply is counted")


def no_memory(flow, bridge, client, worker):
    """Another flow has used it up; who asks is told at once, and served when there is some again."""
    push = flow.socket(zmq.PUSH, bridge.address("IN"))
    push.send(bytes(3_400_000))
    bridge.wait_for("memory is short", lambda status: status["bridge"]["memory_bytes"] > 3 * MIB)
    client.send_multipart([b"", b"now"])
    answer = recv(client, "an error")
    check(answer[1].startswith(b"busy: "), f"it is told: {answer}")
    equal(bridge.service("work")["refused"]["memory"], 1, "refused: memory")
    pull = flow.socket(zmq.PULL, bridge.address("OUT"))
    recv(pull, "the large message")
    bridge.wait_for("there is memory again", lambda status: status["bridge"]["memory_bytes"] < 2 * MIB)
    client.send_multipart([b"", b"again"])
    equal(recv(worker, "the request"), [b"again"], "the worker has")
    worker.send(b"did it")
    equal(recv(client, "the answer"), [b"", b"did it"], "the answer")


def main(flow):
    bridge = flow.bridge(YAML)
    client, worker = full_line(flow, bridge)
    nobody_works(flow, bridge)
    no_memory(flow, bridge, client, worker)
    for name in "clients", "hurried-clients":
        equal(bridge.endpoint(name)["refused"], {}, f"connections of {name} that this cost")


if __name__ == "__main__":
    run(main)

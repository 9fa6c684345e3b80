"""A worker that is stopped (SIGSTOP) while it holds a request: who asked is served as the service's `execute` and `retry`
say, and what the worker says when it goes on settles that request or is counted as late. It never answers another one.
"""
from harness import *

YAML = """
endpoints:
  clients-a: { bind: "${CLIENTS_A}" }
  workers-a: { bind: "${WORKERS_A}" }
  clients-b: { bind: "${CLIENTS_B}" }
  workers-b: { bind: "${WORKERS_B}" }
  clients-c: { bind: "${CLIENTS_C}" }
  workers-c: { bind: "${WORKERS_C}" }
  clients-d: { bind: "${CLIENTS_D}" }
  workers-d: { bind: "${WORKERS_D}" }
services:
  waits: { clients: clients-a, workers: workers-a, timeout: 60s, attempt_timeout: 300ms, on_error: "ERROR {code}" }
  gives-up: { clients: clients-b, workers: workers-b, timeout: 500ms, on_error: "ERROR {code}" }
  goes-on:
    clients: clients-c
    workers: workers-c
    execute: at_least_once
    timeout: 60s
    attempt_timeout: 1s
    retry: { on: timeout, times: 5 }
  loses-patience: { clients: clients-d, workers: workers-d, timeout: 100ms, on_error: "ERROR {code}" }
"""


def worker(link, address, name):
    """Asks the test before each reply."""
    replies = connected(zmq.Context(), zmq.REP, address)
    while True:
        request = replies.recv()
        link.say(request)
        link.hear()
        replies.send(name + b" did " + request)


def stopped_with(flow, bridge, which, request):
    """A client that has asked, and a worker that holds its request and is stopped; it has been told to reply."""
    held = flow.start(worker, bridge.address(f"WORKERS_{which}"), b"first")
    bridge.wait_for_peers(f"workers-{which.lower()}", 1)
    client = flow.socket(zmq.REQ, bridge.address(f"CLIENTS_{which}"))
    client.send(request)
    equal(held.hear(), request, "the worker has")
    held.pause()
    held.say("reply")
    return client, held


def at_most_once_waits(flow, bridge):
    """Too slow, but its client still waits: the late reply is the answer, and nobody else runs it."""
    client, held = stopped_with(flow, bridge, "A", b"one")
    other = flow.start(worker, bridge.address("WORKERS_A"), b"second")
    bridge.wait_for_peers("workers-a", 2)
    another_client = flow.socket(zmq.REQ, bridge.address("CLIENTS_A"))
    another_client.send(b"two")
    equal(other.hear(), b"two", "the free worker has")
    other.say("reply")
    equal(recv(another_client, "the other's answer"), [b"second did two"], "the other client's answer")
    check(not client.poll(800), "nobody answers for a worker that holds a request under at_most_once")
    check(not other.has_said(), "its request is not given to another worker")
    held.go_on()
    equal(recv(client, "the late answer"), [b"first did one"], "the answer that came late")
    service = bridge.service("waits")
    equal((service["settled_late"], service["late"], service["retried"]), (1, 0, 0), "settled late, late, retried")


def at_most_once_gives_up(flow, bridge):
    """Its client has been told an error: the late reply is counted, and the next request has its own answer."""
    client, held = stopped_with(flow, bridge, "B", b"one")
    equal(recv(client, "the error"), [b"ERROR timeout"], "what the client was told")
    held.go_on()
    bridge.wait_for("the late reply is counted", lambda _: bridge.service("gives-up")["late"] == 1)
    client.send(b"two")
    equal(held.hear(), b"two", "the worker, free again, has")
    held.say("reply")
    equal(recv(client, "the second answer"), [b"first did two"], "the second answer")
    service = bridge.service("gives-up")
    equal((service["late_by_reason"], service["timed_out"]), ({"ended": 1}, 1), "late, timed out")


def at_least_once_goes_on(flow, bridge):
    """Another worker runs it; the first one's reply is counted and answers nobody."""
    client, held = stopped_with(flow, bridge, "C", b"one")
    other = flow.start(worker, bridge.address("WORKERS_C"), b"second")
    equal(other.hear(), b"one", "the other worker has")
    other.say("reply")
    equal(recv(client, "the answer"), [b"second did one"], "the answer")
    client.send(b"two")
    equal(other.hear(), b"two", "the worker that is not stopped has the next")
    held.go_on()
    bridge.wait_for("the late reply is counted", lambda _: bridge.service("goes-on")["late"] == 1)
    check(not client.poll(100), "the late reply answers no other request")
    other.say("reply")
    equal(recv(client, "the second answer"), [b"second did two"], "the second answer")
    service = bridge.service("goes-on")
    equal(service["answered"], 2, "answered")
    check(service["retried"] >= 1, "retried")  # twice, if the second took longer than attempt_timeout too


def never_comes_back(flow, bridge):
    """After ten times its attempt_timeout a worker that still holds a request is disconnected."""
    client, _ = stopped_with(flow, bridge, "D", b"one")
    equal(recv(client, "the error"), [b"ERROR timeout"], "what the client was told")
    equal(bridge.endpoint("workers-d")["connected"], 1, "workers: it may still reply")
    bridge.wait_for("it is disconnected", lambda _: bridge.endpoint("workers-d")["connected"] == 0)
    equal(bridge.endpoint("workers-d")["refused"], {"timeout": 1}, "and counted")


def main(flow):
    bridge = flow.bridge(YAML)
    for scene in at_most_once_waits, at_most_once_gives_up, at_least_once_goes_on, never_comes_back:
        scene(flow, bridge)


if __name__ == "__main__":
    run(main)

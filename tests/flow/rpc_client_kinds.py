"""Clients of every kind get exactly their own answers: a REQ; a REQ that may ask again before it is answered, with and without
REQ_CORRELATE; a DEALER with many requests in flight; and whole envelopes, as those of a ROUTER-DEALER proxy in between.
"""
import threading

from harness import *

YAML = """
endpoints:
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
  raw-clients: { bind: "${RAW_CLIENTS}", accept: dealer }
  raw-workers: { bind: "${RAW_WORKERS}" }
services:
  work: { clients: clients, workers: workers, timeout: 60s, on_error: "ERROR {code}" }
  raw: { clients: raw-clients, workers: raw-workers, timeout: 60s, envelope: raw }
"""


def worker(link, address, took_s):
    replies = connected(zmq.Context(), zmq.REP, address)
    link.say("here")
    while True:
        request = replies.recv_multipart()
        time.sleep(took_s)
        replies.send_multipart([b"did", *request])


def gets_nothing(client):
    """poll() alone also says yes to an answer that the REQ is about to leave out."""
    try:
        return not client.poll(50) or not client.recv_multipart(zmq.NOBLOCK)
    except zmq.Again:
        return True


def asks_again(flow, bridge, replies, correlates):
    """Three questions in a row: the first is in work when the second comes, the second still waits when the third does."""
    before = bridge.service("work")
    client = flow.socket(zmq.REQ, bridge.address("CLIENTS"), REQ_RELAXED=1, REQ_CORRELATE=int(correlates))
    client.send(b"one")
    first = recv(replies, "the first request")
    client.send(b"two")
    bridge.wait_for("the second waits", lambda _: bridge.service("work")["accepted"] == before["accepted"] + 2)
    client.send(b"three")
    bridge.wait_for("the third is there", lambda _: bridge.service("work")["accepted"] == before["accepted"] + 3)
    equal(bridge.service("work")["waiting"], 1, "requests that wait: the second is superseded")
    replies.send_multipart([b"did", *first])
    equal(recv(replies, "the next request"), [b"three"], "what is executed next")
    check(gets_nothing(client), "the answer to a question that was given up is not shown")
    replies.send_multipart([b"did", b"three"])
    equal(recv(client, "the answer"), [b"did", b"three"], "the answer is that of the last question")
    check(gets_nothing(client), "and the only one")
    client.close()
    late = bridge.service("work")["late_by_reason"].get("superseded", 0) - before["late_by_reason"].get("superseded", 0)
    # One that correlates is sent every answer, and leaves out the wrong ones itself.
    equal(late, 0 if correlates else 1, "replies that the bridge kept back")


def many_in_flight(flow, bridge, count):
    """A DEALER's requests are answered by workers of different speed: in any order, each once."""
    client = flow.socket(zmq.DEALER, bridge.address("CLIENTS"), SNDHWM=0, RCVHWM=0)
    for number in range(count):
        client.send_multipart([b"", b"request %d" % number, b"", b"x"])
    answers = [recv(client, "an answer") for _ in range(count)]
    equal(sorted(answers), sorted([b"", b"did", b"request %d" % number, b"", b"x"] for number in range(count)), "its answers")
    check(not client.poll(50), "each once")

    client.send_multipart([b"one", b"", b"body one"])  # envelopes of any length come back as they were
    client.send_multipart([b"\x00\x01", b"x" * 300, b"", b"body two"])
    equal(sorted(recv(client, "an answer") for _ in range(2)),
          [[b"\x00\x01", b"x" * 300, b"", b"did", b"body two"], [b"one", b"", b"did", b"body one"]], "with their envelopes")
    client.send_multipart([b"no empty frame", b"body"])
    equal(recv(client, "an error"), [b"ERROR no_envelope"], "what it is told where there is no envelope")
    equal(bridge.service("work")["refused"], {"no_envelope": 1}, "refused")
    client.close()


def behind_a_proxy(flow, bridge):
    """REQs at a ROUTER-DEALER proxy of their own, whose DEALER is the client."""
    front, back = flow.context.socket(zmq.ROUTER), flow.context.socket(zmq.DEALER)
    for each in front, back:
        each.set(zmq.LINGER, 0)
    port = front.bind_to_random_port("tcp://127.0.0.1")
    back.connect(bridge.address("CLIENTS"))
    ending = threading.Event()

    def pass_on():
        poller = zmq.Poller()
        poller.register(front, zmq.POLLIN)
        poller.register(back, zmq.POLLIN)
        while not ending.is_set():
            for socket_, _ in poller.poll(50):
                (back if socket_ is front else front).send_multipart(socket_.recv_multipart())
    proxy = threading.Thread(target=pass_on, daemon=True)
    proxy.start()
    kinds = [{}, {"REQ_RELAXED": 1, "REQ_CORRELATE": 1}] * 4
    clients = [flow.socket(zmq.REQ, f"tcp://127.0.0.1:{port}", **kind) for kind in kinds]
    for each in range(10):
        for number, client in enumerate(clients):
            client.send(b"%d of client %d" % (each, number))
        for number, client in enumerate(clients):
            equal(recv(client, "an answer"), [b"did", b"%d of client %d" % (each, number)], "each client's own answer")
    ending.set()
    proxy.join()
    for each in *clients, front, back:
        each.close()


def without_envelope(flow, bridge):
    """`envelope: raw`: all frames of a DEALER are body, also what looks like an envelope."""
    replies = flow.socket(zmq.REP, bridge.address("RAW_WORKERS"))
    client = flow.socket(zmq.DEALER, bridge.address("RAW_CLIENTS"))
    for request in [b"body"], [b"", b"body"], [b"a", b"", b"b"]:
        client.send_multipart(request)
        equal(recv(replies, "a request"), request, "all its frames")
        replies.send_multipart(request)
        equal(recv(client, "an answer"), request, "the answer's frames")


def main(flow):
    bridge = flow.bridge(YAML)
    replies = flow.socket(zmq.REP, bridge.address("WORKERS"))
    for correlates in True, False:
        asks_again(flow, bridge, replies, correlates)
    replies.close()
    bridge.wait_for_peers("workers", 0)
    speeds = [0, 0.001, 0.02]
    for each in [flow.start(worker, bridge.address("WORKERS"), took_s) for took_s in speeds]:
        each.hear()
    bridge.wait_for_peers("workers", len(speeds))
    many_in_flight(flow, bridge, flow.options.requests)
    behind_a_proxy(flow, bridge)
    without_envelope(flow, bridge)


if __name__ == "__main__":
    run(main, requests=500)

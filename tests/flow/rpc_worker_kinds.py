"""Workers of every kind serve one service side by side: REP, DEALER, ROUTER, and a REQ, which first says that it is ready.
Each client gets exactly its own answers, and no worker holds more than its credit.
"""
import threading

from harness import *

CLIENTS = 6
CREDIT = 3  # of a DEALER or ROUTER
YAML = f"""
bridge:
  name: counter
endpoints:
  clients: {{ bind: "${{CLIENTS}}" }}
  workers: {{ bind: "${{WORKERS}}", credit: {CREDIT} }}
services:
  work: {{ clients: clients, workers: workers, timeout: 60s }}
"""
LIMITS = {"REP": 1, "REQ": 1, "DEALER": CREDIT, "ROUTER": CREDIT}


def reply_to(kind, frames):
    """What a worker of this kind sends back for what it has received: who asked stands before the empty frame."""
    head, body = frames[:frames.index(b"")], frames[frames.index(b"") + 1:]
    return [*head, b"", kind.encode() + b" did", *body]


def worker(link, address, kind):
    """Goes to work when told."""
    socket_ = connected(zmq.Context(), getattr(zmq, kind), address)
    link.hear()
    if kind == "REQ":
        socket_.send(b"READY")
    while True:
        frames = socket_.recv_multipart()
        if kind == "ROUTER":
            check(frames[0] == b"counter", f"a ROUTER knows the bridge by its name: {frames}")
        time.sleep(0.002)  # its work
        if kind == "REP":
            socket_.send_multipart([b"REP did", *frames])
        else:
            socket_.send_multipart(reply_to(kind, frames))


def ask(flow, bridge, number, requests, troubles):
    """One at a time, each of them different."""
    client = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    for each in range(requests):
        mine = [b"%d of client %d" % (each, number), b"", b"the last frame"]
        client.send_multipart(mine)
        answer = recv(client, "an answer")
        if answer[1:] != mine or not answer[0].endswith(b" did"):
            troubles.append(f"{mine} was answered by {answer}")
    client.close()


def ready_first(flow, bridge):
    """A REQ that has not said it is ready is given nothing."""
    req = flow.start(worker, bridge.address("WORKERS"), "REQ")
    bridge.wait_for_peers("workers", 1)
    client = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    client.send(b"hello")
    bridge.wait_for("the request waits", lambda _: bridge.service()["waiting"] == 1)
    equal(bridge.endpoint("workers")["peers"][0]["out"], 0, "what it was given")
    req.say("to work")
    equal(recv(client, "the answer"), [b"REQ did", b"hello"], "the answer")
    client.close()


def main(flow):
    bridge = flow.bridge(YAML)
    ready_first(flow, bridge)
    for kind in "REP", "DEALER", "ROUTER":
        flow.start(worker, bridge.address("WORKERS"), kind).say("to work")
    bridge.wait_for_peers("workers", len(LIMITS))

    troubles = []
    requests = flow.options.requests
    threads = [threading.Thread(target=ask, args=(flow, bridge, number, requests, troubles)) for number in range(CLIENTS)]
    for each in threads:
        each.start()
    held_most = dict.fromkeys(LIMITS, 0)
    while any(each.is_alive() for each in threads):
        for peer in bridge.endpoint("workers")["peers"]:
            held_most[peer["type"]] = max(held_most[peer["type"]], peer["held"])
    equal(troubles, [], "answers to something else")
    check(all(held_most[kind] <= LIMITS[kind] for kind in LIMITS), f"none holds more than its credit: {held_most}")
    peers = bridge.endpoint("workers")["peers"]
    equal({peer["type"]: peer["credit"] for peer in peers}, LIMITS, "credits")
    total = CLIENTS * requests + 1
    service = bridge.service()
    equal((service["answered"], service["late"], service["refused"]), (total, 0, {}), "answered, late, refused")
    done = {peer["type"]: peer["answered"] for peer in peers}
    equal(sum(done.values()), total, "executions")
    check(all(each > 1 for each in done.values()), f"each worked: {done}")
    flow.figure(f"done: {done}; held at most: {held_most}")


if __name__ == "__main__":
    run(main, requests=100)

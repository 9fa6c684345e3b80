"""SIGTERM while requests wait and a worker is at work: those that were accepted are answered, what comes meanwhile is told
`shutting_down`, nobody new can connect, and the bridge leaves with status 0. What no worker finishes within `drain_timeout`
is lost, and the log says how much.
"""
from harness import *

YAML = """
bridge:
  drain_timeout: DRAIN
endpoints:
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
services:
  work: { clients: clients, workers: workers, timeout: 60s, on_error: "ERROR {code}" }
"""


def begin(flow, drain):
    """Three requests, the first of which a worker has, and a bridge that is ending."""
    bridge = flow.bridge(YAML.replace("DRAIN", drain))
    worker = flow.socket(zmq.REP, bridge.address("WORKERS"))
    clients = [flow.socket(zmq.REQ, bridge.address("CLIENTS")) for _ in range(3)]
    bridge.wait_for_peers("workers", 1)
    for number, client in enumerate(clients):
        client.send(b"request %d" % number)
        bridge.wait_for("it is accepted", lambda _, number=number: bridge.service()["accepted"] == number + 1)
    equal(recv(worker, "the first request"), [b"request 0"], "the worker has")
    late = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    bridge.wait_for_peers("clients", 4)
    bridge.process.terminate()
    wait_until(lambda: "ending" in bridge.log(), "it has begun to end")
    return bridge, worker, clients, late


def answers_what_it_has(flow):
    bridge, worker, clients, late = begin(flow, "60s")
    bridge.wait_for("it says so", lambda status: status["bridge"]["state"] == "draining")
    late.send(b"too late")
    equal(recv(late, "what the late one is told"), [b"ERROR shutting_down"], "what the late one is told")
    with socket.socket() as newcomer:
        check(newcomer.connect_ex(("127.0.0.1", bridge.port("CLIENTS"))) != 0, "nobody new can connect")
    check(bridge.process.poll() is None, "it waits for the worker")
    worker.send(b"reply 0")
    for number in 1, 2:
        equal(recv(worker, "the next request"), [b"request %d" % number], "the worker has")
        worker.send(b"reply %d" % number)
    for number, client in enumerate(clients):
        equal(recv(client, "an answer"), [b"reply %d" % number], "each has its answer")
    equal(bridge.process.wait(PATIENCE_S), 0, "the exit status")
    check("lost" not in bridge.log(), "nothing is lost")


def gives_up(flow):
    bridge, _, clients, _ = begin(flow, "500ms")
    equal(bridge.process.wait(PATIENCE_S), 0, "the exit status")
    check("lost" in bridge.log() and "messages=3" in bridge.log(), f"the log says how many are lost:\n{bridge.log()}")
    check(not any(client.poll(0) for client in clients), "who was not answered gets nothing")


def last_end(bridge):
    """What the newest life said of the one before it."""
    return re.findall(r"last_end=(\w+)", bridge.log())[-1]


def marks_its_end(flow):
    """An end is clean if nothing was lost and no worker was busy; a start that fails changes nothing of that."""
    bridge, worker, clients, _ = begin(flow, "500ms")
    equal(bridge.process.wait(PATIENCE_S), 0, "the exit status")
    bridge.start()
    equal(last_end(bridge), "unclean", "an end with a busy worker")
    bridge.process.terminate()
    equal(bridge.process.wait(PATIENCE_S), 0, "the exit status")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", bridge.port("CLIENTS")))
        taken.listen()
        check(bridge.command("run", bridge.file).returncode != 0, "it cannot start while its port is taken")
    bridge.start()
    equal(last_end(bridge), "clean", "an end without requests, and a start that failed")


def sends_receipts(flow):
    """A DEALER that reads its receipts late has one for each message that the bridge took, to the last."""
    bridge = flow.bridge("""
bridge:
  drain_timeout: 60s
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}", accept: pull }
routes:
  - { from: in, to: out }
""")
    pull = flow.socket(zmq.PULL, bridge.address("OUT"), RCVHWM=0)
    dealer = flow.socket(zmq.DEALER, bridge.address("IN"), SNDHWM=0, RCVHWM=1, RCVBUF=4096)
    for number in range(300_000):
        dealer.send_multipart([b"%0100d" % number, b"", b"%d" % number])
    seen = [0, 0]

    def stands_still():
        seen[:] = seen[1:] + [bridge.endpoint("in")["peers"][0]["in"]]
        return seen[0] == seen[1] > 0

    wait_until(stands_still, "it is not read any more, for it does not read")
    bridge.process.terminate()
    wait_until(lambda: "ending" in bridge.log(), "it has begun to end")
    receipts = 0
    while bridge.process.poll() is None or dealer.poll(500):
        if dealer.poll(50):
            dealer.recv_multipart()
            receipts += 1
    taken = 0
    while pull.poll(500):
        pull.recv_multipart()
        taken += 1
    equal(receipts, taken, "receipts, of the messages that were taken")


def main(flow):
    answers_what_it_has(flow)
    gives_up(flow)
    marks_its_end(flow)
    sends_receipts(flow)


if __name__ == "__main__":
    run(main)

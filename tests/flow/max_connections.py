"""`bridge.max_connections`: the connection above it is closed at once and counted as too_many_peers at the endpoint where it
came, wherever the others are. Those who are there are served as ever, `zbridge status` still answers, and a place that
becomes free is usable again.
"""
from harness import *

LIMIT = 6
YAML = f"""
bridge:
  max_connections: {LIMIT}
endpoints:
  in: {{ bind: "${{IN}}", accept: push }}
  out: {{ bind: "${{OUT}}", accept: pull }}
  clients: {{ bind: "${{CLIENTS}}" }}
  workers: {{ bind: "${{WORKERS}}" }}
routes:
  - {{ from: in, to: out }}
services:
  work: {{ clients: clients, workers: workers, timeout: 0 }}
"""


def connections(bridge):
    return bridge.status()["bridge"]["connections"]


def refused(bridge, endpoint):
    return bridge.endpoint(endpoint)["refused"].get("too_many_peers", 0)


def main(flow):
    bridge = flow.bridge(YAML)
    push = flow.socket(zmq.PUSH, bridge.address("IN"))
    pull = flow.socket(zmq.PULL, bridge.address("OUT"))
    client = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    worker = flow.socket(zmq.REP, bridge.address("WORKERS"))
    others = [Raw(bridge.port("IN")).greet(), Raw(bridge.port("CLIENTS"))]  # the last one never shakes hands: it counts
    wait_until(lambda: connections(bridge) == LIMIT, "all places are taken")
    equal(bridge.status()["bridge"]["connections_max"], LIMIT, "the limit, in the status")

    for name in "in", "out", "clients", "workers":
        over = Raw(bridge.port(name.upper()))
        check(over.is_ended(), f"one more at {name} is closed")
        over.close()
        equal(refused(bridge, name), 1, f"too_many_peers at {name}")
    equal(connections(bridge), LIMIT, "connections")
    check("too_many_peers" in bridge.log(), "the log tells of it")

    waits = flow.socket(zmq.PUSH, bridge.address("IN"), RECONNECT_IVL=20)
    waits.send(b"from one who waited")
    wait_until(lambda: refused(bridge, "in") >= 4, "one that tries again is refused again")
    push.send(b"as ever")
    equal(recv(pull, "a message"), [b"as ever"], "what those who are there send")
    client.send(b"request")
    equal(recv(worker, "a request"), [b"request"], "their request")
    worker.send(b"reply")
    equal(recv(client, "a reply"), [b"reply"], "their reply")

    others.pop(0).close()
    equal(recv(pull, "a message of the one who waited"), [b"from one who waited"], "who takes the place that became free")
    equal(connections(bridge), LIMIT, "connections")
    for each in others:
        each.close()


if __name__ == "__main__":
    run(main)

"""Sockets that applications have bound: the bridge connects to them, as producer, consumer, publisher and worker, waits for
those that are not there yet, and connects again when they come back.
"""
import subprocess

from harness import *

YAML = """
endpoints:
  orders-in: { connect: "${PUSH_AT}", socket: pull }
  archive: { connect: "${PULL_AT}", socket: push }
  feed: { connect: "${PUB_AT}", socket: sub }
  screens: { bind: "${SCREENS}", accept: sub }
  clients: { bind: "${CLIENTS}" }
  workers: { connect: "${REP_AT}", socket: dealer }
routes:
  - { from: orders-in, to: archive }
  - { from: feed, to: screens }
services:
  work: { clients: clients, workers: workers, timeout: 60s }
"""
STUCK = """
endpoints:
  clients: { bind: "${CLIENTS}" }
  workers: { connect: "${REP_AT}", socket: dealer }
services:
  work: { clients: clients, workers: workers, timeout: 100ms, on_error: "{code}" }
"""


def bound(flow, kind, address):
    made = flow.context.socket(kind)
    made.set(zmq.LINGER, 0)
    made.set(zmq.SNDTIMEO, PATIENCE_S * 1000)
    wait_until(lambda: try_bind(made, address), f"{address} can be bound")
    return made


def try_bind(made, address):
    try:
        made.bind(address)
        return True
    except zmq.ZMQError as error:  # its last owner may not have let go yet
        check(error.errno == zmq.EADDRINUSE, f"bind: {error}")
        return False


def play(flow, bridge, sub, client, life):
    push = bound(flow, zmq.PUSH, bridge.address("PUSH_AT"))
    pull = bound(flow, zmq.PULL, bridge.address("PULL_AT"))
    pub = bound(flow, zmq.PUB, bridge.address("PUB_AT"))
    rep = bound(flow, zmq.REP, bridge.address("REP_AT"))
    numbers = [b"%d of life %d" % (number, life) for number in range(1000)]
    for each in numbers:
        push.send_multipart([each, b"", b"frame"])
    for each in numbers:
        equal(recv(pull, "an order at the archive"), [each, b"", b"frame"], "the order")

    post = b"post of life %d" % life
    says = lambda: (pub.send(post), sub.poll(20))[1]  # a PUB drops until somebody has subscribed
    wait_until(says, "what is published arrives")
    while sub.poll(50):
        equal(sub.recv_multipart(), [post], "the post")

    client.send(b"request of life %d" % life)
    equal(recv(rep, "a request"), [b"request of life %d" % life], "the request")
    rep.send(b"reply %d" % life)
    equal(recv(client, "a reply"), [b"reply %d" % life], "the reply")
    peers = {name: bridge.endpoint(name)["peers"] for name in ("orders-in", "archive", "feed", "workers")}
    check(all(len(each) == 1 for each in peers.values()), f"each is a peer: {peers}")
    for each in push, pull, pub, rep:
        each.close()
    for name in peers:
        bridge.wait_for_peers(name, 0)


def play_stuck_worker(flow):
    """A worker that does not reply is disconnected in the end, connected again, and given work again."""
    bridge = flow.bridge(STUCK)
    rep = bound(flow, zmq.REP, bridge.address("REP_AT"))
    bridge.wait_for_peers("workers", 1)
    client = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    client.send(b"never answered")
    equal(recv(rep, "a request"), [b"never answered"], "the request")
    equal(recv(client, "an error"), [b"timeout"], "the error")
    first = bridge.endpoint("workers")["peers"][0]["id"]
    bridge.wait_for("the stuck worker was connected again", lambda status: [
        each for each in bridge.endpoint("workers")["peers"] if each["id"] != first])
    rep.send(b"to nobody")
    client.send(b"another")
    equal(recv(rep, "another request"), [b"another"], "the next request")
    rep.send(b"reply")
    equal(recv(client, "the reply"), [b"reply"], "the next reply")


PARTING = """
endpoints:
  orders-in: { connect: "${PUSH_AT}", socket: pull }
  orders: { bind: "${ORDERS}", accept: pull }
routes:
  - { from: orders-in, to: orders }
"""


def play_parting(flow):
    """All that a PUSH has sent arrives, however soon after it closes."""
    bridge = flow.bridge(PARTING)
    pull = flow.socket(zmq.PULL, bridge.address("ORDERS"), RCVHWM=0)
    for life in range(20):
        push = bound(flow, zmq.PUSH, bridge.address("PUSH_AT"))
        push.set(zmq.LINGER, PATIENCE_S * 1000)
        numbers = [b"%d of life %d" % (number, life) for number in range(1000)]
        for each in numbers:
            push.send(each)
        push.close()
        for each in numbers:
            equal(recv(pull, "an order of one who has gone"), [each], "the order")
    bridge.wait_for_peers("orders-in", 0)


STOP = """
endpoints:
  orders-in: { connect: "${PUSH_AT}", socket: pull }
  archive: { connect: "${PULL_AT}", socket: push }
routes:
  - { from: orders-in, to: archive }
"""


def play_stop(flow):
    """A planned stop loses nothing of what applications had sent, and waits for those who take it slowly."""
    bridge = flow.bridge(STOP)
    push = bound(flow, zmq.PUSH, bridge.address("PUSH_AT"))
    pull = flow.socket(zmq.PULL, RCVHWM=10, RCVBUF=8192)
    wait_until(lambda: try_bind(pull, bridge.address("PULL_AT")), "the archive can be bound")
    numbers = [b"%d " % number + bytes(200_000) for number in range(60)]  # more than the system's buffers hold
    for each in numbers:
        push.send(each)
    bridge.wait_for("libzmq has all", lambda status: any(
        (each.get("delivery") or {}).get("to_pulls") == len(numbers) for each in status["endpoints"]))
    bridge.process.terminate()
    try:
        bridge.process.wait(1)
    except subprocess.TimeoutExpired:
        pass
    for each in numbers:
        equal(recv(pull, "an order of before the stop"), [each], "the order")
    equal(bridge.process.wait(PATIENCE_S), 0, "the exit status")
    check("nobody took" not in bridge.log(), "nothing is told as lost")
    push.close()
    bridge.start()
    bridge.wait_for_peers("archive", 1)
    push = bound(flow, zmq.PUSH, bridge.address("PUSH_AT"))
    push.send(b"one")
    equal(recv(pull, "an order"), [b"one"], "the order")
    pull.close()
    bridge.wait_for_peers("archive", 0)
    push.send(b"for nobody")
    bridge.wait_for("it waits", lambda status: any(
        (each.get("delivery") or {}).get("line") for each in status["endpoints"]))
    bridge.process.terminate()
    equal(bridge.process.wait(PATIENCE_S), 0, "the exit status")
    check("messages=1" in bridge.log(), "what nobody took is told")


def main(flow):
    play_parting(flow)
    play_stop(flow)
    play_stuck_worker(flow)
    bridge = flow.bridge(YAML)  # nobody is there to connect to
    sub = flow.socket(zmq.SUB, bridge.address("SCREENS"), SUBSCRIBE=b"")
    client = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    for life in 1, 2, 3:
        play(flow, bridge, sub, client, life)
    check(not sub.poll(0), "nothing comes twice")


if __name__ == "__main__":
    run(main)

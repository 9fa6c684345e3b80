"""Two connections with one routing id: the newest wins if it comes from the same address; the old one is closed and counted as
replaced. So a client that gave up waiting and opened itself anew is served at once, and gets its answer. From another
address the newcomer is refused: identity_taken.
"""
from harness import *

YAML = """
endpoints:
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
  in: { bind: "${IN}", accept: push }
  out: { bind: "${OUT}", accept: pull }
services:
  work: { clients: clients, workers: workers, timeout: 60s }
routes:
  - { from: in, to: out }
"""
STAYS_AWAY = {"RECONNECT_IVL": -1}  # libzmq would connect again, and replace in its turn


def refused(bridge, reason, endpoint="clients"):
    return bridge.endpoint(endpoint)["refused"].get(reason, 0)


def newest_wins(flow, bridge, worker):
    """Two REQs: the new one asks something else, and the answer to the old one's question is not for it."""
    old = flow.socket(zmq.REQ, bridge.address("CLIENTS"), IDENTITY=b"till 7", **STAYS_AWAY)
    old.send(b"old question")
    request = recv(worker, "the old one's request")
    new = flow.socket(zmq.REQ, bridge.address("CLIENTS"), IDENTITY=b"till 7", **STAYS_AWAY)
    new.send(b"new question")
    bridge.wait_for("the old one is replaced", lambda _: refused(bridge, "replaced") == 1)
    bridge.wait_for_peers("clients", 1)
    bridge.wait_for("the new question waits", lambda _: bridge.service()["waiting"] == 1)
    worker.send_multipart(request)
    worker.send_multipart(recv(worker, "the new one's request"))
    equal(recv(new, "the new one's answer"), [b"new question"], "the new one's answer")
    check(not old.poll(50), "the old one gets nothing any more")
    equal(bridge.service()["late_by_reason"], {"superseded": 1}, "replies that nobody waited for")
    old.close()
    new.close()
    bridge.wait_for_peers("clients", 0)


def answers_follow_a_dealer(flow, bridge, worker):
    """What a DEALER's old connection had asked is answered on its new one."""
    old = flow.socket(zmq.DEALER, bridge.address("CLIENTS"), IDENTITY=b"desk", **STAYS_AWAY)
    for number in range(3):
        old.send_multipart([b"", b"%d" % number])
    first = recv(worker, "its first request")
    bridge.wait_for("the others wait", lambda _: bridge.service()["waiting"] == 2)
    new = flow.socket(zmq.DEALER, bridge.address("CLIENTS"), IDENTITY=b"desk", **STAYS_AWAY)
    new.send_multipart([b"", b"3"])
    bridge.wait_for("it asks too", lambda _: bridge.service()["waiting"] == 3)
    worker.send_multipart(first)
    for _ in range(3):
        worker.send_multipart(recv(worker, "the others"))
    equal([recv(new, "an answer") for _ in range(4)], [[b"", b"%d" % number] for number in range(4)], "the new one's answers")
    check(not old.poll(50), "the old one gets none")
    old.close()
    new.close()
    bridge.wait_for_peers("clients", 0)


def lazy_pirate(flow, bridge, worker):
    """It times out twice, opens itself anew with its routing id and asks again, while its old connection hangs."""
    hung = [Raw(bridge.port("CLIENTS")).greet("REQ", identity=b"pirate").send(frame(b"", more=True) + frame(b"try 1"))]
    first = recv(worker, "the first try")
    hung.append(Raw(bridge.port("CLIENTS")).greet("REQ", identity=b"pirate").send(frame(b"", more=True) + frame(b"try 2")))
    check(hung[0].is_ended(), "the connection of the first try is closed")
    last = flow.socket(zmq.REQ, bridge.address("CLIENTS"), IDENTITY=b"pirate")
    last.send(b"try 3")
    check(hung[1].is_ended(), "that of the second as well")
    bridge.wait_for("only the last try waits", lambda _: bridge.service()["waiting"] == 1 and
                    bridge.service()["ended"].get("superseded", 0) >= 2)
    worker.send_multipart(first)
    worker.send_multipart(recv(worker, "the last try"))
    equal(recv(last, "its answer"), [b"try 3"], "the answer is that of the last try")
    check(not last.poll(50), "and the only one")
    for each in *hung, last:
        each.close()
    bridge.wait_for_peers("clients", 0)


def waits_in_silence(bridge, worker):
    """A REQ whose connection broke comes back, and says nothing: it still waits, and gets its answer."""
    broken = Raw(bridge.port("CLIENTS")).greet("REQ", identity=b"patient").send(frame(b"", more=True) + frame(b"question"))
    request = recv(worker, "its request")
    broken.close()
    bridge.wait_for_peers("clients", 0)
    worker.send_multipart(request)
    bridge.wait_for("the reply is there", lambda _: bridge.service()["in_work"] == 0)
    back = Raw(bridge.port("CLIENTS")).greet("REQ", identity=b"patient")
    equal([back.frame(), back.frame()], [(1, b""), (0, b"question")], "its answer, on the new connection")
    back.close()
    bridge.wait_for_peers("clients", 0)


def of_another_address(bridge, worker):
    owner = Raw(bridge.port("CLIENTS")).greet("DEALER", identity=b"mine")
    thief = Raw(bridge.port("CLIENTS"), source="127.0.0.2").send(greeting() + ready("DEALER", b"mine"))
    check(thief.is_ended(), "a newcomer from another address is refused")
    equal(refused(bridge, "identity_taken"), 1, "identity_taken")
    owner.send(frame(b"", more=True) + frame(b"question"))
    worker.send_multipart(recv(worker, "the owner's request"))
    equal([owner.frame(), owner.frame()], [(1, b""), (0, b"question")], "the owner is served")
    owner.close()
    bridge.wait_for_peers("clients", 0)
    late = Raw(bridge.port("CLIENTS"), source="127.0.0.2").greet("DEALER", identity=b"mine")
    bridge.wait_for_peers("clients", 1)  # nobody has it now
    late.close()


def a_workers_too(bridge, worker, client):
    """A DEALER worker that opens itself anew loses its old connection as well, and works on."""
    old = Raw(bridge.port("WORKERS")).greet("DEALER", identity=b"w")
    bridge.wait_for_peers("workers", 2)
    new = Raw(bridge.port("WORKERS")).greet("DEALER", identity=b"w")
    check(old.is_ended(), "the old connection is closed")
    equal(refused(bridge, "replaced", "workers"), 1, "replaced")
    worker.close()
    bridge.wait_for_peers("workers", 1)
    client.send(b"request")
    corr, empty, body = new.frame(), new.frame(), new.frame()
    equal((empty, body), ((1, b""), (0, b"request")), "what the new one is given")
    new.send(frame(corr[1], more=True) + frame(b"", more=True) + frame(b"reply"))
    equal(recv(client, "the reply"), [b"reply"], "its reply")
    new.close()


def means_nothing_to_others(flow, bridge):
    """Sockets that cannot be addressed may all have the same one."""
    pulls = [flow.socket(zmq.PULL, bridge.address("OUT"), IDENTITY=b"same") for _ in range(3)]
    pushes = [flow.socket(zmq.PUSH, bridge.address("IN"), IDENTITY=b"same") for _ in range(3)]
    for name in "in", "out":
        bridge.wait_for_peers(name, 3)
        equal(bridge.endpoint(name)["refused"], {}, f"refusals at {name}")
    for number, each in enumerate(pushes):
        each.send(b"%d" % number)
    got = []
    wait_until(lambda: got.extend(each.recv() for each in pulls if each.poll(0)) or len(got) == 3, "the messages of all arrive")
    equal(sorted(got), [b"0", b"1", b"2"], "what arrived")


def main(flow):
    bridge = flow.bridge(YAML)
    worker = flow.socket(zmq.DEALER, bridge.address("WORKERS"))
    bridge.wait_for_peers("workers", 1)
    newest_wins(flow, bridge, worker)
    answers_follow_a_dealer(flow, bridge, worker)
    lazy_pirate(flow, bridge, worker)
    waits_in_silence(bridge, worker)
    of_another_address(bridge, worker)
    a_workers_too(bridge, worker, flow.socket(zmq.REQ, bridge.address("CLIENTS")))
    means_nothing_to_others(flow, bridge)


if __name__ == "__main__":
    run(main)

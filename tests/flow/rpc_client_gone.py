"""A client that dies while its request waits: no worker gets it. One that dies later: its reply is counted as
undeliverable. Clients that time out, reopen and send again, under a key of `dedup`: one execution, one answer.
"""
from harness import *

YAML = """
endpoints:
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
  pirates: { bind: "${PIRATES}" }
  pirate-workers: { bind: "${PIRATE_WORKERS}" }
services:
  work: { clients: clients, workers: workers, timeout: 60s }
  paid-once:
    clients: pirates
    workers: pirate-workers
    timeout: 60s
    dedup: { key: $.id, window: 10m }
"""


def client(link, address, request):
    asking = connected(zmq.Context(), zmq.REQ, address)
    asking.send(request)
    link.say("asked")
    link.say(asking.recv())


def worker(link, address):
    replies = connected(zmq.Context(), zmq.REP, address)
    while True:
        request = replies.recv()
        link.say(request)
        link.hear()
        replies.send(b"did " + request)


def dies_while_it_waits(flow, bridge):
    doomed = flow.start(client, bridge.address("CLIENTS"), b"of the dead")
    bridge.wait_for("the request waits", lambda _: bridge.service("work")["waiting"] == 1)
    doomed.kill()
    bridge.wait_for("it is taken out of the line", lambda _: bridge.service("work")["ended"].get("client_gone") == 1)
    equal(bridge.service("work")["waiting"], 0, "requests that wait")

    working = flow.start(worker, bridge.address("WORKERS"))
    living = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    living.send(b"of the living")
    equal(working.hear(), b"of the living", "what the worker gets first")
    working.say("reply")
    equal(recv(living, "the answer"), [b"did of the living"], "the answer")
    living.close()
    return working


def dies_later(flow, bridge, working):
    doomed = flow.start(client, bridge.address("CLIENTS"), b"of one who leaves")
    equal(working.hear(), b"of one who leaves", "the worker has")
    doomed.kill()
    bridge.wait_for_peers("clients", 0)
    working.say("reply")
    bridge.wait_for("its reply is counted",
                    lambda _: bridge.service("work")["late_by_reason"].get("undeliverable") == 1)
    equal(bridge.service("work")["in_work"], 0, "requests in work")


def lazy_pirates(flow, bridge):
    """Each asks with its key until it is answered, on a new socket each time; a worker's first reply takes longer."""
    working = flow.start(worker, bridge.address("PIRATE_WORKERS"))
    keys = [f"transfer {number}" for number in range(20)]
    asking = {}
    for key in keys:  # the first try; nobody is answered in time
        asking[key] = flow.socket(zmq.REQ, bridge.address("PIRATES"))
        asking[key].send_json({"id": key})
    bridge.wait_for("the first tries are there", lambda _: bridge.service("paid-once")["accepted"] == len(keys))
    done = [working.hear()]
    for _ in range(2):  # two more tries: while one is in work and the others wait
        before = bridge.service("paid-once")["accepted"]
        for key in keys:
            again = flow.socket(zmq.REQ, bridge.address("PIRATES"))
            again.send_json({"id": key})
            asking[key].close()
            asking[key] = again
        bridge.wait_for("the next tries are there",
                        lambda _, before=before: bridge.service("paid-once")["accepted"] == before + len(keys))
    working.say("reply")
    while len(done) < len(keys):
        done.append(working.hear())
        working.say("reply")
    for key in keys:
        answer = recv(asking[key], f"the answer to {key}")
        check(key.encode() in answer[0], f"{key} has its own answer: {answer}")
    equal(sorted(json.loads(each)["id"] for each in done), sorted(keys), "what was executed, once each")

    once_more = flow.socket(zmq.REQ, bridge.address("PIRATES"))  # when all is over: the stored reply
    once_more.send_json({"id": keys[0]})
    check(keys[0].encode() in recv(once_more, "the stored reply")[0], "a repeat after the end gets the stored reply")
    check(not working.has_said(), "nothing is executed a second time")
    check(not any(each.poll(0) for each in asking.values()), "nobody is answered twice")


def main(flow):
    bridge = flow.bridge(YAML)
    working = dies_while_it_waits(flow, bridge)
    dies_later(flow, bridge, working)
    lazy_pirates(flow, bridge)


if __name__ == "__main__":
    run(main)

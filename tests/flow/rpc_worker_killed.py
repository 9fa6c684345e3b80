"""1,000 requests wait for two REP workers, and one is killed after 100 replies.

at_least_once: each client gets exactly its own reply. at_most_once: no request runs twice, and at most one client is
told an error instead. (A proxy of ROUTER and DEALER sockets loses half of them.)
"""
from harness import *

CLIENTS = 1000
YAML = """
endpoints:
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
services:
  work:
    clients: clients
    workers: workers
    execute: EXECUTE
    timeout: TIMEOUT
    resume_grace: 200ms
    on_error: "ERROR {code}"
"""


def worker(link, address, name, dies_after, journal):
    """Answers with its name and the request, once told to; writes down what it runs. After `dies_after` replies it
    takes one more request, says so, and never answers."""
    replies = connected(zmq.Context(), zmq.REP, address)
    done = 0
    link.hear()
    with open(journal, "ab", buffering=0) as written:
        while True:
            request = replies.recv()
            written.write(request + b"\n")
            if done == dies_after:
                link.say(request)
                signal.pause()
            replies.send(name + b" did " + request)
            done += 1


def play(flow, execute, timeout):
    bridge = flow.bridge(YAML.replace("EXECUTE", execute).replace("TIMEOUT", timeout))
    clients = [flow.socket(zmq.REQ, bridge.address("CLIENTS")) for _ in range(CLIENTS)]
    for number, client in enumerate(clients):
        client.send(b"request %d" % number)
    bridge.wait_for("all requests wait", lambda status: status["services"][0]["waiting"] == CLIENTS)

    journal = flow.tmp / f"{execute}.journal"
    doomed = flow.start(worker, bridge.address("WORKERS"), b"the doomed", 100, journal)
    other = flow.start(worker, bridge.address("WORKERS"), b"the other", None, journal)
    bridge.wait_for_peers("workers", 2)  # each holds its first request
    doomed.say("work")
    other.say("work")
    in_its_hands = doomed.hear()
    doomed.kill()

    errors, who = [], set()
    for number, client in enumerate(clients):
        reply = recv(client, f"the answer to request {number}")
        mine = b"request %d" % number
        if len(reply) == 1 and reply[0].startswith(b"ERROR"):
            errors.append((mine, reply[0]))
        else:
            check(len(reply) == 1 and reply[0].endswith(b" did " + mine), f"client {number} has its own reply: {reply}")
            who.add(reply[0].split(b" did ")[0])
    check(not any(client.poll(0) for client in clients), "nobody is answered twice")
    check(b"the doomed" in who and b"the other" in who, "both worked")
    ran = journal.read_bytes().splitlines()
    equal(set(ran), {b"request %d" % number for number in range(CLIENTS)}, f"{execute}: what ran")
    for client in clients:
        client.close()
    return bridge, ran, errors, in_its_hands


def main(flow):
    bridge, ran, errors, _ = play(flow, "at_least_once", "120s")
    equal(errors, [], "at_least_once: clients that got an error")
    equal(len(ran), CLIENTS + 1, "at_least_once: executions, of which one ended with its worker")
    equal(bridge.service()["answered"], CLIENTS, "answered")
    equal(bridge.service()["retried"], 1, "retried")

    bridge, ran, errors, in_its_hands = play(flow, "at_most_once", "15s")
    equal(len(ran), CLIENTS, "at_most_once: executions")
    equal([request for request, _ in errors], [in_its_hands], "at_most_once: whose client got an error")
    check(errors[0][1] in (b"ERROR worker_lost", b"ERROR timeout"), f"the error says why: {errors}")
    equal(bridge.service()["answered"], CLIENTS - 1, "answered")


if __name__ == "__main__":
    run(main)

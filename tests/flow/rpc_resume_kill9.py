"""The bridge is killed (kill -9) while workers have requests and others wait in the line, and started again; workers and
clients live on. Clients with a routing id get every answer, each request is executed exactly once. Those that cannot be
told apart get nothing, which is counted and said once.

--rounds=500 by hand.
"""
from harness import *

YAML = """
bridge: {}
plugins: { durable: {} }
endpoints:
  once-clients: { bind: "${ONCE}" }
  once-workers: { bind: "${ONCE_WORKERS}" }
  least-clients: { bind: "${LEAST}" }
  least-workers: { bind: "${LEAST_WORKERS}" }
services:
  once: { clients: once-clients, workers: once-workers, restart: resume, timeout: 60s }
  least:
    clients: least-clients
    workers: least-workers
    restart: resume
    execute: at_least_once
    timeout: 60s
    resume_grace: 30s  # none of these workers is lost
"""
WORKERS = 2
# Its addresses, and how many clients it has: those beyond its workers wait in the line. At least once, one that waits is
# in doubt after a restart for as long as the grace lasts: here none does.
SERVICES = {"once": ("ONCE", "ONCE_WORKERS", 5), "least": ("LEAST", "LEAST_WORKERS", WORKERS)}


def client(link, address, identity):
    settings = {"ROUTING_ID": identity} if identity else {}
    asking = connected(zmq.Context(), zmq.REQ, address, RECONNECT_IVL=10, **settings)
    while True:
        asking.send(link.hear())
        link.say(asking.recv())


def worker(link, address):
    replies = connected(zmq.Context(), zmq.REP, address, RECONNECT_IVL=10)
    while True:
        request = replies.recv()
        link.say(request)
        link.hear()
        replies.send(b"did " + request)


class Service:
    """Its programs, and what its workers have executed."""

    def __init__(self, flow, bridge, name, anonymous=False):
        self.bridge, self.name = bridge, name
        clients, workers = (bridge.address(each) for each in SERVICES[name][:2])
        self.size = SERVICES[name][2]
        self.clients = [flow.start(client, clients, b"" if anonymous else f"{name} {i}".encode())
                        for i in range(self.size)]
        self.workers = [flow.start(worker, workers) for _ in range(WORKERS)]
        self.executed = []
        self.busy = []

    def ask(self, round_):
        """Every client asks; every worker has a request, the others wait."""
        self.asked = [f"{self.name} {round_} {i}".encode() for i in range(self.size)]
        for each, request in zip(self.clients, self.asked):
            each.say(request)
        self.take()
        self.bridge.wait_for("the others wait", lambda _: self.status()["waiting"] == self.size - WORKERS)

    def status(self):
        return self.bridge.service(self.name)

    def take(self):
        for each in self.workers:
            self.executed.append(each.hear())
            self.busy.append(each)

    def reply(self):
        for each in self.busy:
            each.say("reply")
        self.busy = []

    def finish(self):
        """Workers do what is left."""
        while len(self.executed) < self.size:
            for each in self.workers:
                if each.has_said():
                    self.executed.append(each.hear())
                    each.say("reply")
            time.sleep(0.001)
        equal(sorted(self.executed), sorted(self.asked), "what was executed, once each")
        self.executed = []


def with_routing_ids(flow, bridge):
    services = [Service(flow, bridge, name) for name in SERVICES]
    for round_ in range(flow.options.rounds):
        for each in services:
            each.ask(round_)
        bridge.kill()
        # By turns: they reply while there is no bridge, and to the new one.
        if round_ % 2 == 0:
            for each in services:
                each.reply()
        bridge.start()
        for each in services:
            each.reply()
            each.finish()
            for asking, request in zip(each.clients, each.asked):
                equal(asking.hear(), b"did " + request, "the answer")
        for each in services:
            bridge.wait_for("all is answered", lambda _, each=each: each.status()["unanswered"] == 0)
            status = each.status()
            equal((status["recovered"], status["answered"], status["unresumable"], status["late"]),
                  (each.size, each.size, 0, 0), f"of {each.name}: recovered, answered, unresumable, late")
    for each in services:
        check(not any(program.has_said() for program in (*each.clients, *each.workers)), "nothing comes twice")
        for program in (*each.clients, *each.workers):
            program.kill()
    asked = flow.options.rounds * sum(each.size for each in services)
    flow.figure(f"{flow.options.rounds} kills, {asked} requests: each executed once and answered")


def anonymous(flow, bridge):
    """The same: nobody can say whose the answers are."""
    service = Service(flow, bridge, "once", anonymous=True)
    service.ask("anonymous")
    bridge.kill()
    bridge.start()
    service.reply()
    service.finish()
    bridge.wait_for("every answer is counted", lambda _: service.status()["unresumable"] == service.size)
    after = flow.socket(zmq.REQ, bridge.address("ONCE"))
    after.send(b"after")
    busy = wait_until(lambda: next((each for each in service.workers if each.has_said()), None), "a worker has it")
    equal(busy.hear(), b"after", "what the worker has")
    busy.say("reply")
    equal(recv(after, "the answer"), [b"did after"], "the answer")
    check(not any(each.has_said() for each in service.clients), "nobody gets what may be another's")
    equal(bridge.log().count("set a routing id to survive restarts"), 1, "how often that is said")


def main(flow):
    bridge = flow.bridge(YAML)
    with_routing_ids(flow, bridge)
    anonymous(flow, bridge)


if __name__ == "__main__":
    run(main, rounds=5)

"""The bridge is killed at any moment while clients with routing ids ask as fast as they can: no client ever gets an answer
that is not the one to what it asked, and nothing is executed twice. What was in the dead bridge's wires is lost, and asked
anew.

--kills=100 by hand.
"""
import random

from harness import *

YAML = """
bridge: {}
plugins: { durable: {} }
endpoints:
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
services:
  work: { clients: clients, workers: workers, timeout: 20s, restart: resume, reply_durable: true }
"""
CLIENTS, WORKERS = 4, 3
PATIENCE_MS = 6000  # then a client takes what it asked for lost: the grace for workers is over by then, on a slow machine too


def client(link, address, name):
    """Counts (answered, lost) until it is told to stop."""
    context = zmq.Context()
    answered = lost = number = 0
    asking = None
    while not link.told():
        if asking is None:
            asking = connected(context, zmq.REQ, address, RECONNECT_IVL=10, ROUTING_ID=name.encode())
        number += 1
        request = f"{name} {number}"
        asking.send_string(request)
        if asking.poll(PATIENCE_MS):
            answer = asking.recv_string()
            if answer != "did " + request:
                raise Broken(f"{request} was answered: {answer}")
            answered += 1
        else:
            asking.close()
            asking = None
            lost += 1
    link.say((answered, lost))


def worker(link, address):
    """Says what it has executed when it is asked."""
    replies = connected(zmq.Context(), zmq.REP, address, RECONNECT_IVL=10)
    executed = []
    while not link.told():
        if not replies.poll(20):
            continue
        request = replies.recv_string()
        executed.append(request)
        replies.send_string("did " + request)
    link.say(executed)


def main(flow):
    bridge = flow.bridge(YAML)
    chance = random.Random(flow.options.seed)
    clients = [flow.start(client, bridge.address("CLIENTS"), f"c{i}") for i in range(CLIENTS)]
    workers = [flow.start(worker, bridge.address("WORKERS")) for _ in range(WORKERS)]
    for _ in range(flow.options.kills):
        bridge.wait_for("some are answered", lambda _: bridge.service()["answered"] > chance.randrange(20, 200))
        time.sleep(chance.random() * 0.005)  # whatever happens then
        bridge.kill()
        bridge.start()
    for each in clients:
        each.say("stop")
    counts = [each.hear() for each in clients]
    for each in workers:
        each.say("stop")
    executed = [request for each in workers for request in each.hear()]
    equal(len(executed), len(set(executed)), "what was executed, once each")
    answered, lost = (sum(each) for each in zip(*counts))
    check(answered > flow.options.kills, "requests are answered")
    check(lost <= flow.options.kills * CLIENTS, "no more is lost than what was under way")
    flow.figure(f"{flow.options.kills} kills: {answered} answered, {lost} asked anew, {len(executed)} executed")


if __name__ == "__main__":
    run(main, kills=4, seed=1)

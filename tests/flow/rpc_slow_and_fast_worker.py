"""One worker needs 200 ms for a request, another 1 ms: eight clients are served at the speed of the fast one, and the slow
one never has more than one request.

A proxy that hands requests out in turn goes at the speed of the slow one: 40 replies in 4 s.
"""
import threading

from harness import *

CLIENTS = 8
YAML = """
endpoints:
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
services:
  work: { clients: clients, workers: workers, timeout: 60s }
"""


def worker(link, address, took_s):
    """Says after each request how many it has answered, and how many more had reached it while it was at work."""
    context = zmq.Context()
    replies = connected(context, zmq.REP, address)
    link.say("here")
    done = 0
    while True:
        request = replies.recv_multipart()
        time.sleep(took_s)  # its work
        replies.send_multipart(request)
        done += 1
        if took_s > 0.1:
            link.say(done)


def main(flow):
    bridge = flow.bridge(YAML)
    slow = flow.start(worker, bridge.address("WORKERS"), 0.2)
    flow.start(worker, bridge.address("WORKERS"), 0.001)
    bridge.wait_for_peers("workers", 2)
    until = time.monotonic() + flow.options.seconds
    counts = [0] * CLIENTS

    def ask(number):
        client = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
        while time.monotonic() < until:
            asked = b"%d of %d" % (counts[number], number)
            client.send(asked)
            if recv(client, "a reply") != [asked]:
                return
            counts[number] += 1
        client.close()

    clients = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    held_most = 0
    while any(client.is_alive() for client in clients):
        peers = bridge.endpoint("workers")["peers"]
        held_most = max(held_most, *(peer["held"] for peer in peers))
    equal(held_most, 1, "the most requests that a worker had at once")
    equal(slow.hear(), "here", "the slow one says first")
    slow_did = 0
    while slow.has_said():
        slow_did = slow.hear()
    replies = sum(counts)
    flow.figure(f"{replies} replies in {flow.options.seconds} s, {slow_did} of them by the slow worker")
    check(slow_did >= 1, "the slow worker worked too")
    check(slow_did <= flow.options.seconds / 0.2 + 2, "it did one after another")
    # 200 to 1 is the most there can be; a loaded machine makes the fast one slower, and never the slow one faster.
    check(replies >= 20 * slow_did, f"the slow one holds nobody up: {replies} replies, {slow_did} of them its own")


if __name__ == "__main__":
    run(main, seconds=4.0)

"""One worker needs 200 ms for a request, another 1 ms: eight clients are served at the speed of the fast one, and the slow
one never has more than one request.

The speed of the fast one is measured in the same run: alone, before and after the slow one is there. A proxy that hands
requests out in turn goes at the speed of the slow one: 40 replies in 4 s.
"""
import threading

from harness import *

CLIENTS = 8
SLOW_S, FAST_S = 0.2, 0.001
SHARE = 5 / 6  # of the fast one's speed alone: 2,500 replies in 4 s where that one gives 3,000
YAML = """
endpoints:
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
services:
  work: { clients: clients, workers: workers, timeout: 60s }
"""


def worker(link, address, took_s):
    """Works until it is told to leave; then says how many requests it has done."""
    replies = connected(zmq.Context(), zmq.REP, address, LINGER=-1)
    done = 0
    while not link.told():
        if not replies.poll(20):
            continue
        request = replies.recv_multipart()
        time.sleep(took_s)  # its work
        replies.send_multipart(request)
        done += 1
    replies.close()
    link.say(done)


def rate(flow, bridge, seconds):
    """Replies a second to clients that ask one request after another; and the most that any worker held meanwhile."""
    began = time.monotonic()
    until = began + seconds
    counts = [0] * CLIENTS
    troubles = []

    def ask(number):
        client = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
        while time.monotonic() < until:
            asked = b"%d of %d" % (counts[number], number)
            client.send(asked)
            answer = recv(client, "a reply")
            if answer != [asked]:
                troubles.append(f"{asked} was answered by {answer}")
            counts[number] += time.monotonic() < until
        client.close()

    clients = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    held_most = 0
    while any(client.is_alive() for client in clients):
        held_most = max(held_most, *(peer["held"] for peer in bridge.endpoint("workers")["peers"]))
        clients[0].join(0.1)
    equal(troubles, [], "answers to something else")
    return sum(counts) / seconds, held_most


def main(flow):
    seconds = flow.options.seconds
    bridge = flow.bridge(YAML)
    flow.start(worker, bridge.address("WORKERS"), FAST_S)
    bridge.wait_for_peers("workers", 1)
    before, _ = rate(flow, bridge, seconds / 4)
    slow = flow.start(worker, bridge.address("WORKERS"), SLOW_S)
    bridge.wait_for_peers("workers", 2)
    both, held_most = rate(flow, bridge, seconds)
    slow.say("leave")
    slow_did = slow.hear()
    bridge.wait_for_peers("workers", 1)
    after, _ = rate(flow, bridge, seconds / 4)

    flow.figure(f"{both * seconds:.0f} replies in {seconds} s, {slow_did} of them by the slow worker; "
                f"{both:.0f} a second, the fast one alone {before:.0f} before and {after:.0f} after")
    equal(held_most, 1, "the most requests that a worker had at once")
    check(slow_did >= 1, "the slow worker worked too")
    check(slow_did <= seconds / SLOW_S + 2, "it did one after another")
    check(both >= SHARE * min(before, after), "the slow one holds nobody up")


if __name__ == "__main__":
    run(main, seconds=4.0)

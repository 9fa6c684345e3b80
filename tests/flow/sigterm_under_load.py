"""SIGTERM while ten PUSH producers push as fast as they can: the bridge reads what is on its way to the end, hands it on
and leaves with status 0. After a restart at most one half-sent message of each producer is missing, and none came twice.
A second signal ends it at once.
"""
from harness import *

PRODUCERS = 10
YAML = """
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}" }
routes:
  - { from: in, to: out }
"""


def producer(link, address, number):
    """Pushes until it is told to stop; says how many."""
    pushing = connected(zmq.Context(), zmq.PUSH, address, LINGER=-1, RECONNECT_IVL=20)
    link.say("here")
    count = 0
    while True:
        for _ in range(200):
            pushing.send(struct.pack("<II", number, count) + bytes(92))
            count += 1
        if link.told():
            link.say(count)
            link.hear()
            link.hear()


def consumer(link, address):
    pulling = connected(zmq.Context(), zmq.PULL, address, RECONNECT_IVL=20)
    got = []
    link.say("here")
    while True:
        if pulling.poll(20):
            try:
                for _ in range(1000):
                    got.append(struct.unpack_from("<II", pulling.recv(zmq.NOBLOCK)))
            except zmq.Again:
                pass
        if link.told():
            link.hear()
            link.say(len(got))
            if not pulling.poll(20):
                link.say(got)
            else:
                link.say(None)


def main(flow):
    bridge = flow.bridge(YAML)
    pulls = [flow.start(consumer, bridge.address("OUT")) for _ in range(2)]
    pushes = [flow.start(producer, bridge.address("IN"), number) for number in range(PRODUCERS)]
    for each in pulls + pushes:
        each.hear()
    bridge.wait_for("the load is there", lambda status: status["endpoints"][1]["delivery"]["to_pulls"] > 50_000)
    began = time.monotonic()
    equal(bridge.terminate(), 0, "the exit status")
    took = time.monotonic() - began
    check("lost" not in bridge.log(), "the log tells of no loss")
    bridge.start()
    check("last_end=clean" in bridge.log().splitlines()[-1], "the next start knows of a clean end")
    bridge.wait_for("the load goes on", lambda status: status["endpoints"][1]["delivery"]["to_pulls"] > 20_000)
    for each in pushes:
        each.say("stop")
    pushed = [each.hear() for each in pushes]

    def all_of_it():
        status = bridge.status()
        counts = status["endpoints"][1]["delivery"]
        now = (counts["taken"], counts["to_pulls"])
        steady, all_of_it.last = now == all_of_it.last, now
        return steady and counts["taken"] == counts["to_pulls"] and not status["endpoints"][0]["held"]
    all_of_it.last = None
    wait_until(all_of_it, "everything is given away")
    got = []
    for each in pulls:
        part = None
        while part is None:
            each.say("what have you?")
            each.hear()
            part = each.hear()
        got += part
    equal(len(set(got)), len(got), "distinct messages")
    there = [0] * PRODUCERS
    for number, _ in got:
        there[number] += 1
    lost = [a - b for a, b in zip(pushed, there)]
    flow.figure(f"ended in {took:.2f} s; of {sum(pushed)} messages are missing, by producer: {lost}")
    check(all(0 <= each <= 1 for each in lost), f"at most one half-sent message each is missing: {lost}")
    second_signal(flow, bridge, pulls)


def second_signal(flow, bridge, pulls):
    """With a message that nobody takes a planned end waits for drain_timeout; unless it is asked twice."""
    for each in pulls:
        each.end()
    bridge.wait_for_peers("out", 0)
    push = flow.socket(zmq.PUSH, bridge.address("IN"))
    push.send(b"for nobody")
    bridge.wait_for("it waits", lambda status: status["endpoints"][1]["delivery"]["line"] > 0)
    bridge.process.terminate()
    wait_until(lambda: "ending" in bridge.log().rsplit("ready", 1)[1], "it has begun to end")
    check(bridge.process.poll() is None, "it waits for somebody to take the message")
    began = time.monotonic()
    equal(bridge.terminate(), 1, "the exit status after a second signal")
    check(time.monotonic() - began < 5, "a second signal ends it at once")
    bridge.start()
    check("last_end=unclean" in bridge.log().splitlines()[-1], "the next start knows of an unclean end")


if __name__ == "__main__":
    run(main)

"""All PULLs stall. The producers, with and without ZMTP heartbeats, are held: none is disconnected, the bridge's memory
stays under its limit, and everything arrives when the PULLs go on.
"""
from harness import *

SIZE = 1000
EACH = 30_000  # messages a producer: more than bridge, wire and high water marks take together
MEMORY_MIB = 16
ABOVE_MIB = 60  # the process itself, and what its allocator holds beyond the budget
YAML = f"""
bridge:
  memory: {MEMORY_MIB}MiB
endpoints:
  in: {{ bind: "${{IN}}" }}
  out: {{ bind: "${{OUT}}", line: {{ max_messages: 5000 }} }}
routes:
  - {{ from: in, to: out }}
"""
HEARTBEATS = {"none": {}, "200/600": {"HEARTBEAT_IVL": 200, "HEARTBEAT_TIMEOUT": 600, "HEARTBEAT_TTL": 600}}


def producer(link, address, number, heartbeat):
    """Says how often it was disconnected, once all is pushed."""
    context = zmq.Context()
    pushing = connected(context, zmq.PUSH, None, LINGER=-1, **HEARTBEATS[heartbeat])
    monitor = pushing.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    pushing.connect(address)
    link.say("here")
    link.hear()
    for each in range(EACH):
        pushing.send(struct.pack("<II", number, each) + bytes(SIZE - 8))
    link.say("all pushed")
    link.hear()
    link.say(monitor.poll(0))


def consumer(link, address):
    """Says (producer, number) of all it has, when nothing has come for long enough to be asked."""
    pulling = connected(zmq.Context(), zmq.PULL, address)
    got = []
    link.say("here")
    while True:
        if pulling.poll(20):
            got.append(struct.unpack_from("<II", pulling.recv()))
        elif link.told():
            link.hear()
            link.say(got)


def main(flow):
    bridge = flow.bridge(YAML)
    pulls = [flow.start(consumer, bridge.address("OUT")) for _ in range(2)]
    for each in pulls:
        each.hear()
    bridge.wait_for_peers("out", len(pulls))
    for each in pulls:
        each.pause()
    kinds = ["none", "200/600", "200/600"]
    pushes = [flow.start(producer, bridge.address("IN"), number, kind) for number, kind in enumerate(kinds)]
    for each in pushes:
        each.hear()
    # Whoever has not pinged before it is held may have gone: it is not reassured, and would give up.
    bridge.wait_for("the source knows who pings", lambda status: sum(
        peer["pings"] > 0 for peer in status["endpoints"][0]["peers"]) == kinds.count("200/600"))
    for each in pushes:
        each.say("go on")
    bridge.wait_for("the source is held", lambda status: status["endpoints"][0]["held"])

    until = time.monotonic() + flow.options.seconds
    taken = bridge.status()["routes"][0]["messages"]
    while time.monotonic() < until:  # the stall itself: it is to be as before all the time
        status = bridge.status()
        equal(status["endpoints"][0]["connected"], len(pushes), "producers that are connected")
        equal(status["endpoints"][0]["accepted"], len(pushes), "connections of producers so far")
        check(status["bridge"]["memory_bytes"] <= MEMORY_MIB * MIB, "memory stays in its budget")
        check(not any(each.has_said() for each in pushes), "the producers are held")
        time.sleep(0.2)
    check(bridge.status()["routes"][0]["messages"] - taken < 5000, "nothing is taken in meanwhile")
    flow.figure(f"peak {bridge.peak_rss_mib():.0f} MiB with a budget of {MEMORY_MIB} MiB, "
                f"{bridge.status()['routes'][0]['messages']} messages taken in")
    check(flow.sanitized or bridge.peak_rss_mib() < MEMORY_MIB + ABOVE_MIB, "the process stays near its budget")

    for each in pulls:
        each.go_on()
    for each in pushes:
        equal(each.hear(), "all pushed", "a producer that goes on says")
    total = len(pushes) * EACH
    bridge.wait_for("all is given away", lambda status: status["endpoints"][1]["delivery"]["to_pulls"] == total and
                    not any(peer["waiting"] for peer in status["endpoints"][1]["peers"]))
    for each in pushes:
        each.say("how often?")
        equal(each.hear(), 0, "disconnections that a producer saw")
    got = wait_until(lambda: arrived(pulls, total), "all has arrived")
    equal(len(set(got)), total, "distinct messages")


def arrived(pulls, total):
    got = []
    for each in pulls:
        each.say("what have you?")
        got += each.hear()
    return got if len(got) >= total else None


if __name__ == "__main__":
    run(main, seconds=12.0)

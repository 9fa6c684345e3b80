"""10,000 connections at once, each of which gets a message, and 1,000 a second that connect, shake hands and leave.

Memory: at most 12 KiB for each connection.
"""
from harness import *

HOLDERS = 2
YAML = """
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}" }
routes:
  - { from: in, to: out }
"""


def open_many(port, count):
    """Connections of SUBs that have shaken hands and subscribed to all."""
    opened = []
    for at in range(0, count, 200):  # a listener's queue of those not accepted yet is short
        batch = [Raw(port) for _ in range(min(200, count - at))]
        for each in batch:
            each.send(greeting() + ready("SUB") + frame(b"\x01"))
        for each in batch:
            each.read(64)
            each.frame()
        opened += batch
    return opened


def holder(link, port, count):
    """Opens its connections, says so, and reads one message from each when told."""
    opened = open_many(port, count)
    link.say("open")
    link.hear()
    link.say([each.frame()[1] for each in opened])
    link.hear()


def visitor(link, port, seconds, a_second):
    """Comes and goes; says how many it was and how long that took."""
    began = time.monotonic()
    visits = 0
    while time.monotonic() - began < seconds or visits < seconds * a_second:
        for each in open_many(port, 50):
            each.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", visits % 2, 0))
            each.close()  # every other one in disorder: with a reset
            visits += 1
        ahead = visits / a_second - (time.monotonic() - began)
        if ahead > 0:
            time.sleep(ahead)  # the rate
    link.say((visits, time.monotonic() - began))


def main(flow):
    count, seconds = flow.options.connections, flow.options.seconds
    bridge = flow.bridge(YAML)
    before = bridge.rss_mib()
    holders = [flow.start(holder, bridge.port("OUT"), count // HOLDERS) for _ in range(HOLDERS)]
    for each in holders:
        equal(each.hear(), "open", "who holds connections says")
    bridge.wait_for_peers("out", count)
    each_kib = (bridge.rss_mib() - before) * 1024 / count
    flow.figure(f"{count} connections, {each_kib:.1f} KiB each")
    check(flow.sanitized or each_kib <= 12, "a connection costs at most 12 KiB")
    push = flow.socket(zmq.PUSH, bridge.address("IN"), SNDHWM=0)
    push.send(b"to all")
    for each in holders:
        each.say("read")
    for each in holders:
        equal(each.hear(), [b"to all"] * (count // HOLDERS), "what each connection gets")
    for each in holders:
        each.end()
    bridge.wait_for_peers("out", 0)

    a_second = 1000
    visitors = [flow.start(visitor, bridge.port("OUT"), seconds, a_second // 2) for _ in range(2)]
    visits, took = zip(*(each.hear(seconds * 20 + PATIENCE_S) for each in visitors))
    bridge.wait_for_peers("out", 0)
    flow.figure(f"{sum(visits)} came and left in {max(took):.1f} s; now {bridge.rss_mib():.0f} MiB")
    check(sum(visits) >= seconds * a_second, "so many came and left")
    bridge.wait_for("none is left behind",
                    lambda status: status["bridge"]["connections"] == 1)  # the PUSH
    equal(sum(bridge.endpoint("out")["refused"].values()), 0, "refusals")
    descriptors = len(os.listdir(f"/proc/{bridge.process.pid}/fd"))
    check(descriptors < 50, f"no descriptor is left behind: {descriptors}")
    last = flow.socket(zmq.PULL, bridge.address("OUT"))
    bridge.wait_for_peers("out", 1)
    push.send(b"after all that")
    equal(recv(last, "a message after all that"), [b"after all that"], "the message")


if __name__ == "__main__":
    run(main, connections=10_000, seconds=5)

"""Each limit of an endpoint, met over the wire: it costs the one that meets it, as the reference says, and is counted by its
name in the status. Hostile peers (wrong lengths, endless frames, commands out of place, half-open, silent) cost their own
connections. A normal flow goes on beside all of it, without a loss.
"""
import threading

from harness import *

YAML = """
bridge:
  memory: 8MiB
endpoints:
  in: { bind: "${IN}", accept: [push, req] }
  out: { bind: "${OUT}", accept: pull }
  small:
    bind: "${SMALL}"
    accept: push
    limits: { max_frame: 1000B, max_message: 2000B, max_frames: 4, handshake_time: 500ms, max_peers: 3 }
  nowhere: { bind: "${NOWHERE}", accept: pull, line: { max_messages: 10 } }
  subs:
    bind: "${SUBS}"
    accept: sub
    limits: { max_subscriptions: 10, max_subscription_bytes: 100B, max_waiting: 20KiB, max_waiting_messages: 50 }
  feed: { bind: "${FEED}", accept: push }
  heap-in: { bind: "${HEAP_IN}", accept: push }
  heap: { bind: "${HEAP}", accept: pull, line: { max_bytes: 1GiB, max_messages: 1000000 } }
routes:
  - { from: in, to: out }
  - { from: small, to: nowhere, on_full: drop_newest }
  - { from: feed, to: subs, on_full: disconnect }
  - { from: heap-in, to: heap }
"""
PUSH = greeting() + ready("PUSH")


class NormalFlow(threading.Thread):
    """Messages one by one, each of which has to arrive before the next."""

    def __init__(self, flow, bridge):
        super().__init__(daemon=True)
        self.push = flow.socket(zmq.PUSH, bridge.address("IN"))
        self.pull = flow.socket(zmq.PULL, bridge.address("OUT"))
        self.count = 0
        self.trouble = None
        self.ending = False
        self.start()

    def run(self):
        while not self.ending:
            self.push.send(b"%d" % self.count)
            if not self.pull.poll(30_000) or self.pull.recv() != b"%d" % self.count:
                self.trouble = f"message {self.count} did not come"
                return
            self.count += 1

    def goes_on(self, after):
        seen = self.count
        wait_until(lambda: self.trouble or self.count > seen + 5, f"the normal flow goes on after {after}")
        check(not self.trouble, f"the normal flow goes on after {after}: {self.trouble}")


def refusals(bridge, endpoint="small"):
    return bridge.endpoint(endpoint)["refused"]


def costs_the_connection(bridge, what, reason, wire, greet=True, endpoint="small", kind=None):
    """`wire` (behind a handshake) ends its connection and is counted under `reason`."""
    before = refusals(bridge, endpoint).get(reason, 0)
    peer = Raw(bridge.port(endpoint.upper()))
    if greet:
        peer.greet(kind or ("SUB" if endpoint == "subs" else "PUSH"))
    try:
        peer.send(wire)
    except ConnectionError:
        pass  # ended while it still sent
    check(peer.is_ended(), f"{what}: the connection is ended")
    peer.close()
    wait_until(lambda: refusals(bridge, endpoint).get(reason, 0) == before + 1, f"{what} is counted as {reason}")


def limits_of_messages(bridge, _):
    taken = bridge.status()["routes"][1]["messages"]
    fits = Raw(bridge.port("SMALL")).greet()
    fits.send(frame(bytes(1000)) + frame(bytes(900), more=True) * 2 + frame(b""))
    fits.send(frame(b"a", more=True) * 3 + frame(b"d"))
    bridge.wait_for("what just fits is taken", lambda status: status["routes"][1]["messages"] == taken + 3)
    fits.close()
    costs_the_connection(bridge, "a frame above max_frame", "too_large", frame(bytes(1001)))
    costs_the_connection(bridge, "a message above max_message", "too_large",
                         frame(bytes(900), more=True) * 2 + frame(bytes(900)))
    costs_the_connection(bridge, "a message above max_frames", "too_many_frames", frame(b"", more=True) * 4 + frame(b""))
    equal(bridge.status()["routes"][1]["messages"], taken + 3, "messages taken")


def lying_peers(bridge, _):
    huge = struct.pack(">BQ", 2, (1 << 63) - 1)
    costs_the_connection(bridge, "a length of 2^63 - 1", "too_large", huge)
    costs_the_connection(bridge, "a length of 2^64 - 1", "too_large", b"\x02" + b"\xff" * 8)
    costs_the_connection(bridge, "a message that never ends", "too_many_frames", frame(b"x", more=True) * 100_000)
    costs_the_connection(bridge, "flags that are reserved", "malformed", b"\x08\x01x")
    costs_the_connection(bridge, "a command whose name is longer than itself", "malformed", frame(b"\xffPING", command=True))
    costs_the_connection(bridge, "a second READY", "malformed", ready("PUSH"))
    costs_the_connection(bridge, "a subscription by a PUSH", "malformed", frame(b"\x09SUBSCRIBEx", command=True))
    costs_the_connection(bridge, "a PING cut short", "malformed", frame(b"\x04PING", command=True))
    costs_the_connection(bridge, "HTTP", "version", b"GET / HTTP/1.1\r\nHost: here\r\n\r\n" + bytes(64), greet=False)
    costs_the_connection(bridge, "a READY before its time", "malformed", greeting() + frame(b"a message"), greet=False)
    costs_the_connection(bridge, "a READY without a type", "wrong_type", greeting() + frame(b"\x05READY", command=True),
                         greet=False)
    costs_the_connection(bridge, "another mechanism", "mechanism", greeting(mechanism=b"PLAIN"), greet=False)
    costs_the_connection(bridge, "ZMTP 1.0", "version", b"\x01\x00" + bytes(64), greet=False)
    unknown = Raw(bridge.port("SMALL")).greet().send(frame(b"\x05DANCE", command=True))
    taken = bridge.status()["routes"][1]["messages"]
    unknown.send(frame(b"still here"))
    bridge.wait_for("after an unknown command messages are taken",
                    lambda status: status["routes"][1]["messages"] == taken + 1)
    unknown.close()


def slow_handshakes(bridge, _):
    costs_the_connection(bridge, "one who says nothing", "handshake_timeout", b"", greet=False)
    costs_the_connection(bridge, "one who stops in the greeting", "handshake_timeout", greeting()[:30], greet=False)
    costs_the_connection(bridge, "one who stops in READY", "handshake_timeout", PUSH[:-3], greet=False)
    before = sum(refusals(bridge).values())
    half_open = Raw(bridge.port("SMALL"))
    half_open.send(greeting())
    half_open.socket.shutdown(socket.SHUT_WR)
    check(half_open.is_ended(), "one who half-closes in its handshake is ended")
    half_open.close()
    check(sum(refusals(bridge).values()) - before <= 1, "and is counted at most once")


def too_many_peers(bridge, _):
    bridge.wait_for_peers("small", 0)
    peers = [Raw(bridge.port("SMALL")).greet() for _ in range(3)]
    before = refusals(bridge).get("too_many_peers", 0)
    one_more = Raw(bridge.port("SMALL"))
    check(one_more.is_ended(), "one above max_peers is ended")
    equal(refusals(bridge)["too_many_peers"], before + 1, "refused: too_many_peers")
    equal(bridge.endpoint("small")["connected"], 3, "those who were there")
    peers.pop().close()
    bridge.wait_for_peers("small", 2)
    Raw(bridge.port("SMALL")).greet().close()  # there is room again
    for each in peers:
        each.close()


def subscriptions(bridge, _):
    costs_the_connection(bridge, "more than max_subscriptions", "subscriptions_full",
                         b"".join(frame(b"\x01%d" % each) for each in range(11)), endpoint="subs")
    costs_the_connection(bridge, "more than max_subscription_bytes", "subscriptions_full",
                         frame(b"\x01" + bytes(60)) + frame(b"\x01" + b"x" * 60), endpoint="subs")
    taken_back = Raw(bridge.port("SUBS")).greet("SUB")
    for each in range(100):
        taken_back.send(frame(b"\x01%d" % each) + frame(b"\x00%d" % each))
    taken_back.send(frame(b"\x01kept"))
    bridge.wait_for("what is taken back does not count", lambda _: bridge.endpoint("subs")["delivery"]["prefixes"] == 1)
    taken_back.close()


def receivers_that_talk(bridge, _):
    """They are read while memory is used up too: what they say is short, whatever max_message is."""
    announced = struct.pack(">BQ", 2, 1 * MIB)
    for endpoint, kind in ("nowhere", "PULL"), ("subs", "SUB"):
        costs_the_connection(bridge, f"a {kind} that announces 1 MiB", "too_large", announced, endpoint=endpoint,
                             kind=kind)


def waiting_for_a_peer(bridge, flow):
    """max_waiting: on_full is `disconnect` there."""
    bridge.wait_for_peers("subs", 0)
    slow = Raw(bridge.port("SUBS"), receive_buffer=4096).greet("SUB").send(frame(b"\x01"))
    bridge.wait_for("it has subscribed", lambda _: bridge.endpoint("subs")["delivery"]["prefixes"] == 1)
    feed = flow.socket(zmq.PUSH, bridge.address("FEED"), SNDHWM=10)

    def is_gone():
        feed.send(bytes(900))
        return bridge.endpoint("subs")["connected"] == 0 if is_gone.sent % 100 == 0 else False
    is_gone.sent = 0
    deadline = time.monotonic() + PATIENCE_S
    while not is_gone():
        is_gone.sent += 1
        check(time.monotonic() < deadline, "who does not read is disconnected")
    equal(refusals(bridge, "subs").get("outbox_full"), 1, "refused: outbox_full")
    equal(bridge.endpoint("subs")["delivery"]["disconnected"], 1, "disconnected by on_full")
    slow.close()
    feed.close()


def line_full(bridge, _):
    bridge.wait_for_peers("small", 0)
    many = Raw(bridge.port("SMALL")).greet().send(frame(b"one of many") * 50)
    bridge.wait_for("the line is full", lambda _: bridge.endpoint("nowhere")["delivery"]["dropped_line"] >= 40)
    equal(bridge.endpoint("nowhere")["delivery"]["line"], 10, "messages in the line")
    many.close()


def memory(bridge, flow):
    """The budget of the whole bridge: sources are held, and the process stays near it."""
    heap = flow.start(fill, bridge.address("HEAP_IN"))
    equal(heap.hear(), "begun", "who fills the memory says")
    bridge.wait_for("the source is held", lambda _: bridge.endpoint("heap-in")["held"])
    waiting = bridge.endpoint("heap")["delivery"]["line"]
    used, limit = (bridge.status()["bridge"][name] for name in ("memory_bytes", "memory_bytes_max"))
    flow.figure(f"{used / MIB:.1f} of {limit / MIB:.0f} MiB used when the source is held; peak {bridge.peak_rss_mib():.0f} MiB")
    check(used <= limit and waiting * 1000 > limit / 4, f"memory is used, and no more than there is: {used} of {limit}")
    check(flow.sanitized or bridge.peak_rss_mib() < 8 + 40, "the process stays near its budget")
    heap.kill()
    pull = flow.socket(zmq.PULL, bridge.address("HEAP"))
    wait_until(lambda: drained(pull) and bridge.endpoint("heap-in")["connected"] == 0 and
               bridge.endpoint("heap")["delivery"]["line"] == 0, "it goes on when somebody takes the messages")
    pull.close()


def drained(pull):
    while pull.poll(100):
        pull.recv()
    return True


def fill(link, address):
    push = connected(zmq.Context(), zmq.PUSH, address)
    link.say("begun")
    while True:
        push.send(bytes(1000))


def main(flow):
    bridge = flow.bridge(YAML)
    normal = NormalFlow(flow, bridge)
    for scene in (limits_of_messages, lying_peers, slow_handshakes, too_many_peers, subscriptions,
                  receivers_that_talk, waiting_for_a_peer, line_full, memory):
        scene(bridge, flow)
        if scene is not memory:
            normal.goes_on(scene.__name__)
    normal.goes_on("memory was short")
    normal.ending = True
    normal.join()
    check(normal.trouble is None, f"the normal flow lost nothing: {normal.trouble}")
    equal(refusals(bridge, "in"), {}, "refusals where the normal flow came in")
    flow.figure(f"{normal.count} messages of the normal flow")


if __name__ == "__main__":
    run(main)

"""Messages of any shape pass unchanged: many frames, empty frames, no bytes at all, and 300 MiB where the limit is raised.
A peer that dies in the middle of a message leaves nothing behind.
"""
from harness import *

YAML = """
bridge:
  memory: 2GiB
endpoints:
  in: { bind: "${IN}", accept: push, limits: { max_message: 400MiB, max_frames: 20000 } }
  out: { bind: "${OUT}", accept: pull, limits: { max_waiting: 400MiB } }
  clients: { bind: "${CLIENTS}", limits: { max_message: 400MiB, max_frames: 20002 } }  # an envelope has frames too
  workers: { bind: "${WORKERS}", limits: { max_message: 400MiB, max_frames: 20002, max_waiting: 400MiB } }
routes:
  - { from: in, to: out }
services:
  echo: { clients: clients, workers: workers, timeout: 0 }
"""


def passes(push, pull, message, what):
    push.send_multipart(message)
    got = recv(pull, what)
    check(len(got) == len(message) and got == message, f"{what} passes unchanged")


def shapes(large_mib):
    yield "no bytes", [b""]
    yield "empty frames alone", [b""] * 64
    yield "an empty frame first", [b"", b"body"]
    yield "an empty frame last", [b"body", b""]
    yield "empty frames between", [b"a", b"", b"b", b"", b"", b"c"]
    yield "the lengths around a short frame's", [os.urandom(size) for size in (1, 254, 255, 256, 257)]
    yield "the lengths around a read's", [os.urandom(size) for size in (65535, 65536, 65537, 262143, 262144, 262145)]
    yield "20,000 frames", [b"%d" % number for number in range(20_000)]
    yield "every byte", [bytes(range(256)) * 10]
    yield "20 MiB in one frame", [os.urandom(20 * MIB)]
    yield "20 MiB in 320 frames", [os.urandom(64 * 1024) for _ in range(320)]
    yield f"{large_mib} MiB in one frame", [os.urandom(MIB) * large_mib]


def worker(link, address):
    replies = connected(zmq.Context(), zmq.REP, address)
    while True:
        replies.send_multipart(replies.recv_multipart())


def dies_in_the_middle(flow, bridge, push, pull):
    """Of a message of many frames, of one large frame, of a frame's header: what came before is whole, the rest nothing."""
    taken = bridge.status()["routes"][0]["messages"]
    ends = [frame(b"first", more=True) * 10, frame(b"x", more=True) + frame(bytes(MIB))[:500_000],
            frame(b"y", more=True) + b"\x02\x00\x00"]
    for end in ends:
        doomed = Raw(bridge.port("IN")).greet()
        doomed.send(frame(b"whole", more=True) + frame(b"message") + end)
        equal(recv(pull, "the whole one"), [b"whole", b"message"], "what a dying peer had sent whole")
        doomed.close()
    bridge.wait_for_peers("in", 1)
    equal(bridge.status()["routes"][0]["messages"], taken + len(ends), "messages taken")
    passes(push, pull, [b"what", b"follows"], "the next message")


def main(flow):
    bridge = flow.bridge(YAML)
    push = flow.socket(zmq.PUSH, bridge.address("IN"))
    pull = flow.socket(zmq.PULL, bridge.address("OUT"))
    flow.start(worker, bridge.address("WORKERS"))
    client = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    for what, message in shapes(flow.options.large_mib):
        passes(push, pull, message, what)
        if len(message[0]) <= 20 * MIB:
            client.send_multipart(message)
            check(recv(client, f"{what}, there and back") == message, f"{what} passes there and back unchanged")
    dies_in_the_middle(flow, bridge, push, pull)
    bridge.wait_for("nothing is left behind", lambda status: status["bridge"]["memory_bytes"] < 8 * MIB)
    flow.figure(f"peak {bridge.peak_rss_mib():.0f} MiB, now {bridge.rss_mib():.0f} MiB")
    check(flow.sanitized or bridge.rss_mib() < 200, "the memory of a large message is given back")


if __name__ == "__main__":
    run(main, large_mib=300)

"""Heartbeats (ZMTP 3.1): where the endpoint says `heartbeat`, a silent 3.1 peer gets PINGs and is disconnected if it does not
answer, counted as heartbeat_timeout; a 3.0 peer gets none, and stays. A peer's own PINGs are answered with their context,
and one that promised in a PING not to be silent for longer is held to it. A flood of PINGs costs the bridge nothing.
"""
from harness import *

YAML = """
endpoints:
  in: { bind: "${IN}", accept: push }
  watched: { bind: "${WATCHED}", accept: [push, req], heartbeat: 200ms }
  out: { bind: "${OUT}", accept: pull }
routes:
  - { from: [in, watched], to: out }
"""


def ping(ttl_tenths, context=b""):
    return frame(b"\x04PING" + struct.pack(">H", ttl_tenths) + context, command=True)


def timeouts(bridge, endpoint):
    return bridge.endpoint(endpoint)["refused"].get("heartbeat_timeout", 0)


def peers_own_pings(bridge):
    peer = Raw(bridge.port("IN")).greet(minor=1)
    for context in b"", b"16 bytes at most":
        peer.send(ping(0, context))
        equal(peer.frame(), (4, b"\x04PONG" + context), "the answer to a PING")
    peer.send(ping(5))  # half a second
    equal(peer.frame(), (4, b"\x04PONG"), "the answer to its last PING")
    check(peer.is_ended(), "who promised to speak and does not is disconnected")
    equal(timeouts(bridge, "in"), 1, "heartbeat_timeout")
    peer.close()


def silent_ones(bridge):
    silent = Raw(bridge.port("WATCHED")).greet("REQ", minor=1)
    old = Raw(bridge.port("WATCHED")).greet("REQ", minor=0)
    flags, body = silent.frame()
    check(flags == 4 and body.startswith(b"\x04PING"), f"a 3.1 peer that is silent gets a PING: {body}")
    silent.send(frame(b"\x04PONG", command=True))
    equal(silent.frame()[1][:5], b"\x04PING", "having answered, it gets another")
    check(silent.is_ended(), "who does not answer is disconnected")
    equal(timeouts(bridge, "watched"), 1, "heartbeat_timeout")
    equal(bridge.endpoint("watched")["connected"], 1, "the 3.0 peer stays")
    check(not select.select([old.socket], [], [], 0)[0], "and was sent nothing")
    silent.close()
    old.close()


def flood(bridge):
    """PINGs without an end, and no look at the answers: some are not answered, and nothing else happens."""
    peer = Raw(bridge.port("IN"), receive_buffer=4096).greet(minor=1)
    taken = bridge.status()["routes"][0]["messages"]
    peer.send(ping(0, b"16 bytes at most") * 200_000 + frame(b"a message behind them"))
    bridge.wait_for("the message is taken", lambda status: status["routes"][0]["messages"] == taken + 1)
    status = bridge.status()
    check(bridge.endpoint("in")["refused"]["outbox_full"] > 1000, "PINGs that went unanswered are counted")
    check(status["bridge"]["memory_bytes"] < MIB, f"the answers take no memory: {status['bridge']}")
    equal(bridge.endpoint("in")["connected"], 1, "its connection stays")
    peer.close()
    bridge.wait_for_peers("in", 0)


def libraries(flow, bridge):
    """libzmq on both ends of it, idle for many intervals: nobody is disconnected."""
    idle = [flow.socket(zmq.PUSH, bridge.address(name), **settings) for name in ("IN", "WATCHED") for settings in
            ({}, {"HEARTBEAT_IVL": 100, "HEARTBEAT_TIMEOUT": 1000, "HEARTBEAT_TTL": 1000})]
    monitors = [each.get_monitor_socket(zmq.EVENT_DISCONNECTED) for each in idle]
    for name in "in", "watched":
        bridge.wait_for_peers(name, 2)
    until = time.monotonic() + 2
    while time.monotonic() < until:  # nothing is to happen
        check(not any(each.poll(50) for each in monitors), "nobody is disconnected")
    pull = flow.socket(zmq.PULL, bridge.address("OUT"))
    equal(recv(pull, "what the flood ended with"), [b"a message behind them"], "the first message")
    for each in idle:
        each.send(b"still here")
        equal(recv(pull, "a message"), [b"still here"], "a message after a while")
    for each in idle:
        each.disable_monitor()


def main(flow):
    bridge = flow.bridge(YAML)
    peers_own_pings(bridge)
    silent_ones(bridge)
    flood(bridge)
    libraries(flow, bridge)


if __name__ == "__main__":
    run(main)

"""Plays each role with other implementations of ZeroMQ's protocol, through a real bridge, with pyzmq at the other side.

Each play has a bridge of its own. The messages must arrive unchanged, once, in order, and the bridge must end in order.
Prints a table: what each implementation did in each role, in seconds.
"""
import argparse
import contextlib
import sys
import time
from pathlib import Path

import zmq

from implementations import HERE, IMPLEMENTATIONS

import harness  # of examples/; implementations.py leads to it
from harness import Broken

ADDRESSES = ["clients", "workers", "jobs_in", "jobs_out", "posts_in", "posts_out"]
CALLS = [*range(1, 200), 0]  # the numbers of the messages; 0 is the last one
MESSAGES = [*range(1, 1000), 0]
PROBE = 1_000_000  # published until it arrives: from then on nothing else gets lost
PROBE_WAIT_MS = 50
harness.PATIENCE_S = 40


def message(number, third=b""):
    return [b"odd" if number % 2 else b"even", b"%d:" % number + b"x" * (number * 37 % 600), third]


def reply(number, third=b""):
    return [b"reply", *message(number, third)[1:]]


def line(frames):
    return b"|".join(frames).decode()


class Other:
    """The pyzmq socket at the other side."""

    def __init__(self, kind, address):
        self._context = zmq.Context()
        self.socket = self._context.socket(kind)
        self.socket.linger = 0
        self.socket.sndtimeo = self.socket.rcvtimeo = harness.PATIENCE_S * 1000
        self.socket.connect(address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self._context.term()

    def send(self, frames):
        try:
            self.socket.send_multipart(frames)
        except zmq.Again:
            raise Broken(f"pyzmq could not send {line(frames)[:40]}") from None

    def receive(self):
        try:
            return self.socket.recv_multipart()
        except zmq.Again:
            raise Broken("pyzmq waited in vain for a message") from None

    def expect(self, frames):
        same(self.receive(), frames)


def same(got, wanted):
    if got != wanted:
        raise Broken(f"got {str(got)[:120]} instead of {str(wanted)[:120]}")


def same_lines(peer, wanted):
    """The peer has printed these messages, and nothing else but its `connected`."""
    last = line(wanted[-1])
    peer.wait_for(last)
    got = [text for text in peer.lines if text not in ("connected", line(message(PROBE)))]
    same(len(got), len(wanted))
    for one, other in zip(got, wanted):
        same(one, line(other))


# --- the roles: functions of (the peer's program, the addresses); what the peer's role is, is the function's name


def req(peer, addresses):
    with Other(zmq.REP, addresses["workers"]) as worker:
        for number in CALLS:
            peer.type(str(number))
        for number in CALLS:
            worker.expect(message(number))
            worker.send(reply(number))
        same_lines(peer, [reply(number) for number in CALLS])


def rep(peer, addresses, third=b""):
    with Other(zmq.REQ, addresses["clients"]) as client:
        for number in CALLS:
            client.send(message(number, third))
            client.expect(reply(number, third))
        same_lines(peer, [message(number, third) for number in CALLS])


def rep_without_empty_frames(peer, addresses):
    rep(peer, addresses, b"third")


def push(peer, addresses):
    with Other(zmq.PULL, addresses["jobs_out"]) as consumer:
        for number in MESSAGES:
            peer.type(str(number))
        for number in MESSAGES:
            consumer.expect(message(number))


def pull(peer, addresses):
    with Other(zmq.PUSH, addresses["jobs_in"]) as producer:
        for number in MESSAGES:
            producer.send(message(number))
        same_lines(peer, [message(number) for number in MESSAGES])


def pub(peer, addresses):
    with Other(zmq.SUB, addresses["posts_out"]) as subscriber:
        subscriber.socket.subscribe(b"even")

        def arrived():
            peer.type(str(PROBE))
            return subscriber.socket.poll(PROBE_WAIT_MS)

        harness.wait_until(arrived, "nothing that it published arrived")
        for number in MESSAGES:
            peer.type(str(number))
        first = subscriber.receive()
        while first == message(PROBE):
            first = subscriber.receive()
        wanted = [message(number) for number in MESSAGES if number % 2 == 0]
        same(first, wanted[0])
        for frames in wanted[1:]:
            subscriber.expect(frames)


def sub(peer, addresses):
    with Other(zmq.PUB, addresses["posts_in"]) as publisher:

        def arrived():
            publisher.send(message(PROBE))
            return peer.count(line(message(PROBE)))

        harness.wait_until(arrived, "nothing that was published arrived")
        for number in MESSAGES:
            publisher.send(message(number))
        same_lines(peer, [message(number) for number in MESSAGES if number % 2 == 0])


# Role -> (how it is played, where the peer connects).
ROLES = {"req": (req, "clients"), "rep": (rep, "workers"), "push": (push, "jobs_in"), "pull": (pull, "jobs_out"),
         "pub": (pub, "posts_in"), "sub": (sub, "posts_out")}

# What an implementation cannot do with any peer.
# go-zeromq: its REP takes the last empty frame of a request, not the first, for the end of the envelope.
PLAYED_OTHERWISE = {("go-zeromq", "rep"): rep_without_empty_frames}


def play(name, role, command, binary):
    """One role of one implementation."""
    played, where = ROLES[role]
    played = PLAYED_OTHERWISE.get((name, role), played)
    with harness.Stage("", None) as stage, contextlib.ExitStack() as stopping:
        addresses = harness.free_addresses(ADDRESSES)
        bridge = stage.start_bridge(binary, HERE / "bridge.yaml", addresses.values(), addresses)
        peer = harness.Program(f"the {role}", [*command, role, addresses[where]], cwd=stage.tmp)
        stopping.callback(peer.stop)
        peer.wait_for("connected")
        try:
            played(peer, addresses)
        except Broken as broken:
            raise Broken(bridge.so_far(peer.so_far(str(broken)))) from None
        peer.end_of_input()
        if peer.wait_for_end() != 0:
            raise Broken(peer.so_far("its status is not 0"))
        bridge.end_in_order()


def timed(action, *arguments):
    """(seconds, None or what broke, what action() returned)"""
    began = time.monotonic()
    try:
        result, broken = action(*arguments), None
    except Broken as what:
        result, broken = None, str(what)
    return time.monotonic() - began, broken, result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    harness.add_bridge_option(parser)
    parser.add_argument("--build", type=Path, default=HERE.parents[1] / "build/peers", help="for what is fetched and built")
    parser.add_argument("--cpp", type=Path, metavar="PROGRAM", help="the built cpp/peer.cc")
    parser.add_argument("--role", choices=ROLES, action="append", help="only this one, or these; default: all")
    parser.add_argument("implementation", nargs="*", help="default: all. " + ", ".join(IMPLEMENTATIONS))
    options = parser.parse_args()
    if unknown := set(options.implementation) - set(IMPLEMENTATIONS):
        parser.error(f"no implementation named {', '.join(sorted(unknown))}")
    harness.stop_on_signals()
    roles = options.role or list(ROLES)

    failures = []
    print(f"{'':<12}{'made':>7}" + "".join(f"{role:>7}" for role in roles), flush=True)
    for name in options.implementation or IMPLEMENTATIONS:
        seconds, broken, command = timed(IMPLEMENTATIONS[name], options.build.resolve(),
                                         options.cpp and options.cpp.resolve())
        print(f"{name:<12}{'FAILED' if broken else f'{seconds:.1f}':>7}", end="", flush=True)
        failures += [broken] if broken else []
        for role in roles if command else []:
            seconds, broken, _ = timed(play, name, role, command, options.bridge)
            print(f"{'FAILED' if broken else f'{seconds:.1f}':>7}", end="", flush=True)
            failures += [f"{name} as {role}: {broken}"] if broken else []
        print(flush=True)
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

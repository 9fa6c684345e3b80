"""A group over kill -9: the bridge is killed again and again while REP workers and REQ pullers share a group. Every message is
given to somebody and settled in the end; one whose ACK was answered OK is never given again; what is given twice is
little: what was in somebody's hands when the bridge went, or was acked by a reply within the moment before.

    group_kill9.py BRIDGE --kills=50
"""
import random

from harness import *

COUNT = 20_000
EACH = 2  # workers, and pullers
QUIET_MS = 1500  # without an answer: the connection has ended, and the library has not said so
YAML = """
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  workers: { bind: "${WORKERS}", accept: rep }
  pullers: { bind: "${PULLERS}", accept: req }
topics:
  orders: {}
groups:
  logistics: { topic: orders, start: earliest, resume_grace: 300ms, retry: { attempts: 100, backoff: [100ms] } }
routes:
  - { from: in, to: topic/orders }
  - { from: group/logistics, to: [workers, pullers], guarantee: at_least_once }
"""


def note(journal, what, number):
    journal.write(b"%d %s %s\n" % (time.monotonic_ns(), what, number))


def rep_worker(link, address, file):
    rep = connected(zmq.Context(), zmq.REP, address, RECONNECT_IVL=20)
    with open(file, "ab", buffering=0) as journal:
        while True:
            number = rep.recv()
            note(journal, b"given", number)
            rep.send(b"done")


def puller(link, address, file):
    """Acks each message, and writes down that it was told so. Where nothing is answered it opens its socket anew."""
    context = zmq.Context()
    with open(file, "ab", buffering=0) as journal:
        while True:
            req = connected(context, zmq.REQ, address, RECONNECT_IVL=20, RCVTIMEO=QUIET_MS)
            try:
                while True:
                    req.send(b"NEXT WAIT 500ms HEADERS")
                    head, *number = req.recv_multipart()
                    if not number:
                        continue
                    note(journal, b"given", number[0])
                    req.send(b"ACK " + head.split(b" ")[1])
                    if req.recv() == b"OK":
                        note(journal, b"acked", number[0])
            except zmq.Again:
                req.close()


def main(flow):
    kills = flow.options.kills
    chance = random.Random(flow.options.seed)
    bridge = flow.bridge(YAML)
    dealer = flow.socket(zmq.DEALER, bridge.address("IN"), SNDHWM=0, RCVHWM=0)
    for number in range(COUNT):
        dealer.send_multipart([b"", b"%d" % number])
    for _ in range(COUNT):
        check(recv(dealer, "a receipt")[-1].startswith(b"OK "), "it is accepted")

    files = [flow.tmp / f"journal-{number}" for number in range(2 * EACH)]
    programs = [flow.start(rep_worker, bridge.address("WORKERS"), file) for file in files[:EACH]]
    programs += [flow.start(puller, bridge.address("PULLERS"), file) for file in files[EACH:]]

    def given():
        return sum(file.read_bytes().count(b" given ") if file.exists() else 0 for file in files)

    def happened():
        lines = [line.split(b" ") for file in files for line in file.read_bytes().splitlines()]
        return sorted((int(when), what, int(number)) for when, what, number in lines)

    wait_until(lambda: all(file.exists() and file.stat().st_size > 0 for file in files), "each has had something")
    for _ in range(kills):
        aim = given() + chance.randrange(1, COUNT // (kills + 2))
        wait_until(lambda: given() >= aim, "messages are given")
        bridge.kill()
        bridge.start()

    wait_until(lambda: len({number for _, what, number in happened() if what == b"given"}) == COUNT, "all are given")
    bridge.wait_for("nobody holds anything", lambda status: all(
        each["consuming"]["in_flight"] == 0 for each in status["endpoints"] if "consuming" in each))
    check(not any(program.has_said() for program in programs), "all of them work on")

    acked, times = set(), {}
    for _, what, number in happened():
        if what == b"acked":
            acked.add(number)
        else:
            check(number not in acked, f"message {number} is not given after its ACK was answered")
            times[number] = times.get(number, 0) + 1
    again = sum(times.values()) - COUNT
    check(again <= kills * 1000, f"little is given twice: {again} of {COUNT}")
    check(len(acked) > 100, f"pullers have done their part: {len(acked)}")
    bridge.kill()
    bridge.start()
    last = flow.socket(zmq.REQ, bridge.address("PULLERS"))
    last.send(b"NEXT WAIT 1s HEADERS")
    equal(recv(last, "whether there is more"), [b"NONE"], "after another kill")
    flow.figure(f"{kills} kills, {COUNT} messages, {len(acked)} acked by pullers, {again} given twice")


if __name__ == "__main__":
    run(main, kills=6, seed=1)

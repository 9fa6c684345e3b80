"""A topic that keeps the last message of each key gives a late reader the state, not the history: what newer messages have
replaced leaves the disk while the bridge runs, and never comes back; every offset stays, nothing counts as lost.
"""
from harness import *

KEYS = 50
ROUNDS = 400
BODY = b"x" * 3000
YAML = """
plugins:
  durable: { config: { segment_bytes: 1MiB, clean_rate: 1GiB } }
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}" }
topics:
  state: { keep: last_per_key }
routes:
  - { from: in, set: { keys: ["$frame[0]"] }, to: topic/state }
  - { from: topic/state, to: out, start: earliest }
"""


def state_of(flow, bridge):
    """What a late reader gets, until it has caught up: (key, number) in their order."""
    sub = flow.socket(zmq.SUB, bridge.address("OUT"), RCVHWM=0)
    sub.subscribe(b"")
    got = []
    while not got or got[-1] != ("last", "end"):
        key, number, _ = recv(sub, "the next message of the topic")
        got.append((key.decode(), number.decode()))
    sub.close()
    return got


def shown(bridge):
    return json.loads(bridge.command("topic", "show", "state", "--json", "--at", bridge.data_dir).stdout)


def main(flow):
    bridge = flow.bridge(YAML)
    push = flow.socket(zmq.PUSH, bridge.address("IN"), SNDHWM=0)
    push.send_multipart([b"first", b"0", BODY])
    for number in range(ROUNDS):
        for key in range(KEYS):
            push.send_multipart([b"k%d" % key, b"%d" % number, BODY])
    push.send_multipart([b"last", b"end", BODY])

    total = KEYS * ROUNDS + 2
    bridge.wait_for("all is stored", lambda _: shown(bridge)["head"] == total)
    newest = {f"k{key}": str(ROUNDS - 1) for key in range(KEYS)} | {"first": "0", "last": "end"}
    live = len(newest) * 3000
    bridge.wait_for("what was replaced leaves the disk",
                    lambda status: status["store"]["segment_bytes"] <= 4 * live + 3 * (1 << 20))
    for life in ("the first life", "behind a SIGKILL"):
        got = state_of(flow, bridge)
        equal(dict(got), newest, f"in {life} the newest message of each key")
        check(len(got) < total / 4, f"in {life} the late reader is given {len(got)} of {total} messages")
        numbers = [int(number) for key, number in got if key == "k7"]
        equal(numbers, sorted(set(numbers)), "those of a key in order, each once")
        reading = bridge.endpoint("out")["reading"]
        equal((reading["dropped_missing"], reading["dropped_retention"]), (0, 0), f"in {life}, missed")
        equal((shown(bridge)["keys"], shown(bridge)["messages"]), (KEYS + 2, len(got)), f"in {life}, keys and messages")
        if life == "the first life":
            before = got
            bridge.kill()
            bridge.start()
    check(set(got) <= set(before), "what was gone does not come back")
    flow.figure(f"{len(got)} of {total} messages are left, {bridge.status()['store']['segment_bytes'] >> 10} KiB")


if __name__ == "__main__":
    run(main)

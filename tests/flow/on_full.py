"""What happens at a full line and at a SUB that does not read, for each `on_full`: the source is held and nothing lost, or
the newest or the oldest are dropped and counted, or the SUB is disconnected. What is kept arrives in order.
"""
from harness import *

LINE = 100
LINE_BYTES = 100_000
SENT = 1000
YAML = f"""
endpoints:
  block-in: {{ bind: "${{BLOCK_IN}}" }}
  block: {{ bind: "${{BLOCK}}", accept: pull, line: {{ max_messages: {LINE} }} }}
  newest-in: {{ bind: "${{NEWEST_IN}}" }}
  newest: {{ bind: "${{NEWEST}}", accept: pull, line: {{ max_messages: {LINE} }} }}
  oldest-in: {{ bind: "${{OLDEST_IN}}" }}
  oldest: {{ bind: "${{OLDEST}}", accept: pull, line: {{ max_messages: {LINE} }} }}
  bytes-in: {{ bind: "${{BYTES_IN}}" }}
  bytes: {{ bind: "${{BYTES}}", accept: pull, line: {{ max_bytes: {LINE_BYTES}B }} }}
  sub-block-in: {{ bind: "${{SUB_BLOCK_IN}}" }}
  sub-block: &slow {{ bind: "${{SUB_BLOCK}}", accept: sub, limits: {{ max_waiting_messages: {LINE} }} }}
  sub-newest-in: {{ bind: "${{SUB_NEWEST_IN}}" }}
  sub-newest: {{ <<: *slow, bind: "${{SUB_NEWEST}}" }}
  sub-oldest-in: {{ bind: "${{SUB_OLDEST_IN}}" }}
  sub-oldest: {{ <<: *slow, bind: "${{SUB_OLDEST}}" }}
  sub-gone-in: {{ bind: "${{SUB_GONE_IN}}" }}
  sub-gone: {{ <<: *slow, bind: "${{SUB_GONE}}" }}
routes:
  - {{ from: block-in, to: block, on_full: block }}
  - {{ from: newest-in, to: newest, on_full: drop_newest }}
  - {{ from: oldest-in, to: oldest, on_full: drop_oldest }}
  - {{ from: bytes-in, to: bytes, on_full: drop_newest }}
  - {{ from: sub-block-in, to: sub-block, on_full: block }}
  - {{ from: sub-newest-in, to: sub-newest, on_full: drop_newest }}
  - {{ from: sub-oldest-in, to: sub-oldest, on_full: drop_oldest }}
  - {{ from: sub-gone-in, to: sub-gone, on_full: disconnect }}
"""


def send_all(flow, bridge, name, size=8):
    push = flow.socket(zmq.PUSH, bridge.address(f"{name}_IN"), SNDHWM=0)
    for number in range(SENT):
        push.send(b"%08d" % number + bytes(size - 8))
    return push


def lines(flow, bridge):
    push = {name: send_all(flow, bridge, name) for name in ("BLOCK", "NEWEST", "OLDEST")}
    bridge.wait_for("a full line holds its source", lambda _: bridge.endpoint("block-in")["held"])
    equal(bridge.endpoint("block")["delivery"]["line"], LINE, "messages in the line that blocks")
    kept = {"NEWEST": range(LINE), "OLDEST": range(SENT - LINE, SENT), "BLOCK": range(SENT)}
    for name, numbers in kept.items():
        if name != "BLOCK":
            bridge.wait_for("the rest is counted", lambda _, name=name:
                            bridge.endpoint(name.lower())["delivery"]["dropped_line"] == SENT - LINE)
        pull = flow.socket(zmq.PULL, bridge.address(name))
        got = [int(recv(pull, f"what {name} kept")[0]) for _ in numbers]
        check(got == list(numbers), f"{name} keeps what it says, in order: {short(got)}")
        check(not pull.poll(50), "and nothing else")
        pull.close()
        push[name].close()
    equal(bridge.endpoint("block")["delivery"]["dropped_line"], 0, "dropped where the source is held")


def line_by_bytes(flow, bridge):
    """The limit by bytes is one of its own."""
    size = 1000
    push = send_all(flow, bridge, "BYTES", size)
    delivery = bridge.wait_for("the rest is counted", lambda _: bridge.endpoint("bytes")["delivery"] if
                               bridge.endpoint("bytes")["delivery"]["line"] +
                               bridge.endpoint("bytes")["delivery"]["dropped_line"] == SENT else None)
    check(LINE_BYTES - 2 * size < delivery["line_bytes"] < LINE_BYTES + 2 * size, f"bytes in the line: {delivery}")
    pull = flow.socket(zmq.PULL, bridge.address("BYTES"))
    got = [int(recv(pull, "what is kept")[0][:8]) for _ in range(delivery["line"])]
    equal(got, list(range(delivery["line"])), "the first ones are kept")
    pull.close()
    push.close()


def slow_sub(bridge, name):
    """A SUB that has subscribed to all, and does not read."""
    sub = Raw(bridge.port(name), receive_buffer=4096).greet("SUB").send(frame(b"\x01"))
    endpoint = name.lower().replace("_", "-")
    bridge.wait_for("it has subscribed", lambda _: bridge.endpoint(endpoint)["delivery"]["prefixes"] == 1)
    return sub, endpoint


def numbers_of(sub, count):
    return [int(sub.frame()[1][:8]) for _ in range(count)]


def subs(flow, bridge):
    size = 1024
    sub, endpoint = slow_sub(bridge, "SUB_BLOCK")
    push = send_all(flow, bridge, "SUB_BLOCK", size)
    bridge.wait_for("it holds its source", lambda _: bridge.endpoint(f"{endpoint}-in")["held"])
    check(numbers_of(sub, SENT) == list(range(SENT)), "block: all arrives when it reads, in order")
    equal(bridge.endpoint(endpoint)["delivery"]["dropped_peer"], 0, "block: dropped")
    sub.close()
    push.close()

    for name in "SUB_NEWEST", "SUB_OLDEST":
        sub, endpoint = slow_sub(bridge, name)
        push = send_all(flow, bridge, name, size)
        route = f"{endpoint}-in->{endpoint}"
        bridge.wait_for("all was taken", lambda status, route=route:
                        any(each["name"] == route and each["messages"] == SENT for each in status["routes"]))
        peer = bridge.endpoint(endpoint)["peers"][0]
        dropped = peer["dropped"]
        check(0 < dropped < SENT and peer["waiting"] <= LINE, f"{name}: its drops are counted: {peer}")
        equal(bridge.endpoint(endpoint)["delivery"]["dropped_peer"], dropped, f"{name}: dropped in the endpoint's sum")
        kept = SENT - dropped
        got = numbers_of(sub, SENT - dropped)
        check(all(a < b for a, b in zip(got, got[1:])), f"{name}: in order, and nothing else: {short(got)}")
        if name == "SUB_NEWEST":
            equal(got[:LINE], list(range(LINE)), "drop_newest: the first ones are kept")
        else:
            equal(got[-LINE // 2:], list(range(SENT - LINE // 2, SENT)), "drop_oldest: the last ones are kept")
        push.send(b"%08d" % SENT)
        equal(numbers_of(sub, 1), [SENT], f"{name}: what follows when there is room")
        sub.close()
        push.close()

    sub, endpoint = slow_sub(bridge, "SUB_GONE")
    push = send_all(flow, bridge, "SUB_GONE", size)
    bridge.wait_for("it is disconnected", lambda _: bridge.endpoint(endpoint)["connected"] == 0)
    equal(bridge.endpoint(endpoint)["delivery"]["disconnected"], 1, "disconnected")
    check(bridge.endpoint(endpoint)["refused"].get("outbox_full") == 1, "and counted: outbox_full")
    check(sub.is_ended(), "its connection is ended")


def main(flow):
    bridge = flow.bridge(YAML)
    lines(flow, bridge)
    line_by_bytes(flow, bridge)
    subs(flow, bridge)


if __name__ == "__main__":
    run(main)

"""Producers that are held have sent so much that all memory is in their own hands. When somebody takes messages again,
everything arrives, nobody is disconnected, and the memory is free: nothing is kept for one who has nothing more to say.
"""
from harness import *

MEMORY = 8 * MIB
PRODUCERS = 12
YAML = f"""
bridge:
  memory: {MEMORY // MIB}MiB
endpoints:
  a-in: &patient {{ bind: "${{A_IN}}", accept: push, limits: {{ handshake_time: 10m }} }}
  b-in: {{ <<: *patient, bind: "${{B_IN}}" }}
  c-in: {{ <<: *patient, bind: "${{C_IN}}" }}
  a: {{ bind: "${{A}}", accept: pull, line: {{ max_messages: 1 }} }}
  b: {{ bind: "${{B}}", accept: pull, line: {{ max_messages: 1 }} }}
  c: {{ bind: "${{C}}", accept: pull, line: {{ max_messages: 1 }} }}
routes:
  - {{ from: a-in, to: a }}
  - {{ from: b-in, to: b }}
  - {{ from: c-in, to: c }}
"""


def used(bridge):
    return bridge.status()["bridge"]["memory_bytes"]


def all_of_it_is_held(flow, bridge):
    """Two whole messages, each in front of a full line, and the beginning of a third. `handshake_time` is so long that
    nobody is given up as stalled."""
    sizes = {"A": 3_800_000, "B": 3_800_000, "C": 2_000_000}
    pushes = {name: flow.socket(zmq.PUSH, bridge.address(f"{name}_IN")) for name in sizes}
    for name in "A", "B":
        pushes[name].send(b"the line is full")
        pushes[name].send(bytes(sizes[name]))
        bridge.wait_for("its message is held", lambda _, name=name: bridge.endpoint(f"{name.lower()}-in")["held"])
    pushes["C"].send(bytes(sizes["C"]))
    bridge.wait_for("all memory is used", lambda _: used(bridge) >= MEMORY)
    flow.figure(f"{used(bridge) / MIB:.1f} of {MEMORY // MIB} MiB used, nearly all of it by producers that are held")

    for name, size in sizes.items():
        pull = flow.socket(zmq.PULL, bridge.address(name))
        if name != "C":
            equal(recv(pull, f"what waits at {name}"), [b"the line is full"], "the first message")
        equal(len(recv(pull, f"what was held at {name}")[0]), size, "the size of the one that was held")
        pull.close()
        bridge.wait_for_peers(name.lower(), 0)
    bridge.wait_for("the memory is free again", lambda _: used(bridge) < MEMORY / 8)


def one_after_another(flow, bridge):
    """Each sends one message, which is held for a while, and keeps its connection."""
    size = 1_500_000
    filler = flow.socket(zmq.PUSH, bridge.address("A_IN"))
    idle = []
    for number in range(PRODUCERS):
        filler.send(b"the line is full")
        bridge.wait_for("the line is full", lambda _: bridge.endpoint("a")["delivery"]["line"] == 1)
        idle.append(flow.socket(zmq.PUSH, bridge.address("A_IN")))
        idle[-1].send(b"%04d" % number + bytes(size))
        bridge.wait_for("it is held", lambda _: bridge.endpoint("a-in")["held"])
        pull = flow.socket(zmq.PULL, bridge.address("A"))
        equal(recv(pull, "what is in the line"), [b"the line is full"], "the first message")
        equal(int(recv(pull, f"the message of producer {number}")[0][:4]), number, "whose message was held")
        pull.close()
        bridge.wait_for_peers("a", 0)
    bridge.wait_for_peers("a-in", PRODUCERS + 1)
    bridge.wait_for("the memory is free again", lambda _: used(bridge) < MEMORY / 8)


def main(flow):
    bridge = flow.bridge(YAML)
    one_after_another(flow, bridge)
    all_of_it_is_held(flow, bridge)
    for name in "a-in", "b-in", "c-in":
        equal(bridge.endpoint(name)["refused"], {}, f"connections that it cost at {name}")


if __name__ == "__main__":
    run(main)

"""PUSHes that send, close with a linger and are gone while their source is held: what their kernel still has is not
lost.
"""
from harness import *

SIZE = 1000
EACH = 2000  # messages a producer: more than the line takes, less than its kernel does
LINE = 100
PRODUCERS = 3
YAML = f"""
endpoints:
  in: {{ bind: "${{IN}}" }}
  out: {{ bind: "${{OUT}}", line: {{ max_messages: {LINE} }} }}
routes:
  - {{ from: in, to: out }}
"""


def producer(link, address, number):
    context = zmq.Context()
    pushing = connected(context, zmq.PUSH, address, LINGER=-1)
    for each in range(EACH):
        pushing.send(struct.pack("<II", number, each) + bytes(SIZE - 8))
    pushing.close()
    context.term()
    link.say("all is in the kernel")


def main(flow):
    bridge = flow.bridge(YAML)
    for number in range(PRODUCERS):
        pushing = flow.start(producer, bridge.address("IN"), number)
        equal(pushing.hear(), "all is in the kernel", "a producer that leaves says")
        pushing.end()
    source = bridge.endpoint("in")
    check(source["held"], f"the source is held: {source}")
    taken = bridge.status()["routes"][0]["messages"]
    check(taken < PRODUCERS * EACH / 2, f"most is not taken in: {taken}")
    time.sleep(flow.options.seconds)  # what the bridge says to them meanwhile is answered by a reset
    equal(bridge.endpoint("in")["connected"], PRODUCERS, "producers that are read to their end")

    pulling = connected(flow.context, zmq.PULL, bridge.address("OUT"))
    got = {}
    for _ in range(PRODUCERS * EACH):
        check(pulling.poll(PATIENCE_S * 1000), f"all arrives: {sum(map(len, got.values()))} have")
        number, each = struct.unpack_from("<II", pulling.recv())
        got.setdefault(number, []).append(each)
    for number in range(PRODUCERS):
        equal(got[number], list(range(EACH)), f"what producer {number} has sent, in order")
    bridge.wait_for_peers("in", 0)


if __name__ == "__main__":
    run(main, seconds=1.0)

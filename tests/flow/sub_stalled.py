"""One SUB stalls for the whole run: the others get every message, what is dropped for the stalled one is counted, and the
bridge's memory is bounded.
"""
from harness import *

OTHERS = 3
SIZE = 1000
WAITING = 1000
YAML = f"""
bridge:
  memory: 16MiB
endpoints:
  in: {{ bind: "${{IN}}", accept: push }}
  out: {{ bind: "${{OUT}}", accept: sub, limits: {{ max_waiting_messages: {WAITING}, max_waiting: 4MiB }} }}
routes:
  - {{ from: in, to: out }}
"""


def main(flow):
    messages = flow.options.messages
    bridge = flow.bridge(YAML)
    stalled = Raw(bridge.port("OUT"), receive_buffer=4096).greet("SUB")
    stalled.send(frame(b"\x01", command=False))
    others = [flow.socket(zmq.SUB, bridge.address("OUT"), RCVHWM=0, SUBSCRIBE=b"") for _ in range(OTHERS)]
    bridge.wait_for("all have subscribed", lambda status: len(status["endpoints"][1]["peers"]) == OTHERS + 1 and
                    status["endpoints"][1]["delivery"]["prefixes"] == 1)
    # One prefix, however many asked for it: each of them shows that it has by getting a message.
    push = flow.socket(zmq.PUSH, bridge.address("IN"))
    for other in others:
        while not other.poll(20):
            push.send(b"are you there?")
    stalled.frame()

    push.send(b"begin")
    for other in others:
        while recv(other, "the beginning") != [b"begin"]:
            pass
    got = [0] * OTHERS
    for number in range(messages):
        push.send(b"%08d" % number + bytes(SIZE - 8))
        if number % 200 == 199:  # no faster than the others read: nothing is dropped for them
            for index, other in enumerate(others):
                while got[index] <= number:
                    equal(recv(other, f"message {got[index]}")[0][:8], b"%08d" % got[index], "in order, without a gap")
                    got[index] += 1
    equal(got, [messages] * OTHERS, "what the others got")
    peers = {peer["address"].rsplit(":", 1)[1]: peer for peer in bridge.endpoint("out")["peers"]}
    slow = peers.pop(str(stalled.socket.getsockname()[1]))
    counts = bridge.endpoint("out")["delivery"]
    flow.figure(f"{slow['dropped']} of {messages} dropped for the stalled one, {slow['waiting']} wait for it; "
                f"peak {bridge.peak_rss_mib():.0f} MiB")
    equal([peer["dropped"] for peer in peers.values()], [0] * OTHERS, "dropped for the others")
    check(slow["dropped"] > 0 and slow["dropped"] == counts["dropped_peer"] + counts["dropped_memory"],
          f"its drops are counted, also in the endpoint's sum: {slow}, {counts}")
    check(slow["waiting"] <= WAITING, "no more than its limit waits")
    equal(slow["in"], 0, "messages from it")
    check(flow.sanitized or bridge.peak_rss_mib() < 60, "memory is bounded")
    stalled.close()


if __name__ == "__main__":
    run(main, messages=30_000)

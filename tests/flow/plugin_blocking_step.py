"""A step that waits has a thread of its own: order is kept, its producers are held when as many messages wait for it as may, so
that memory is bounded, and other routes go on.
"""
from harness import *

YAML = """
plugins:
  wait: {{ use: "{plugins}/blocking.so", config: {{ fifo: "{fifo}" }}, limits: {{ max_waiting_messages: 100 }} }}
endpoints:
  in: {{ bind: "${{IN}}" }}
  out: {{ bind: "${{OUT}}", accept: pull }}
  other-in: {{ bind: "${{OTHER_IN}}" }}
  other-out: {{ bind: "${{OTHER_OUT}}", accept: pull }}
routes:
  - {{ from: in, steps: [wait], to: out }}
  - {{ from: other-in, to: other-out }}
"""
MESSAGES = 3000
BODY = 20_000


def producer(link, address):
    with zmq.Context() as context:
        push = connected(context, zmq.PUSH, address, LINGER=-1)
        for number in range(MESSAGES):
            push.send_multipart([b"%d" % number, bytes(BODY)])
        link.say("all sent")
        link.hear()
        push.close()


def main(flow):
    fifo = flow.tmp / "fifo"
    os.mkfifo(fifo)
    bridge = flow.bridge(YAML.format(plugins=flow.options.plugins, fifo=fifo))
    out = flow.socket(zmq.PULL, bridge.address("OUT"))
    before_mib = bridge.rss_mib()
    sender = flow.start(producer, bridge.address("IN"))
    bridge.wait_for("its producer is held", lambda _: bridge.endpoint("in")["held"])
    equal(bridge.status()["plugins"][0]["messages"], 0, "the step has answered nothing yet")

    other = flow.socket(zmq.REQ, bridge.address("OTHER_IN"))
    other_out = flow.socket(zmq.PULL, bridge.address("OTHER_OUT"))
    for number in range(200):
        other.send(b"%d" % number)
        check(recv(other, "a receipt on the other route")[0].startswith(b"OK "), "the other route answers")
        equal(recv(other_out, "a message of the other route"), [b"%d" % number], "the other route")
    check(bridge.endpoint("in")["held"], "it is held all the while")
    if not flow.sanitized:
        check(bridge.rss_mib() - before_mib < 32, f"what waits is bounded: {bridge.rss_mib() - before_mib:.0f} MiB more")

    with open(fifo, "wb", buffering=0) as gate:
        sent = 0
        for number in range(MESSAGES):
            while sent < MESSAGES and sent < number + 200:  # the pipe takes 64 KiB
                sent += gate.write(b"x" * 100)
            equal(recv(out, f"message {number}")[0], b"%d'" % number, "in order, each once")
    equal(sender.hear(), "all sent", "the producer could go on")
    sender.say()
    bridge.wait_for("all is through", lambda status: status["plugins"][0]["passed"] == MESSAGES)
    check(not bridge.endpoint("in")["held"], "nothing is held any more")
    equal(bridge.terminate(), 0, "it ends cleanly")


if __name__ == "__main__":
    run(main, plugins="")

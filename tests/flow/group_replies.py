"""What a worker replies may say what becomes of its message (`settle`), and be published with the ack (`replies`): both or
none.
"""
from harness import *

YAML = """
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  packers: { bind: "${PACKERS}", accept: [rep, dealer] }
  judges: { bind: "${JUDGES}", accept: rep }
  results: { bind: "${RESULTS}" }
  dead: { bind: "${DEAD}" }
topics:
  orders: {}
  packed: {}
groups:
  logistics: { topic: orders, start: earliest }
  judging: { topic: orders, start: earliest, retry: { attempts: 1, backoff: [100ms] } }
routes:
  - { from: in, to: topic/orders }
  - { from: group/logistics, to: packers, replies: topic/packed }
  - { from: group/judging, to: judges, settle: { ok: "prefix:OK", retry: "prefix:LATER", reject: "prefix:NEVER" } }
  - { from: topic/packed, to: results, start: earliest }
  - { from: topic/judging-dead, to: dead, start: earliest }
"""


def main(flow):
    bridge = flow.bridge(YAML)
    push = flow.socket(zmq.PUSH, bridge.address("IN"))
    results = flow.socket(zmq.SUB, bridge.address("RESULTS"))
    dead = flow.socket(zmq.SUB, bridge.address("DEAD"))
    for each in (results, dead):
        each.subscribe(b"")
    for number in range(3):
        push.send(b"%d" % number)

    rep = flow.socket(zmq.REP, bridge.address("PACKERS"))
    for number in range(2):
        equal(recv(rep, "work"), [b"%d" % number], "work")
        rep.send_multipart([b"packed %d" % number, b"", b"in a box"])
        equal(recv(results, "its reply"), [b"packed %d" % number, b"", b"in a box"], "what was published")
    rep.close()
    bridge.wait_for_peers("packers", 0)
    dealer = flow.socket(zmq.DEALER, bridge.address("PACKERS"))
    token, empty, body = recv(dealer, "work")
    equal((len(token), empty, body), (16, b"", b"2"), "what a DEALER gets")
    dealer.send_multipart([token, b"", b"packed by a DEALER"])
    equal(recv(results, "its reply"), [b"packed by a DEALER"], "what was published")
    dealer.send_multipart([token, b"", b"packed twice"])
    bridge.wait_for("a stale reply is counted", lambda _: bridge.endpoint("packers")["consuming"]["stale"] == 1)
    check(not results.poll(50), "and publishes nothing")

    judge = flow.socket(zmq.REP, bridge.address("JUDGES"))
    said = {0: [b"OK", b"fine"], 1: [b"NEVER: no such order"], 2: [b"LATER"]}
    for number in range(3):
        equal(recv(judge, "work"), [b"%d" % number], "work")
        judge.send_multipart(said[number])
    equal(recv(dead, "what was rejected"), [b"1"], "a dead letter")
    equal(recv(judge, "what was retried"), [b"2"], "again")
    judge.send(b"whatever")  # no rule matches: a retry, of which there are no more
    equal(recv(dead, "what was retried too often"), [b"2"], "a dead letter")
    consuming = bridge.endpoint("judges")["consuming"]
    equal((consuming["acked"], consuming["rejected"]), (1, 1), "acked, rejected")


if __name__ == "__main__":
    run(main)

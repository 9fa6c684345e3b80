"""ZBP/1 through the whole bridge: a batch is published and receipted, delivered, settled; what a client held when its connection
was lost, or the bridge was killed, it settles when it is back; what is sent again is stored once.
"""
from harness import *
from zbp import Client, messages_in, token_behind

YAML = """
bridge:
  listen: "${ZBP}"
plugins: { durable: {} }
topics:
  orders: { dedup: { window: 10m } }
  plain: {}
groups:
  logistics: { topic: orders, start: earliest, lease: 60s, resume_grace: 300ms, retry: { attempts: 3, backoff: [100ms] } }
"""


def publish_and_deliver(flow, bridge):
    maker = Client(flow.context, bridge.address("ZBP"), name="maker")
    maker.publish("orders", b"one", [b"two", b"", b"frames"], b"x" * 300, once=True)
    equal(maker.outcomes(3), {1: "stored", 2: "stored", 3: "stored"}, "outcomes")
    maker.publish("orders", b"one", [b"two", b"", b"frames"], b"x" * 300, b"four", once=True,
                  seq=4)  # other numbers: other messages
    maker.outcomes(4)
    maker.publish("nowhere", b"lost")
    equal(maker.outcomes(1), {8: "not_found"}, "outcomes of no topic")
    maker.publish("plain", b"no dedup", once=True)
    equal(maker.outcomes(1), {9: "unable"}, "outcomes of `once` without dedup")

    taker = Client(flow.context, bridge.address("ZBP"), name="taker")
    taker.say("SUBSCRIBE", {"sub": 1, "group": "logistics", "credit": 4})
    equal(taker.hear("SUBSCRIBED")[0]["lease"], 60_000, "the group's lease")
    given = taker.take(4)
    equal([frames for _, _, frames in given], [[b"one"], [b"two", b"", b"frames"], [b"x" * 300], [b"one"]], "messages")
    taker.settle("logistics", [given[0][0]], ref=1)
    equal(taker.settled(1)["stale"], [0], "stale")
    taker.settle("logistics", [given[0][0]], ref=2)
    equal(taker.settled(2)["stale"], [1], "stale when settled twice")
    taker.settle("logistics", [given[1][0]], verdict="retry", delay=0)
    again = taker.take(2)  # credit for two more: the retry and the next one, in any order
    check(any(attempt == 2 and frames == [b"two", b"", b"frames"] for _, attempt, frames in again), "a retry has attempt 2")
    return maker, taker, given[2:] + again


def connection_lost(flow, bridge, taker, held):
    """It comes back under its name, and has what it held."""
    taker.close()
    back = Client(flow.context, bridge.address("ZBP"), name="taker", resume=True)
    equal(back.welcome["resumed"], len(held), "messages that it has again")
    listed = [(group, token_behind(token, n)) for group, token, count in back.welcome["held"] for n in range(count)]
    equal(sorted(listed), sorted(("logistics", token) for token, _, _ in held), "which these are")
    back.settle("logistics", [held[0][0]], ref=7)
    equal(back.settled(7)["stale"], [0], "what it held is settled on the new connection")
    return back, held[1:]


def bridge_killed(flow, bridge, maker, taker, held):
    bridge.kill()
    maker.close(), taker.close()
    bridge.start()
    maker = Client(flow.context, bridge.address("ZBP"), name="maker")
    maker.publish("orders", b"one", [b"two", b"", b"frames"], seq=4, once=True)
    maker.seq = 100
    maker.publish("orders", b"new", once=True)
    equal(maker.outcomes(3), {4: "duplicate", 5: "duplicate", 101: "stored"}, "outcomes of what was sent again")
    taker = Client(flow.context, bridge.address("ZBP"), name="taker", resume=True)
    equal(taker.welcome["resumed"], 0, "messages held over a restart")
    for number, (token, _, _) in enumerate(held):
        taker.settle("logistics", [token], ref=number)
        equal(taker.settled(number)["stale"], [0], "a token of before settles")
    taker.say("SUBSCRIBE", {"sub": 3, "group": "logistics", "credit": 100})
    rest = [frames for _, _, frames in taker.take(3)]
    equal(rest, [[b"x" * 300], [b"four"], [b"new"]], "what nobody had been delivered")
    return maker, taker


def main(flow):
    bridge = flow.bridge(YAML)
    maker, taker, held = publish_and_deliver(flow, bridge)
    taker, held = connection_lost(flow, bridge, taker, held)
    maker, taker = bridge_killed(flow, bridge, maker, taker, held)

    taker.say("BYE", {})
    taker.hear("BYE")
    status = bridge.endpoint("listen")["clients"]
    equal((status["published"], status["duplicates"], status["in_flight"]), (3, 2, 0), "published, duplicates, in flight")
    check("CLIENTS AT" in bridge.command("status", "--at", bridge.data_dir).stdout, "status has a line for it")

    fetcher = Client(flow.context, bridge.address("ZBP"))
    fetcher.say("RECEIVE", {"ref": 1, "group": "logistics", "max": 2, "wait": 60000, "lease": 60000})
    given, fields = fetcher.delivered()
    equal((fields["ref"], len(given)), (1, 2), "what was given back is fetched")
    fetcher.say("EXTEND", {"ref": 2, "group": "logistics", "ranges": [[given[0][0], 1]], "lease": 120000})
    new = fetcher.settled(2)["tokens"][0]
    fetcher.settle("logistics", [given[0][0]], ref=3)
    equal(fetcher.settled(3)["stale"], [1], "its old token is stale")
    fetcher.settle("logistics", [new, given[1][0]], ref=4)
    equal(fetcher.settled(4)["stale"], [0, 0], "the new one is not")
    fetcher.say("RECEIVE", {"ref": 5, "group": "logistics", "max": 10})
    last, _ = fetcher.delivered()
    fetcher.settle("logistics", [token for token, _, _ in last], verdict="reject", reason="broken", ref=6)
    equal(fetcher.settled(6)["stale"], [0], "rejected")
    fetcher.say("RECEIVE", {"ref": 8, "group": "logistics", "max": 10, "wait": 200})
    equal(fetcher.delivered(), ([], {"ref": 8, "runs": []}), "nothing is left")

    fetcher.say("SUBSCRIBE", {"sub": 9, "topic": "orders", "credit": 100, "offset": 4})
    equal(fetcher.hear("SUBSCRIBED")[0]["offset"], 4, "where a reader begins")
    read = []
    while len(read) < 4:
        fields, wire = fetcher.hear("DELIVER")
        equal(fields["offset"], 4 + len(read), "offsets follow each other")
        read += messages_in(wire)
    equal(read, [[b"two", b"", b"frames"], [b"x" * 300], [b"four"], [b"new"]], "what is read of the topic")

    bridge.process.terminate()
    equal(fetcher.hear("BYE")[0]["code"], "shutting_down", "the end of the bridge is told")
    equal(bridge.process.wait(PATIENCE_S), 0, "the end's status")


run(main)

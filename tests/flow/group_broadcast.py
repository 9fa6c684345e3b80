"""A group that is a broadcast: each consumer, by its routing id, gets every message from where it stood, over kill -9 of the bridge
and its own absence; nothing again after its OK. A peer without a name is refused, with the reason; so is one name too many. One
that is removed begins anew.
"""
from harness import *

YAML = """
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  caches: { bind: "${CACHES}", puller: verbs }
topics:
  changes: {}
groups:
  caches:
    { topic: changes, mode: broadcast, start: earliest, max_consumers: 3, resume_grace: 200ms, retry: { backoff: [100ms] } }
routes:
  - { from: in, to: topic/changes }
  - { from: group/caches, to: caches }
"""
EACH = 300  # messages between two kills
KILLS = 3


def consumer(link, address, name):
    """Pulls as `name` and acks each message; where nothing is answered it opens its socket anew."""
    context = zmq.Context()
    while True:
        req = connected(context, zmq.REQ, address, IDENTITY=name, RECONNECT_IVL=20, RCVTIMEO=1500)
        try:
            while True:
                req.send(b"NEXT WAIT 300ms HEADERS")
                head, *frames = req.recv_multipart()
                if not frames:
                    continue
                link.say(("given", int(frames[0])))
                req.send(b"ACK " + head.split(b" ")[1])
                if req.recv() == b"OK":
                    link.say(("acked", int(frames[0])))
        except zmq.Again:
            req.close()


class Heard:
    """What a consumer tells: nothing comes again after its OK. All of them are heard: a program whose words nobody takes stands."""

    everybody = []

    def __init__(self, program):
        self.program = program
        self.given, self.acked = [], set()
        self.everybody.append(self)

    def take(self):
        while self.program.has_said():
            what, number = self.program.hear()
            if what == "acked":
                self.acked.add(number)
                continue
            check(number not in self.acked, f"{number} comes again after its OK")
            self.given.append(number)

    def wait_for(self, numbers, what):
        wanted = set(numbers)

        def all_are_given():
            for each in self.everybody:
                each.take()
            return wanted.issubset(self.given)

        wait_until(all_are_given, what)


def main(flow):
    bridge = flow.bridge(YAML)
    dealer = flow.socket(zmq.DEALER, bridge.address("IN"))

    def publish(numbers):
        for number in numbers:
            dealer.send_multipart([b"", b"%d" % number])
        for _ in numbers:
            check(recv(dealer, "a receipt")[-1].startswith(b"OK "), "it is accepted")

    def group(*more):
        answer = bridge.command("group", "show", "caches", "--json", "--at", bridge.data_dir, *more)
        equal(answer.returncode, 0, f"group show: {answer.stderr}")
        return json.loads(answer.stdout)

    publish(range(EACH))
    heard = [Heard(flow.start(consumer, bridge.address("CACHES"), name)) for name in (b"a", b"b")]
    for each in heard:
        each.wait_for(range(EACH), "each gets all that is there")
    for kill in range(1, KILLS + 1):
        publish(range(kill * EACH, (kill + 1) * EACH - 50))
        aim = kill * EACH + 10
        heard[0].wait_for(range(aim), "some of it is consumed")
        bridge.kill()
        bridge.start()
        publish(range((kill + 1) * EACH - 50, (kill + 1) * EACH))
    count = (KILLS + 1) * EACH
    for each in heard:
        each.wait_for(range(count), "each gets every message, over kills")
    flow.figure(f"{KILLS} kills: {[len(each.given) - count for each in heard]} of {count} given twice")

    # One that is away has its place still.
    wait_until(lambda: heard[1].wait_for([], "") or group()["consumers"]["b"]["lag"] == 0, "its acks are there")
    heard[1].program.kill()
    Heard.everybody.remove(heard[1])
    bridge.wait_for_peers("caches", 1)
    publish(range(count, count + 20))
    heard[0].wait_for(range(count + 20), "the other one goes on")
    shown = group()["consumers"]
    equal((shown["b"]["lag"], shown["b"]["connected"]), (20, False), "it is shown with what waits for it")
    equal((shown["a"]["connected"], group()["lag"]), (True, 20), "and the other one; the lag is the largest")
    bridge.kill()
    bridge.start()
    back = Heard(flow.start(consumer, bridge.address("CACHES"), b"b"))
    back.wait_for(range(count, count + 20), "what came while it was away")
    equal(sorted(set(back.given)), list(range(count, count + 20)), "and nothing before")

    # Who has no name, or one too many.
    nameless = flow.socket(zmq.REQ, bridge.address("CACHES"))
    bridge.wait_for("a peer without a name is refused", lambda _: bridge.endpoint("caches")["refused"].get("denied", 0) > 0)
    wait_until(lambda: "set a routing id" in bridge.log(), "the log says why")
    nameless.close()
    pull = flow.socket(zmq.PULL, bridge.address("CACHES"))
    bridge.wait_for("so is a PULL, which has none", lambda _: bridge.endpoint("caches")["refused"].get("denied", 0) > 1)
    pull.close()
    third = flow.socket(zmq.DEALER, bridge.address("CACHES"), IDENTITY=b"c")
    third.send_multipart([b"", b"NEXT"])
    equal(recv(third, "its first message")[-1], b"0", "a new name begins at `start`")
    fourth = flow.socket(zmq.DEALER, bridge.address("CACHES"), IDENTITY=b"d")
    wait_until(lambda: "as many as max_consumers says" in bridge.log(), "a fourth name is one too many")
    fourth.close()  # once refused it does not try again
    answer = bridge.command("group", "rm", "caches", "--consumer", "c", "--yes", "--at", bridge.data_dir)
    check(answer.returncode != 0 and "is connected" in answer.stderr, f"one that is connected stays: {answer}")
    third.close()
    bridge.wait_for("it is gone", lambda _: not group()["consumers"]["c"]["connected"])
    answer = bridge.command("group", "rm", "caches", "--consumer", "c", "--yes", "--at", bridge.data_dir)
    equal(answer.returncode, 0, f"it is removed: {answer}")
    fourth = flow.socket(zmq.REQ, bridge.address("CACHES"), IDENTITY=b"d")
    fourth.send(b"NEXT WAIT 5s")
    equal(recv(fourth, "its first message"), [b"0"], "then there is room for the fourth")


if __name__ == "__main__":
    run(main)

"""Transactions: what is prepared is seen once it is committed, and never if it is rolled back, over kill -9 too. Of what
nobody resolves a REP or DEALER worker is asked; what nobody knows is rolled back, and kept for an operator.
"""
from harness import *

YAML = """
plugins: { durable: { config: { check_after: "${AFTER}", check_every: 200ms, max_checks: "${MOST}", max_prepared: 50 } } }
endpoints:
  in: { bind: "${IN}", transactions: { check: checks } }
  checks: { bind: "${CHECKS}", credit: 2 }
  out: { bind: "${OUT}" }
topics:
  orders: {}
routes:
  - { from: in, set: { keys: "$frame[0]" }, to: topic/orders }
  - { from: topic/orders, to: out, start: earliest }
"""
ID = 26


class Producer:
    def __init__(self, flow, bridge, kind=zmq.REQ):
        self.socket = flow.socket(kind, bridge.address("IN"))

    def ask(self, *frames):
        self.socket.send_multipart(frames)
        return recv(self.socket, f"an answer to {frames[0]}")[-1].decode()

    def prepare(self, *frames):
        """Id and token."""
        ok, message_id, token = self.ask(b"PREPARE", *frames).split(" ")
        equal((ok, len(message_id), len(token)), ("OK", ID, ID), "what PREPARE is answered")
        return message_id, token

    def commit(self, token):
        return self.ask(b"COMMIT " + token.encode())

    def roll_back(self, token):
        return self.ask(b"ROLLBACK " + token.encode())


def by_producer(flow):
    """The verbs, and kill -9 between them."""
    bridge = flow.bridge(YAML, AFTER="1h", MOST="15")
    out = flow.socket(zmq.SUB, bridge.address("OUT"))
    out.subscribe(b"")
    shop = Producer(flow, bridge)
    seen = []

    def see(*frames):
        seen.append(frames[0])
        equal(recv(out, "a message"), list(frames), "what a SUB gets")

    first = shop.prepare(b"order 1", b"", b"two frames more")
    second = shop.prepare(b"order 2")
    check(shop.ask(b"PUBLISH", b"order 3").startswith("OK "), "PUBLISH is an ordinary message")
    see(b"order 3")
    equal(shop.commit(first[1]), f"OK {first[0]}", "a commit")
    see(b"order 1", b"", b"two frames more")
    equal(shop.roll_back(second[1]), f"OK {second[0]}", "a rollback")
    equal(shop.commit(first[1]), "ERR stale it is committed already", "a second commit")
    equal(shop.commit(second[1]), "ERR stale it is rolled back already", "a commit that comes too late")
    for wrong in [b"order 4"], [b"COMMIT"], [b"COMMIT nothing"], [b"PREPARE"], [b"PREPARE now", b"order"]:
        check(shop.ask(*wrong).startswith("ERR malformed "), f"{wrong} is refused")

    dealer = Producer(flow, bridge, zmq.DEALER)
    bare = dealer.prepare(b"order 5")  # without an empty frame it is answered too
    equal(dealer.commit(bare[1]), f"OK {bare[0]}", "a DEALER's commit")
    see(b"order 5")
    dealer.socket.send_multipart([b"", b"PREPARE", b"order 6"])
    dealer.socket.send_multipart([b"", b"publish", b"order 7"])
    answers = [recv(dealer.socket, "an answer") for _ in range(2)]
    equal([each[0] for each in answers], [b"", b""], "its envelope")
    sixth = answers[0][1].decode().split(" ")[2]
    see(b"order 7")

    eighth = shop.prepare(b"order 8")
    bridge.kill()
    bridge.start()
    shop, late = Producer(flow, bridge), Producer(flow, bridge)
    equal(shop.commit(eighth[1]), f"OK {eighth[0]}", "a commit after kill -9")
    bridge.kill()
    bridge.start()
    out = flow.socket(zmq.SUB, bridge.address("OUT"))
    out.subscribe(b"")
    for body in seen:
        equal(recv(out, "a message")[0], body, "what was seen before")
    see(b"order 8")
    late = Producer(flow, bridge)
    check(late.commit(eighth[1]).startswith("ERR stale "), "it is committed once, also after kill -9")
    check(not out.poll(50), "and seen once")

    # What an operator sees, and does.
    def zbridge(*arguments, exit=0):
        answer = bridge.command(*arguments, "--at", bridge.data_dir)
        equal(answer.returncode, exit, f"the exit code of {arguments}: {answer}")
        return answer

    listed = json.loads(zbridge("tx", "ls", "--json").stdout)
    equal([(each["token"], each["topic"], each["checker"], each["checks"]) for each in listed["transactions"]],
          [(sixth, "orders", "checks", 0)], "what is prepared")
    check(sixth in zbridge("tx", "ls", "orders").stdout, "it is shown")
    check("no topic `others`" in zbridge("tx", "ls", "others", exit=1).stderr, "a topic that is none")
    zbridge("topic", "create", "others")
    equal(zbridge("tx", "ls", "others").stdout, "nothing is prepared\n", "of another topic")
    check("is published" in zbridge("tx", "commit", sixth, "--yes").stdout, "an operator commits")
    see(b"order 6")
    check("committed already" in zbridge("tx", "commit", sixth, "--yes", exit=1).stderr, "but once")
    ninth = late.prepare(b"order 9")
    zbridge("tx", "rollback", ninth[1], exit=1)  # nobody is there to be asked
    zbridge("tx", "rollback", ninth[1], "--yes")
    check("is no token" in zbridge("tx", "commit", "ninth", "--yes", exit=1).stderr, "a wrong token")
    check(late.commit(ninth[1]).startswith("ERR stale "), "what the operator rolled back is gone")
    counted = json.loads(zbridge("status", "--json").stdout)["transactions"]
    equal((counted["prepared"], counted["committed"], counted["rolled_back"]), (0, 1, 1), "what is counted")
    check("transactions: 0 prepared" in zbridge("status").stdout, "and shown")

    # No more than may be.
    tokens = [late.prepare(b"order %d" % number)[1] for number in range(100, 150)]
    equal(late.ask(b"PREPARE", b"one more"), "ERR topic_full orders: as many messages are prepared as may",
          "one too many")
    late.roll_back(tokens[0])
    late.prepare(b"and there is room again")

    push = Raw(bridge.port("IN"))
    push.greet("PUSH")
    check(push.is_ended(), "a PUSH cannot prepare: it is refused")
    wait_until(lambda: "PUSH" in bridge.log(), "the log says so")


def by_worker(flow):
    """Nobody says anything: workers are asked."""
    bridge = flow.bridge(YAML, AFTER="300ms", MOST="200")
    out = flow.socket(zmq.SUB, bridge.address("OUT"))
    out.subscribe(b"")
    shop = Producer(flow, bridge)
    worker = flow.socket(zmq.REP, bridge.address("CHECKS"))
    bridge.wait_for_peers("checks", 1)

    def asked(socket_=worker):
        frames = recv(socket_, "a check")
        word, token, number, message_id = frames[0].decode().split(" ")
        equal(word, "CHECK", "what a worker is asked")
        return token, int(number), message_id, frames[1:]

    message_id, token = shop.prepare(b"order 1", b"of ada")
    equal(asked(), (token, 1, message_id, [b"order 1", b"of ada"]), "the first check")
    numbers = [1]
    for answer in b"UNKNOWN", b"what?":
        worker.send(answer)
        again, number, *_ = asked()
        equal(again, token, f"after {answer} it is asked again")
        numbers.append(number)
    check(numbers == sorted(set(numbers)), f"the checks are counted: {numbers}")
    worker.send(b"commit")
    equal(recv(out, "a message"), [b"order 1", b"of ada"], "what the worker has committed")
    check(shop.commit(token).startswith("ERR stale "), "a commit that comes too late")

    _, token = shop.prepare(b"order 2")
    equal(asked()[0], token, "a check")
    worker.send(b"ROLLBACK")
    bridge.wait_for("the rollback", lambda _: bridge.endpoint("checks")["checking"]["rolled_back"] == 1)
    checking = bridge.endpoint("checks")["checking"]
    equal((checking["committed"], checking["unknown"], checking["malformed"]), (1, 1, 1), "what is counted")

    # The bridge is killed while a worker thinks: it is asked again by the next life.
    message_id, token = shop.prepare(b"order 3")
    asked()
    worker.send(b"UNKNOWN")
    asked()  # the check before is on the disk by now
    bridge.kill()
    worker.close()
    bridge.start()
    dealer = flow.socket(zmq.DEALER, bridge.address("CHECKS"))
    bridge.wait_for_peers("checks", 1)
    corr, empty, head, body = recv(dealer, "a check")
    equal((len(corr), empty, head.decode().split(" ")[1], body), (16, b"", token, b"order 3"), "what a DEALER is asked")
    check(int(head.decode().split(" ")[2]) >= 2, "the checks are counted over kill -9")
    dealer.send_multipart([corr, b"", b"COMMIT"])
    out = flow.socket(zmq.SUB, bridge.address("OUT"))
    out.subscribe(b"")
    equal([recv(out, "a message")[0] for _ in range(2)], [b"order 1", b"order 3"], "what is there")


def by_nobody(flow):
    """Nobody is there to be asked: at the end it is rolled back, and kept."""
    bridge = flow.bridge(YAML, AFTER="300ms", MOST="3")
    out = flow.socket(zmq.SUB, bridge.address("OUT"))
    out.subscribe(b"")
    shop = Producer(flow, bridge)
    _, token = shop.prepare(b"order 4")
    bridge.wait_for("the last check", lambda status: status["transactions"]["unresolved"] == 1)
    check(shop.commit(token).startswith("ERR stale "), "what was rolled back for want of an answer stays so")
    letters = json.loads(bridge.command("dead", "ls", "orders-unresolved", "--json", "--at", bridge.data_dir).stdout)
    equal([(each["origin"], each["attempts"]) for each in letters], [("orders", 3)], "what was kept")
    equal(bridge.command("dead", "redrive", "orders-unresolved", "--at", bridge.data_dir).returncode, 0,
          "an operator publishes it after all")
    equal(recv(out, "a message"), [b"order 4"], "what was published")


def main(flow):
    by_producer(flow)
    by_worker(flow)
    by_nobody(flow)


if __name__ == "__main__":
    run(main)

"""With `on_error: dead_letter` a message that a step fails on is in the topic INSTANCE-dead, as it was before the step and with the
reason; its producer is told OK, with that topic's id, and it is there after a kill. What the step lets pass goes on. Without an engine
in the file `check` says so, with the place; likewise where a group of the step's name would share that topic without having asked for it.
"""
from harness import *

YAML = """
plugins:
  marks: { use: "PLUGINS/unruly.so", config: { does: mark, mark: "!" } }
  throws: { use: "PLUGINS/unruly.so", config: { does: throw, only: "bad!" }, on_error: dead_letter }
  durable: {}
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}", accept: pull }
  dead: { bind: "${DEAD}" }
routes:
  - { name: shop, from: in, steps: [marks, throws], to: out }
  - { from: topic/throws-dead, to: dead, start: earliest }
"""
BOTH = """
plugins:
  price: { use: mask, on_error: dead_letter, config: { fields: [name] } }
  durable: {}
topics: { orders: {} }
groups:
  price: { topic: ordersDEAD }
endpoints:
  in: { bind: "tcp://127.0.0.1:*" }
  out: { bind: "tcp://127.0.0.1:*", accept: req }
routes:
  - { from: in, steps: [price], to: topic/orders }
  - { from: group/price, to: out }
"""
WITHOUT = """
plugins:
  throws: { use: "PLUGINS/unruly.so", config: { does: throw }, on_error: dead_letter }
endpoints:
  in: { bind: "tcp://127.0.0.1:*" }
  out: { bind: "tcp://127.0.0.1:*" }
routes:
  - { from: in, steps: [throws], to: out }
"""


def browse(bridge):
    answer = bridge.command("topic", "browse", "throws-dead", "--json", "--at", bridge.data_dir)
    equal(answer.returncode, 0, f"the exit status of browse: {answer.stderr}")
    return json.loads(answer.stdout)


def main(flow):
    bridge = flow.bridge(YAML.replace("PLUGINS", flow.options.plugins))
    out = flow.socket(zmq.PULL, bridge.address("OUT"))
    began_ms = int(time.time() * 1000)
    dealer = flow.socket(zmq.DEALER, bridge.address("IN"))
    for body in (b"good", b"bad", b"better", b"bad"):
        dealer.send_multipart([b"", body])
    receipts = [recv(dealer, f"receipt {n}")[-1].decode() for n in range(4)]
    check(all(each.startswith("OK ") for each in receipts), f"all are taken: {receipts}")
    equal([recv(out, "what the step lets pass") for _ in range(2)], [[b"good!"], [b"better!"]], "it goes on, and nothing else does")

    letters = browse(bridge)
    equal([each["id"] for each in letters], [receipts[1][3:], receipts[3][3:]], "the ids of the receipts, in order")
    for each in letters:
        died_ms = each["properties"].pop("dead.died_ms")
        # The journal's clock is read once a turn, before the step has died.
        check(began_ms <= died_ms <= time.time() * 1000, f"it died between {began_ms} and now: {died_ms}, {each}")
        equal(each["properties"], {"dead.route": "shop", "dead.step": "throws", "dead.reason": "it has thrown"}, "what it died of")
    text = bridge.command("topic", "browse", "throws-dead", "--at", bridge.data_dir).stdout
    check("bad!" in text, f"as the step before has left it: {text}")
    status = bridge.status()
    throws = next(each for each in status["plugins"] if each["name"] == "throws")
    equal(throws["failed"], 2, "errors are counted")

    bridge.kill()
    bridge.start()
    equal([each["id"] for each in browse(bridge)], [each["id"] for each in letters], "they are there after a kill")
    dead = flow.socket(zmq.SUB, bridge.address("DEAD"))
    dead.subscribe(b"")
    equal([recv(dead, "a dead letter") for _ in range(2)], 2 * [[b"bad!"]], "they are read as any topic")
    equal(bridge.terminate(), 0, "it ends cleanly")

    file = flow.tmp / "without.yaml"
    file.write_text(WITHOUT.replace("PLUGINS", flow.options.plugins))
    answer = bridge.command("check", file)
    equal(answer.returncode, 4, "the exit status of check: without an engine it is an error")
    check("without.yaml:3:" in answer.stderr + answer.stdout and "needs an engine" in answer.stderr + answer.stdout,
          f"with its place: {answer}")

    for dead, status in (("", 4), (", dead_letter: topic/price-dead", 0)):
        file = flow.tmp / "both.yaml"
        file.write_text(BOTH.replace("DEAD", dead))
        answer = bridge.command("check", file)
        equal(answer.returncode, status, f"the exit status of check, of a group and a step of one name{dead}: {answer}")


if __name__ == "__main__":
    run(main, plugins="")

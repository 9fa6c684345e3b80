"""Steps of a route change, drop, refuse, hold and redirect messages, one after the other, before the targets get them: the
producer's receipt says what became of its message, and status counts it.
"""
from harness import *

YAML = """
plugins:
  mark: { use: "PLUGINS/unruly.so", config: { does: mark, mark: "!" } }
  sort: { use: "PLUGINS/unruly.so", config: { does: route } }
  no: { use: "PLUGINS/unruly.so", config: { does: refuse } }
endpoints:
  orders: { bind: "${ORDERS}" }
  words: { bind: "${WORDS}" }
  letters: { bind: "${LETTERS}" }
  paced: { bind: "${PACED}" }
  out: { bind: "${OUT}", accept: pull }
  a: { bind: "${A}", accept: pull }
  b: { bind: "${B}", accept: pull }
  slowly: { bind: "${SLOWLY}", accept: pull }
routes:
  - name: orders
    from: orders
    decode: json
    set: { properties: { region: $.region, amount: $.amount } }
    steps:
      - filter: "region = 'EU' AND amount > 100"
      - mask: { fields: $.card }
      - transform: { set: { $.seen: "yes" } }
    to: out
  - { name: words, from: words, steps: [mark, mark], to: out }
  - { name: letters, from: letters, steps: [sort], to: [a, b] }
  - { name: paced, from: paced, steps: [{ throttle: { rate: 20, burst: 1 } }], to: slowly }
"""


def main(flow):
    bridge = flow.bridge(YAML.replace("PLUGINS", flow.options.plugins))
    out = flow.socket(zmq.PULL, bridge.address("OUT"))
    req = flow.socket(zmq.REQ, bridge.address("ORDERS"))

    def receipt(body):
        req.send(body)
        return recv(req, "a receipt")[0]

    check(receipt(b'{"region":"EU","amount":500,"card":"4711"}').startswith(b"OK "), "what passes is received")
    order = json.loads(recv(out, "the order")[0])
    check(order["card"] != "4711" and order["region"] == "EU" and order["seen"] == "yes", f"masked and transformed: {order}")
    check(receipt(b'{"region":"US","amount":500,"card":"4711"}').startswith(b"OK "), "what a filter drops is received")
    check(receipt(b"no JSON").startswith(b"ERR undecodable"), "what cannot be read is refused")

    words = flow.socket(zmq.REQ, bridge.address("WORDS"))
    words.send(b"hello")
    recv(words, "a receipt")
    equal(recv(out, "the word"), [b"hello!!"], "both steps, the same instance twice, have seen it")

    letters = flow.socket(zmq.REQ, bridge.address("LETTERS"))
    for target in (b"a", b"b"):
        letters.send(target)
        check(recv(letters, "a receipt")[0].startswith(b"OK "), "it is routed")
        pull = flow.socket(zmq.PULL, bridge.address(target.decode().upper()))
        equal(recv(pull, "what was routed"), [target], "to the one that the step named")
    letters.send(b"elsewhere")
    equal(recv(letters, "a receipt"), [b"ERR step_failed sort: the route has no target elsewhere"], "no such target")

    paced, slowly = flow.socket(zmq.PUSH, bridge.address("PACED")), flow.socket(zmq.PULL, bridge.address("SLOWLY"))
    for number in range(10):
        paced.send(b"%d" % number)
    began = time.monotonic()
    equal([int(recv(slowly, "a paced message")[0]) for _ in range(10)], list(range(10)), "in order")
    check(time.monotonic() - began > 0.3, "ten of them, 20 a second, take their time")

    plugins = {each["name"]: each for each in bridge.status()["plugins"]}
    equal((plugins["mark"]["messages"], plugins["mark"]["passed"]), (2, 2), "what `mark` has seen")
    equal((plugins["sort"]["routed"], plugins["sort"]["failed"]), (2, 1), "what `sort` has decided")
    check("no" not in plugins or plugins["no"].get("messages", 0) == 0, "an instance that no route uses sees nothing")
    filtered = next(each for name, each in plugins.items() if name.startswith("filter:"))
    equal((filtered["messages"], filtered["passed"], filtered["dropped"]), (2, 1, 1), "what the filter has seen")
    check(next(each for name, each in plugins.items() if name.startswith("throttle:"))["held"] > 0, "messages were held")
    equal(bridge.terminate(), 0, "the bridge ends cleanly")


if __name__ == "__main__":
    run(main, plugins="")

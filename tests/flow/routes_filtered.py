"""A filter decides which messages a route takes, by what `set` makes of them: each message goes where it belongs, a full target
holds only what is for it, and what no route takes is counted as no_match.
"""
from harness import *

YAML = """
endpoints:
  orders: { bind: "${ORDERS}" }
  eu: { bind: "${EU}", accept: pull }
  large: { bind: "${LARGE}", accept: pull, line: { max_messages: 2 } }
  express: { bind: "${EXPRESS}", accept: sub }
routes:
  - name: eu
    from: orders
    match: { filter: "region = 'EU' AND amount <= 100" }
    decode: { as: json, frame: 0 }
    set: { properties: { region: $.region, amount: $.amount } }
    to: eu
  - name: large
    from: orders
    match: { prefix: "{", filter: "amount > 100" }
    decode: { as: json, frame: 0 }
    set: { properties: { amount: $.amount } }
    to: large
  - name: express
    from: orders
    match: { filter: "TAGS IN ('express', 'night')" }
    set: { tag: "$frame[1]" }
    to: express
"""


def order(number, region, amount):
    return json.dumps({"number": number, "region": region, "amount": amount}).encode()


def main(flow):
    bridge = flow.bridge(YAML)
    eu, sub = flow.socket(zmq.PULL, bridge.address("EU")), flow.socket(zmq.SUB, bridge.address("EXPRESS"), SUBSCRIBE=b"")
    push, req = flow.socket(zmq.PUSH, bridge.address("ORDERS")), flow.socket(zmq.REQ, bridge.address("ORDERS"))
    bridge.wait_for_peers("express", 1)
    routes = lambda: {route["name"]: route for route in bridge.status()["routes"]}

    for number, (region, amount) in enumerate((("EU", 5), ("US", 5), ("EU", 500), ("EU", "7"), ("US", 500), ("EU", "many"))):
        push.send(order(number, region, amount))
    equal([json.loads(recv(eu, "an order of the EU")[0])["number"] for _ in range(2)], [0, 3], "small orders of the EU, alone")
    status = bridge.wait_for("all are counted", lambda status: status if
                             status["endpoints"][0]["unrouted"].get("no_match") == 2 else None)
    equal([(route["messages"], route["refused"]) for route in status["routes"]], [(2, {}), (2, {}), (0, {})],
          "what is for another route is no refusal")

    # The line of `large` is full by now, and nobody is there: that is no matter of other orders.
    for number in range(100, 150):
        push.send(order(number, "EU", 1))
        equal(json.loads(recv(eu, "an order behind a full target")[0])["number"], number, "in order")
    equal(bridge.endpoint("orders")["held"], False, "nothing is held")
    push.send(order(200, "EU", 1000))
    bridge.wait_for("a large order is held", lambda _: bridge.endpoint("orders")["held"])
    large = flow.socket(zmq.PULL, bridge.address("LARGE"))
    equal([json.loads(recv(large, "a large order")[0])["number"] for _ in range(3)], [2, 4, 200], "none is lost")

    for frames, begins in (([order(1, "EU", 1)], b"OK "), ([order(1, "US", 1)], b"ERR no_match"),
                           ([b"not JSON", b"slow"], b"ERR undecodable"), ([b"{}", b"night"], b"OK ")):
        req.send_multipart(frames)
        receipt = recv(req, "a receipt")
        check(len(receipt) == 1 and receipt[0].startswith(begins), f"the receipt of {frames}: {receipt}")
    equal(recv(sub, "what is tagged"), [b"{}", b"night"], "by its tag")
    equal(routes()["eu"]["refused"], {"undecodable": 1}, "what cannot be read is refused")


if __name__ == "__main__":
    run(main)

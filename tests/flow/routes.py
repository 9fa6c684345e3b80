"""Routes: several sources and targets, chosen by the first frame; JSON and msgpack are read; attributes are set, and a
message without a required one is refused and counted. A receipt says what became of each message.
"""
from harness import *

# msgpack by hand: {"no": "id"} and {"id": 5, "more": [2.5, nil, a byte]}
PACKED_WITHOUT_ID = b"\x81\xa2no\xa2id"
PACKED = b"\x82\xa2id\x05\xa4more\x93\xcb\x40\x04\0\0\0\0\0\0\xc0\xc4\x01\0"
YAML = """
endpoints:
  a-in: { bind: "${A_IN}" }
  b-in: { bind: "${B_IN}" }
  orders: { bind: "${ORDERS}", accept: pull }
  returns: { bind: "${RETURNS}", accept: pull }
  all: { bind: "${ALL}", accept: pull }
  packed-in: { bind: "${PACKED_IN}" }
  packed: { bind: "${PACKED}", accept: pull }
routes:
  - name: orders
    from: [a-in, b-in]
    match: { prefix: "order." }
    decode: json
    set: { id: $.id, keys: [$.id, $.customer.id], tag: "$frame[0]", properties: { region: $.region } }
    required: [id, region]
    to: [orders, all]
  - { name: returns, from: b-in, match: { prefix: "return." }, to: [returns, all] }
  - { name: packed, from: packed-in, decode: msgpack, set: { id: $.id }, required: [id], to: packed }
"""


def main(flow):
    bridge = flow.bridge(YAML)
    pull = {name: flow.socket(zmq.PULL, bridge.address(name)) for name in ("ORDERS", "RETURNS", "ALL", "PACKED")}
    a, b = (flow.socket(zmq.PUSH, bridge.address(name)) for name in ("A_IN", "B_IN"))
    order = [b"order.new", b'{"id": "o1", "region": "EU", "customer": {"id": 7}, "text": "\xc3\xa4"}']
    back = [b"return.now", b"\xff not JSON"]
    for push, message, where in ((a, order, "ORDERS"), (b, order, "ORDERS"), (b, back, "RETURNS")):
        push.send_multipart(message)
        equal(recv(pull[where], where), message, f"at {where}, unchanged")
        equal(recv(pull["ALL"], "ALL"), message, "at the second target, unchanged")

    a.send_multipart(back)  # a-in has no route for it
    a.send_multipart([b"order.new", b"{not JSON"])
    a.send_multipart([b"order.new", b'{"id": "o2"}'])
    a.send_multipart([b"order.new", b'{"region": "EU"}'])
    a.send_multipart(order)
    equal(recv(pull["ORDERS"], "the next order"), order, "what comes of them is the good one")
    routes = {route["name"]: route for route in bridge.status()["routes"]}
    equal(routes["orders"]["refused"], {"undecodable": 1, "missing": 2}, "refused by the route")
    equal(routes["orders"]["messages"], 3, "messages of the route")
    equal(bridge.endpoint("a-in")["unrouted"], {"no_match": 1}, "unrouted")

    req = flow.socket(zmq.REQ, bridge.address("A_IN"))
    for message, begins in ((order, b"OK "), ([b"order.new", b"{}"], b"ERR missing"), ([b"order.new", b"?"], b"ERR undecodable"),
                            (back, b"ERR no_match")):
        req.send_multipart(message)
        receipt = recv(req, "a receipt")
        check(len(receipt) == 1 and receipt[0].startswith(begins), f"the receipt of {message}: {receipt}")
    equal(recv(pull["ORDERS"], "the REQ's order"), order, "a REQ's message, without its envelope")

    push = flow.socket(zmq.PUSH, bridge.address("PACKED_IN"))
    push.send(PACKED_WITHOUT_ID)
    push.send(b"\xc1")  # the one byte that msgpack never uses
    push.send(PACKED)
    equal(recv(pull["PACKED"], "a packed one"), [PACKED], "the packed one")
    routes = {route["name"]: route for route in bridge.status()["routes"]}
    equal(routes["packed"]["refused"], {"undecodable": 1, "missing": 1}, "refused by the msgpack route")


if __name__ == "__main__":
    run(main)

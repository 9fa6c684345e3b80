"""Sends orders: as a REQ, which is told when each is stored, or as a PUSH, which is not told."""
import argparse
import json

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5581")
parser.add_argument("--first", type=int, default=1, help="the number of the first order")
parser.add_argument("--orders", type=int, default=10)
parser.add_argument("--goods", default="tea")
parser.add_argument("--push", action="store_true")
options = parser.parse_args()

context = zmq.Context()


def connected():
    socket = context.socket(zmq.PUSH if options.push else zmq.REQ)
    socket.rcvtimeo = 2000
    socket.linger = -1 if options.push else 0
    socket.connect(options.connect)
    return socket


shop = connected()
for number in range(options.first, options.first + options.orders):
    order = json.dumps({"order": f"order-{number}", "customer": f"c-{number % 7}", "goods": options.goods})
    while True:
        shop.send_string(order)
        if options.push:
            break
        try:
            print(f"order-{number}: {shop.recv_string()}")
            break
        except zmq.Again:  # the bridge may have it, or not: sent again it is stored once
            shop.close()
            shop = connected()
print(f"sent {options.orders} orders")

shop.close()
context.term()  # of a PUSH: returns when the last order has left

"""Packs the orders that it is given, and says what became of each."""
import argparse
import json
import time

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5582")
parser.add_argument("--name", default="packer")
parser.add_argument("--seconds", type=float, default=0, help="how long it works on an order")
options = parser.parse_args()

orders = zmq.Context().socket(zmq.REP)
orders.connect(options.connect)
print(f"{options.name} waits for orders")

while True:
    order = json.loads(orders.recv())
    print(f"{options.name} takes {order['order']}")
    time.sleep(options.seconds)
    if order["goods"] == "unicorns":
        print(f"{options.name} cannot pack {order['order']}")
        orders.send_string("IMPOSSIBLE: there are no unicorns")
    else:
        print(f"{options.name} packed {order['order']}")
        orders.send_string("PACKED")

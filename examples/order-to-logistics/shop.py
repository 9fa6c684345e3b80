"""Pushes orders to logistics."""
import argparse

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5551")
parser.add_argument("--first", type=int, default=1, help="the number of the first order")
parser.add_argument("--orders", type=int, default=100)
options = parser.parse_args()

context = zmq.Context()
logistics = context.socket(zmq.PUSH)
logistics.connect(options.connect)

for number in range(options.first, options.first + options.orders):
    logistics.send_string(f"order-{number}: {number % 5 + 1} x tea")
print(f"sent {options.orders} orders")

logistics.close()
context.term()  # returns when the last order has left

"""Packs the orders that it is given."""
import argparse

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5561")
parser.add_argument("--name", default="packer")
options = parser.parse_args()

orders = zmq.Context().socket(zmq.PULL)
orders.connect(options.connect)
print(f"{options.name} waits for orders")

while True:
    order, goods = orders.recv_string().split(": ")
    print(f"{options.name} packed {order}: {goods}")

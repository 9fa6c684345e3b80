"""Shows the orders that nobody could pack."""
import argparse
import json

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5584")
options = parser.parse_args()

letters = zmq.Context().socket(zmq.SUB)
letters.subscribe("")
letters.connect(options.connect)

while True:
    order = json.loads(letters.recv())
    print(f"dead letter: {order['order']}, {order['goods']}")

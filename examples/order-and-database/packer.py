"""Packs the orders that are published: its reply is the ack."""
import argparse

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5603")
options = parser.parse_args()

work = zmq.Context().socket(zmq.REP)
work.connect(options.connect)
print("the packer is there")

while True:
    number, item = (frame.decode() for frame in work.recv_multipart())
    print(f"packed order {number}: {item}")
    work.send(b"packed")

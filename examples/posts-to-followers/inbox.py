"""Shows the inbox of one follower, from its first post on."""
import argparse

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5595")
parser.add_argument("--name", default="mia")
options = parser.parse_args()

inbox = zmq.Context().socket(zmq.SUB)
inbox.subscribe(options.name)
inbox.connect(options.connect)

while True:
    follower, _, author, text = inbox.recv_multipart()
    if follower.decode() == options.name:  # a prefix finds mia, and miaow as well
        print(f"{author.decode()}: {text.decode()}")

"""Shows every post, from the first one on, as it was published."""
import argparse

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5592")
parser.add_argument("--author", default="", help="only of this one")
options = parser.parse_args()

feed = zmq.Context().socket(zmq.SUB)
feed.subscribe(options.author)
feed.connect(options.connect)

while True:
    author, text = feed.recv_multipart()
    print(f"{author.decode()}: {text.decode()}")

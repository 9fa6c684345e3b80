"""Publishes each line of its input, "author: text", as a post whose topic is the author."""
import argparse
import sys

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5571")
parser.add_argument("--picture-kib", type=int, default=0, help="adds a picture to each post")
options = parser.parse_args()

context = zmq.Context()
feed = context.socket(zmq.PUB)
feed.connect(options.connect)
picture = [bytes(options.picture_kib * 1024)] if options.picture_kib else []

for line in sys.stdin:
    author, text = line.rstrip("\n").split(": ", 1)
    feed.send_multipart([author.encode(), text.encode()] + picture)

feed.close()
context.term()  # returns when the last post has left

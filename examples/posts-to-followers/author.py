"""Publishes each line of its input, "author: text", as a post, and shows its receipt."""
import argparse
import sys

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5591")
options = parser.parse_args()

posts = zmq.Context().socket(zmq.REQ)
posts.connect(options.connect)

for line in sys.stdin:
    author, text = line.rstrip("\n").split(": ", 1)
    posts.send_multipart([author.encode(), text.encode()])
    print(f"posted {text}: {posts.recv_string()}")

"""Shows the posts of the authors it follows."""
import argparse

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5572")
parser.add_argument("--follow", action="append", default=[], help="an author; several are fine")
options = parser.parse_args()

feed = zmq.Context().socket(zmq.SUB)
for author in options.follow:
    feed.subscribe(author)
feed.connect(options.connect)

while True:
    author, text, *picture = feed.recv_multipart()
    print(f"{author.decode()}: {text.decode()}" + (" [picture]" if picture else ""))

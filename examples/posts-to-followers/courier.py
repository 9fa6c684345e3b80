"""Takes one post after the other and puts it into the inbox of each follower of its author."""
import argparse
import time

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5593")
parser.add_argument("--inboxes", default="tcp://127.0.0.1:5594")
parser.add_argument("--name", default="courier")
parser.add_argument("--pause", type=float, default=0, help="seconds between two inboxes")
options = parser.parse_args()

FOLLOWERS = {"ada": ["mia", "noah"], "linus": ["mia"]}
context = zmq.Context()


class Asking:
    """A REQ that is opened anew when no answer comes: it never asks a second time by itself."""

    def __init__(self, address):
        self.address = address
        self.open()

    def open(self):
        self.socket = context.socket(zmq.REQ)
        self.socket.rcvtimeo = 8000
        self.socket.linger = 0
        self.socket.connect(self.address)

    def ask(self, *frames):
        """The answer's frames; none: there was none in time."""
        self.socket.send_multipart([frame if isinstance(frame, bytes) else frame.encode() for frame in frames])
        try:
            return self.socket.recv_multipart()
        except zmq.Again:
            self.socket.close()
            self.open()
            return None


posts, inboxes = Asking(options.connect), Asking(options.inboxes)


def put(follower, message_id, post):
    """Until it is on the disk; tried again it is stored once, since its id is the same."""
    answer = None
    while not answer or not answer[0].startswith(b"OK "):
        answer = inboxes.ask(follower, f"{message_id}/{follower}", *post)


print(f"{options.name} is there")

while True:
    answer = posts.ask("NEXT WAIT 5s HEADERS")  # acks the post before, whose inboxes all have it
    if not answer or answer[0] == b"NONE":
        continue
    head, *post = answer
    message_id = head.decode().split(" ")[3]
    author, text = (frame.decode() for frame in post)
    for follower in FOLLOWERS.get(author, []):
        put(follower, message_id, post)
        print(f"{options.name} told {follower}: {author}: {text}")
        time.sleep(options.pause)

"""Asks for one order after the other, and books it."""
import argparse
import json

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5583")
parser.add_argument("--name", default="clerk")
options = parser.parse_args()

context = zmq.Context()


def connected():
    socket = context.socket(zmq.REQ)
    socket.rcvtimeo = 8000  # longer than WAIT: nothing by then means that the bridge is gone
    socket.linger = 0
    socket.connect(options.connect)
    return socket


orders = connected()
print(f"{options.name} books")

while True:
    try:
        orders.send_string("NEXT WAIT 5s HEADERS")
        head, *body = orders.recv_multipart()
        if head == b"NONE":
            continue
        _, token, attempt, message_id = head.decode().split(" ")
        order = json.loads(body[0])["order"]
        print(f"{options.name} booked {order} (attempt {attempt})")
        orders.send_string(f"ACK {token}")
        if orders.recv_string() == "OK":  # on the disk: nobody gets it again
            print(f"{options.name} is done with {order}")
    except zmq.Again:  # a REQ does not ask a second time by itself
        orders.close()
        orders = connected()

"""Many players who each ask for a seat in a team of their league, and wait for it."""
import argparse
import queue
import threading
import time

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5565")
parser.add_argument("--players", type=int, default=24)
options = parser.parse_args()

context = zmq.Context()
seats = queue.Queue()


def play(number):
    league = ["bronze", "silver", "gold"][number % 3]
    server = context.socket(zmq.REQ)  # one socket a player: sockets are not shared between threads
    server.connect(options.connect)
    asked = time.monotonic()
    server.send_string(f"join player-{number:02} {league}")
    seat = server.recv_string()
    seats.put(f"player-{number:02} waited {time.monotonic() - asked:.2f} s: {seat}")
    server.close()


for number in range(options.players):
    threading.Thread(target=play, args=[number]).start()
for _ in range(options.players):
    print(seats.get())

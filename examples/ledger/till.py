"""Sends payments, each until it has its receipt. Killed and started again, it goes on with the first one that had none."""
import argparse
import json
import os
import signal

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5596")
parser.add_argument("--payments", type=int, default=10, help="the number of the last one")
parser.add_argument("--note", default="till.note", help="a file with the number of the last one that has its receipt")
parser.add_argument("--die-before-receipt", type=int, metavar="N", help="send payment N, and die of it")
options = parser.parse_args()

ACCOUNTS = ["alice", "bob", "carol"]
context = zmq.Context()


def connected():
    socket = context.socket(zmq.REQ)
    socket.rcvtimeo = 1000
    socket.linger = 0
    socket.connect(options.connect)
    return socket


def receipted():
    try:
        with open(options.note) as note:
            return int(note.read())
    except FileNotFoundError:
        return 0


def remember(number):
    with open(options.note + ".new", "w") as note:
        note.write(str(number))
        note.flush()
        os.fsync(note.fileno())
    os.replace(options.note + ".new", options.note)


till = connected()
print(f"the till goes on behind payment {receipted()}")

for number in range(receipted() + 1, options.payments + 1):
    payment = {"payment": f"till-{number}", "account": ACCOUNTS[number % len(ACCOUNTS)], "cents": number}
    answer = ""
    while not answer.startswith("OK "):
        till.send_json(payment)
        if number == options.die_before_receipt:
            # Its receipt is there, and nobody has read it.
            till.poll(10_000)
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            answer = till.recv_string()
        except zmq.Again:  # a REQ does not ask a second time by itself; the id makes that harmless
            till.close()
            till = connected()
    remember(number)
    print(f"paid {payment['payment']}: {answer}")

print("the till is closed")

"""Books payments: the balance and the payment's message id in one transaction, so that a message given twice is booked once."""
import argparse
import json
import os
import signal
import sqlite3

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5597")
parser.add_argument("--name", default="bookkeeper")
parser.add_argument("--ledger", default="ledger.db", help="a SQLite file that all bookkeepers share")
parser.add_argument("--die-before-ack", type=int, metavar="N", help="book N payments, and die of the last one")
options = parser.parse_args()

db = sqlite3.connect(options.ledger, timeout=60, isolation_level=None)
db.execute("PRAGMA synchronous = FULL")
db.execute("BEGIN IMMEDIATE")
db.execute("CREATE TABLE IF NOT EXISTS balances (account TEXT PRIMARY KEY, cents INTEGER NOT NULL)")
db.execute("CREATE TABLE IF NOT EXISTS booked (message TEXT PRIMARY KEY, token TEXT NOT NULL, payment TEXT NOT NULL)")
db.execute("COMMIT")
context = zmq.Context()


def connected():
    socket = context.socket(zmq.REQ)
    socket.rcvtimeo = 3000  # longer than WAIT: nothing by then means that the bridge is gone
    socket.linger = 0
    socket.connect(options.connect)
    return socket


def book(message, token, payment):
    """False: it was booked before."""
    db.execute("BEGIN IMMEDIATE")
    new = db.execute("INSERT OR IGNORE INTO booked VALUES (?, ?, ?)", [message, token, payment["payment"]]).rowcount
    if new:
        db.execute("INSERT INTO balances VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET cents = cents + excluded.cents",
                   [payment["account"], payment["cents"]])
    db.execute("COMMIT")
    return bool(new)


payments = connected()
booked = 0
print(f"{options.name} books")

while True:
    try:
        payments.send_string("NEXT WAIT 1s HEADERS")
        head, *body = payments.recv_multipart()
        if head == b"NONE":
            continue
        _, token, attempt, message = head.decode().split(" ")
        payment = json.loads(body[0])
        if book(message, token, payment):
            booked += 1
            print(f"{options.name} booked {payment['payment']} (attempt {attempt})")
            if booked == options.die_before_ack:
                os.kill(os.getpid(), signal.SIGKILL)
        else:
            print(f"{options.name} knew {payment['payment']} (attempt {attempt})")
        payments.send_string(f"ACK {token}")
        payments.recv_string()  # OK: nobody gets it again. ERR stale: somebody does, and will know it
    except zmq.Again:  # a REQ does not ask a second time by itself
        payments.close()
        payments = connected()

"""Takes orders from its input, one a line: each is in the database and published, or neither.

"break NUMBER ITEM": it dies when the database has the order, before it can say so. "forget NUMBER ITEM": likewise, before the
database has it."""
import argparse
import os
import sqlite3
import sys

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5601")
parser.add_argument("--database", default="shop.db")
options = parser.parse_args()

database = sqlite3.connect(options.database)
database.execute("CREATE TABLE IF NOT EXISTS orders (number TEXT PRIMARY KEY, item TEXT)")
database.commit()

orders = zmq.Context().socket(zmq.REQ)
orders.connect(options.connect)


def ask(*frames):
    orders.send_multipart([frame.encode() for frame in frames])
    answer = orders.recv_string()
    if not answer.startswith("OK "):
        raise RuntimeError(answer)
    return answer.split(" ")[1:]


def store(number, item):
    """False: the database does not take it."""
    if item == "nothing":
        return False
    database.execute("INSERT INTO orders VALUES (?, ?)", (number, item))
    database.commit()
    return True


print("the shop is open")
for line in sys.stdin:
    *broken, number, item = line.split()
    _, token = ask("PREPARE", number, item)
    if broken == ["forget"]:
        print(f"order {number} is prepared, and never stored")
        os._exit(1)
    if not store(number, item):
        ask(f"ROLLBACK {token}")
        print(f"order {number} is rolled back")
        continue
    if broken == ["break"]:
        print(f"order {number} is stored, and not committed")
        os._exit(1)
    ask(f"COMMIT {token}")
    print(f"order {number} is stored and published")

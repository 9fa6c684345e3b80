"""Is asked what became of an order that was prepared: it is committed if the database has it, and else rolled back."""
import argparse
import sqlite3

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5602")
parser.add_argument("--database", default="shop.db")
options = parser.parse_args()

database = sqlite3.connect(options.database)
checks = zmq.Context().socket(zmq.REP)
checks.connect(options.connect)
print("the checker is there")

while True:
    head, number, item = (frame.decode() for frame in checks.recv_multipart())
    try:
        known = database.execute("SELECT 1 FROM orders WHERE number = ?", (number,)).fetchone()
        answer = "COMMIT" if known else "ROLLBACK"
    except sqlite3.Error:
        answer = "UNKNOWN"  # ask me again
    checks.send_string(answer)
    print(f"asked of order {number}: {answer}")

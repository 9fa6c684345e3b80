"""Transfers money between accounts. A transfer made already is answered again, not made again."""
import argparse
import os
import signal
import sqlite3

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5556")
parser.add_argument("--name", default="worker")
parser.add_argument("--accounts", default="accounts.db", help="a SQLite file all workers share")
parser.add_argument("--die-after-debit", metavar="ID", help="a transfer to die of")
options = parser.parse_args()

db = sqlite3.connect(options.accounts, timeout=60, isolation_level=None)
db.execute("BEGIN IMMEDIATE")
db.execute("CREATE TABLE IF NOT EXISTS accounts (owner TEXT PRIMARY KEY, balance INTEGER)")
db.execute("CREATE TABLE IF NOT EXISTS transfers (id TEXT PRIMARY KEY, payer, payee, amount)")
db.execute("INSERT OR IGNORE INTO accounts VALUES ('alice', 100), ('bob', 0)")
db.execute("COMMIT")


def balance(owner):
    row = db.execute("SELECT balance FROM accounts WHERE owner = ?", [owner]).fetchone()
    return None if row is None else row[0]


def transfer(number, payer, payee, amount):
    """Returns the answer to the client, and whether the accounts were changed for it."""
    if db.execute("SELECT 1 FROM transfers WHERE id = ?", [number]).fetchone():
        return f"done, {payer} has {balance(payer)} (it was made before, {options.name})", False
    if balance(payer) is None or balance(payee) is None:
        return "refused, no such account", False
    if balance(payer) < amount:
        return f"refused, {payer} has only {balance(payer)}", False
    db.execute("UPDATE accounts SET balance = balance - ? WHERE owner = ?", [amount, payer])
    db.execute("UPDATE accounts SET balance = balance + ? WHERE owner = ?", [amount, payee])
    db.execute("INSERT INTO transfers VALUES (?, ?, ?, ?)", [number, payer, payee, amount])
    return f"done, {payer} has {balance(payer)} ({options.name})", True


clients = zmq.Context().socket(zmq.REP)
clients.connect(options.connect)
print(f"{options.name} waits for transfers")

while True:
    _, number, payer, payee, amount = clients.recv_string().split()
    db.execute("BEGIN IMMEDIATE")
    answer, changed = transfer(number, payer, payee, int(amount))
    db.execute("COMMIT")
    print(f"{number} {'debited' if changed else 'not debited'}")
    if changed and number == options.die_after_debit:
        os.kill(os.getpid(), signal.SIGKILL)
    clients.send_string(answer)

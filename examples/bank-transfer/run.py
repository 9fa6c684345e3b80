#!/usr/bin/python3
"""Plays the bank transfer: a worker is killed between the debit and its answer."""
import sqlite3
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import harness

TRANSFERS = ["t1", "t2", "t3", "t4", "t5"]
FATAL = "t3"  # the worker that is given this one dies of it


def start_workers(stage, at):
    workers = []
    for name in "worker-1", "worker-2":
        workers.append(stage.start(name, "worker", "--connect", at["WORKERS"], "--name", name,
                                   "--accounts", "accounts.db", "--die-after-debit", FATAL))
        workers[-1].wait_for("waits for transfers")
    return workers


def start_client(stage, at):
    return stage.start("client", "client", "--connect", at["CLIENTS"],
                       "--transfers", len(TRANSFERS))


def answered(client):
    """The transfers it read an answer to, in order."""
    return [line.split(": ")[0] for line in client.lines]


def balances(stage):
    with sqlite3.connect(stage.tmp / "accounts.db") as db:
        return dict(db.execute("SELECT owner, balance FROM accounts"))


def kill_one_of(workers, tell):
    """Waits until one has died, between debit and answer; returns the other."""
    dead = harness.first_to_end(*workers)
    debited = dead.lines[-1] == f"{FATAL} debited"
    if not debited or dead.wait_for_end() != -9:
        raise harness.Broken(dead.so_far(f"{dead.name} did not die of {FATAL}"))
    tell(dead.name, f"debits alice for {FATAL} and is killed (SIGKILL) before it can answer")
    return workers[1 - workers.index(dead)]


def at_least_once(stage, at):
    """Bank transfer: a worker is killed between the debit and its answer"""
    tell, promise = stage.account.tell, stage.account.promise
    workers = start_workers(stage, at)
    client = start_client(stage, at)
    tell("client", "asks for 5 transfers of 10 from alice, who has 100, to bob, and waits for each")
    survivor = kill_one_of(workers, tell)
    died = time.monotonic()
    tell("bridge", "sees it go, and waits a moment in case it comes back with the answer")
    survivor.wait_for(f"{FATAL} not debited")
    waited = time.monotonic() - died
    tell("bridge", f"gives {FATAL} to {survivor.name}, {waited:.1f} s after the death")
    tell(survivor.name, f"finds that {FATAL} was made already, does not make it again, and answers")
    client.wait_for_end()
    tell("client", f"reads {client.lines[TRANSFERS.index(FATAL)]}")

    seen = stage.bridge.service("accounts")
    tell("status", f"{seen['accepted']} requests accepted, {seen['answered']} answered, "
                   f"{seen['retried']} of them given to a second worker")

    promise("the client got one answer to each of its 5 transfers",
            answered(client) == TRANSFERS and client.count(": done") == 5)
    found = balances(stage)
    promise("alice was debited once for each: the database says "
            f"alice {found['alice']}, bob {found['bob']}", found == {"alice": 50, "bob": 50})


def at_most_once(stage, at):
    """The same with `execute: at_most_once`: no request is ever given to a second worker"""
    tell, promise = stage.account.tell, stage.account.promise
    workers = start_workers(stage, at)
    client = start_client(stage, at)
    tell("client", "asks for the same 5 transfers")
    survivor = kill_one_of(workers, tell)
    tell("bridge", f"gives {FATAL} to nobody else, and after the timeout answers the client itself")
    client.wait_for_end()
    told = client.lines[TRANSFERS.index(FATAL)]
    tell("client", f"reads {told}")
    promise(f"{FATAL} was given to no other worker", survivor.count(FATAL) == 0)
    promise("the client got one answer to each, and an error for this one",
            answered(client) == TRANSFERS and client.count(": done") == 4
            and told.startswith(f"{FATAL}: failed"))
    promise("alice was debited for it all the same, once: the client must ask what became of it",
            balances(stage) == {"alice": 50, "bob": 50})

    again = start_client(stage, at)
    tell("client", "asks again, with the same transfer ids")
    again.wait_for_end()
    promise("which is safe, as these workers know a transfer by its id: nothing is debited twice",
            again.count("it was made before") == 5 and balances(stage) == {"alice": 50, "bob": 50})


if __name__ == "__main__":
    sys.exit(harness.run_scenes("bank-transfer", [
        (at_least_once, ["CLIENTS", "WORKERS"], {}),
        (at_most_once, ["CLIENTS", "WORKERS"], {"EXECUTE": "at_most_once", "TIMEOUT": "5s"}),
    ]))

#!/usr/bin/python3
"""Plays the ledger: tills, bookkeepers and the bridge are killed in turn, and every payment is booked once."""
import signal
import sqlite3
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import harness

PAYMENTS = 100
ROUNDS = 3


class House:
    def __init__(self, stage, at):
        self.stage, self.at = stage, at
        self.bookkeepers = []

    def bookkeeper_comes(self, name, *arguments):
        bookkeeper = self.stage.start(name, "bookkeeper", "--connect", self.at["BOOKKEEPERS"], "--name", name, *arguments)
        bookkeeper.wait_for(f"{name} books")
        self.bookkeepers.append(bookkeeper)
        return bookkeeper

    def till_opens(self, payments, *arguments):
        till = self.stage.start("the till", "till", "--connect", self.at["TILLS"], "--payments", payments, *arguments)
        till.wait_for("the till goes on")
        return till

    def count(self, word):
        return sum(program.count(f" {word} ") for program in self.bookkeepers)

    def ask(self, question):
        ledger = sqlite3.connect(self.stage.tmp / "ledger.db", timeout=60)
        try:
            return ledger.execute(question).fetchone()[0] or 0
        finally:
            ledger.close()

    def wait_until_booked(self, payments):
        harness.wait_until(lambda: self.ask("SELECT COUNT(*) FROM booked") >= payments, f"not all of {payments} were booked")

    def is_right(self, payments):
        """Each payment is booked once, and the balances are what they add up to."""
        return (self.ask("SELECT COUNT(*) FROM booked") == self.ask("SELECT COUNT(DISTINCT payment) FROM booked") == payments
                and self.ask("SELECT SUM(cents) FROM balances") == sum(range(1, payments + 1)))


def ledger(stage, at):
    """A ledger: tills, bookkeepers and the bridge are killed in turn, every payment is booked once"""
    tell, promise = stage.account.tell, stage.account.promise
    house = House(stage, at)

    anna = house.bookkeeper_comes("anna", "--die-before-ack", "3")
    till = house.till_opens(PAYMENTS)
    till.wait_for("the till is closed")
    anna.wait_for_end()
    tell("anna", "is killed (SIGKILL) when her third payment is in the ledger, and nobody was told")
    ben = house.bookkeeper_comes("ben")
    house.wait_until_booked(PAYMENTS)
    ben.wait_for("ben knew ")
    tell("ben", f"is given it again: {next(line for line in ben.lines if ' knew ' in line)}")
    promise("a message that is given twice is booked once", house.is_right(PAYMENTS))

    sent = PAYMENTS + 1
    till = house.till_opens(sent, "--die-before-receipt", sent)
    till.wait_for_end()
    tell("till", f"is killed (SIGKILL) when till-{sent} is stored, before it has read the receipt")
    till = house.till_opens(sent)
    till.wait_for(f"paid till-{sent}: OK ")
    till.wait_for("the till is closed")
    tell("till", f"is opened again, and sends it again: {till.lines[1]}")
    promise("what a till sends twice is stored once",
            stage.bridge.topic("payments")["messages"] == sent and stage.bridge.topic("payments")["duplicates"] == 1)

    for number in range(ROUNDS):
        before = sent
        sent += PAYMENTS
        till = house.till_opens(sent)
        till.wait_for(": OK ", PAYMENTS // 4)
        stage.bridge.kill_and_start()
        till.wait_for(": OK ", PAYMENTS // 2)
        house.wait_until_booked(before + PAYMENTS // 4)
        last = house.bookkeepers[-1]
        last.signal(signal.SIGKILL)
        last.wait_for_end()
        house.bookkeeper_comes(f"clerk-{number}")
        till.wait_for(": OK ", PAYMENTS * 3 // 4)
        stage.bridge.kill_and_start()
        till.wait_for("the till is closed")
        house.wait_until_booked(sent)
    tell("all", f"{ROUNDS} rounds: the bridge is killed, {ben.name} and his successors, the bridge again; "
                f"{house.count('knew')} payments were given again after they had been booked")
    promise(f"{sent} payments are stored once each", stage.bridge.topic("payments")["messages"] == sent)
    promise("and booked once each: the balances are what they add up to", house.is_right(sent))


if __name__ == "__main__":
    sys.exit(harness.run_scenes("ledger", [(ledger, ["TILLS", "BOOKKEEPERS"], {})]))

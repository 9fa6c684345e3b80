#!/usr/bin/python3
"""Plays orders and billing: two groups each get every order, whoever is killed."""
import signal
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import harness

BATCH = 50


class House:
    def __init__(self, stage, at):
        self.stage, self.at = stage, at
        self.sent = 0
        self.packers, self.clerks = [], []

    def packer_comes(self, name, *arguments):
        packer = self.stage.start(name, "packer", "--connect", self.at["PACKERS"], "--name", name, *arguments)
        packer.wait_for("waits for orders")
        self.packers.append(packer)
        return packer

    def clerk_comes(self, name):
        clerk = self.stage.start(name, "clerk", "--connect", self.at["CLERKS"], "--name", name)
        clerk.wait_for("books")
        self.clerks.append(clerk)
        return clerk

    def shop_starts(self, *arguments, first, orders):
        return self.stage.start("shop", "shop", "--connect", self.at["ORDERS"], "--first", first, "--orders", orders, *arguments)

    def shop_sends(self, orders, *arguments):
        shop = self.shop_starts(*arguments, first=self.sent + 1, orders=orders)
        shop.wait_for("sent ")
        shop.wait_for_end()
        self.sent += orders
        return shop

    def done(self, programs, word):
        """The orders of which a program said so, in no order."""
        return [line.split(f" {word} ")[1].split(" ")[0] for program in programs for line in program.lines if f" {word} " in line]

    def wait_until_packed(self, orders):
        harness.wait_until(lambda: len(set(self.done(self.packers, "packed"))) >= orders, "not all orders were packed")

    def wait_until_booked(self, orders):
        harness.wait_until(lambda: len(set(self.done(self.clerks, "booked"))) >= orders, "not all orders were booked")


def orders(stage, at):
    """Orders and billing: two groups each get every order, whoever is killed"""
    tell, promise = stage.account.tell, stage.account.promise
    house = House(stage, at)

    anna, ben = house.packer_comes("anna"), house.packer_comes("ben")
    shop = house.shop_sends(BATCH)
    tell("shop", f"sends {BATCH} orders and has a receipt for each: {shop.lines[0].split(': ')[1]} ...")
    house.wait_until_packed(BATCH)
    packed = house.done(house.packers, "packed")
    tell("packers", f"anna and ben have packed {anna.count(' packed ')} and {ben.count(' packed ')} of them")
    promise("packers of the group share the orders, none is packed twice", len(packed) == len(set(packed)) == BATCH)

    carl = house.clerk_comes("carl")
    tell("billing", "carl comes only now")
    house.wait_until_booked(BATCH)
    promise("billing gets every order as well, from the first one on", len(set(house.done([carl], "booked"))) == BATCH)

    for packer in (anna, ben):
        packer.stop()
    slow = house.packer_comes("dora", "--seconds", "3600")
    house.shop_sends(1, "--push")
    slow.wait_for(" takes ")
    slow.signal(signal.SIGKILL)
    slow.wait_for_end()
    tell("dora", f"is killed (SIGKILL) with order-{house.sent} in her hands")
    emil = house.packer_comes("emil")
    house.wait_until_packed(house.sent)
    promise("another packer gets it", emil.count(f"emil packed order-{house.sent}") == 1)

    trouble = stage.start("trouble", "trouble", "--connect", at["TROUBLE"])
    house.shop_sends(1, "--goods", "unicorns")
    trouble.wait_for(f"dead letter: order-{house.sent}, unicorns")
    tell("emil", f"answers IMPOSSIBLE to order-{house.sent}; trouble.py shows it as a dead letter")

    before = house.sent
    house.wait_until_booked(before)
    shop = house.shop_starts(first=before + 1, orders=10 * BATCH)
    shop.wait_for(": OK ", BATCH)
    stage.bridge.kill_and_start()
    tell("bridge", "is killed (SIGKILL) while the shop sends, and started again")
    shop.wait_for("sent ")
    house.sent += 10 * BATCH
    house.wait_until_packed(house.sent - 1)  # but the unicorns
    house.wait_until_booked(house.sent)
    promise("packers and clerks go on by themselves, and no order is missing",
            set(house.done(house.packers, "packed")) == {f"order-{n}" for n in range(1, house.sent + 1) if n != before})
    promise("the one that was rejected was given once", emil.lines.count(f"emil takes order-{before}") == 1)
    lines = [line.split(" (")[0] for line in carl.lines]
    promise("no order whose ACK was answered OK is given again",
            all(order not in lines[at:] for at, line in enumerate(lines) if " is done with " in line
                for order in [line.replace("is done with", "booked")]))


if __name__ == "__main__":
    sys.exit(harness.run_scenes("orders-and-billing", [(orders, ["ORDERS", "PACKERS", "CLERKS", "TROUBLE"], {})]))

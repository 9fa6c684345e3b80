#!/usr/bin/python3
"""Plays order to logistics: packers come and go, no order is packed twice or lost."""
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import harness

BATCH = 100


class Warehouse:
    def __init__(self, stage, at):
        self.stage, self.at = stage, at
        self.sent = 0
        self.packers = []

    def packer_comes(self, name):
        packer = self.stage.start(name, "packer", "--connect", self.at["PACKERS"], "--name", name)
        packer.wait_for("waits for orders")
        self.packers.append(packer)
        return packer

    def shop_sends_orders(self):
        shop = self.stage.start("shop", "shop", "--connect", self.at["ORDERS"],
                                "--first", self.sent + 1, "--orders", BATCH)
        shop.wait_for_end()
        self.sent += BATCH

    def packed(self):
        """The orders packed so far, by all packers that were ever there."""
        return [line.split(" packed ")[1].split(":")[0]
                for packer in self.packers for line in packer.lines if " packed " in line]

    def wait_until_all_is_packed(self):
        harness.wait_until(lambda: len(self.packed()) >= self.sent, "not all orders were packed")

    def send_until_both_have_some(self, *packers):
        """A packer may still be connecting when the first orders come: then one more batch."""
        before = [packer.count(" packed ") for packer in packers]
        deadline = time.monotonic() + harness.PATIENCE_S
        while True:
            self.shop_sends_orders()
            self.wait_until_all_is_packed()
            shares = [packer.count(" packed ") - had for packer, had in zip(packers, before)]
            if all(shares):
                return ", ".join(f"{p.name} packs {share}" for p, share in zip(packers, shares))
            if time.monotonic() > deadline:
                raise harness.Broken(f"the orders were not shared: {shares}")


def logistics(stage, at):
    """Order to logistics: packers share the orders; who is away gets none"""
    tell, promise = stage.account.tell, stage.account.promise
    house = Warehouse(stage, at)

    anna, ben = house.packer_comes("anna"), house.packer_comes("ben")
    tell("packers", "anna and ben are there, carl is away")
    shares = house.send_until_both_have_some(anna, ben)
    tell("bridge", f"shares {house.sent} orders of the shop: {shares}")

    anna.stop()
    anna_packed = anna.count(" packed ")
    carl = house.packer_comes("carl")
    tell("packers", "anna goes home, carl comes")
    before = house.sent
    shares = house.send_until_both_have_some(ben, carl)
    tell("bridge", f"shares the next {house.sent - before}: {shares}")
    promise("a packer that is away gets nothing", anna.count(" packed ") == anna_packed)

    ben.stop()
    carl.stop()
    tell("packers", "ben and carl go home too, nobody is there")
    house.shop_sends_orders()
    tell("shop", f"sends {BATCH} orders all the same, and is done")
    harness.wait_until(lambda: stage.bridge.endpoint("packers")["delivery"]["line"] == BATCH,
                       "the bridge did not take the orders")
    tell("status", f"{BATCH} orders wait in the line")
    dora = house.packer_comes("dora")
    house.wait_until_all_is_packed()
    tell("packers", f"dora comes in the morning and packs {dora.count(' packed ')}")
    promise("orders that nobody was there for waited in the bridge",
            dora.count(" packed ") == BATCH)

    packed = house.packed()
    promise(f"all {house.sent} orders were packed",
            set(packed) == {f"order-{n}" for n in range(1, house.sent + 1)})
    promise("and none of them twice", len(packed) == len(set(packed)))


if __name__ == "__main__":
    sys.exit(harness.run_scenes("order-to-logistics", [(logistics, ["ORDERS", "PACKERS"], {})]))

#!/usr/bin/python3
"""Plays order and database: an order is in the database and published, or neither, whoever dies when."""
import sqlite3
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import harness


def orders(stage, at):
    """Order and database: stored and published, or neither"""
    tell, promise = stage.account.tell, stage.account.promise
    database = stage.tmp / "shop.db"

    def shop():
        program = stage.start("the shop", "shop", "--connect", at["ORDERS"], "--database", database)
        program.wait_for("is open")
        return program

    def stored():
        return sorted(row[0] for row in sqlite3.connect(database).execute("SELECT number FROM orders"))

    def packed():
        return sorted(line.split()[2].rstrip(":") for line in packer.lines if line.startswith("packed "))

    packer = stage.start("the packer", "packer", "--connect", at["PACKERS"])
    packer.wait_for("is there")

    first = shop()
    first.type("1 lamp")
    first.type("2 nothing")
    first.type("3 chair")
    first.wait_for("order 3 is stored and published")
    tell("shop", "took orders 1 and 3; the database did not take order 2, which was rolled back")
    packer.wait_for("packed order 3")
    promise("what is stored is packed, and nothing else", stored() == packed() == ["1", "3"])

    first.type("break 4 table")
    first.wait_for_end()
    tell("shop", "died when order 4 was in the database, before it could say COMMIT")
    second = shop()
    second.type("forget 5 sofa")
    second.wait_for_end()
    tell("shop", "died again, when order 5 was prepared and not in the database")
    promise("order 4 and order 5 are seen by nobody", packed() == ["1", "3"])

    stage.bridge.kill_and_start()
    tell("bridge", "is killed (SIGKILL) and started again: it knows what is prepared")
    checker = stage.start("the checker", "checker", "--connect", at["CHECKS"], "--database", database)
    checker.wait_for("asked of order 4: COMMIT")
    checker.wait_for("asked of order 5: ROLLBACK")
    tell("checker", "is asked of both, and looks into the database")
    packer.wait_for("packed order 4")
    promise("order 4 is packed after all, order 5 never was", stored() == packed() == ["1", "3", "4"])

    last = shop()
    last.type("6 bed")
    packer.wait_for("packed order 6")
    promise("each order that is stored is packed once", stored() == packed() == ["1", "3", "4", "6"])
    last.end_of_input()
    last.wait_for_end()


if __name__ == "__main__":
    quick = {"CHECK_AFTER": "500ms", "CHECK_EVERY": "500ms"}
    sys.exit(harness.run_scenes("order-and-database", [(orders, ["ORDERS", "CHECKS", "PACKERS"], quick)]))

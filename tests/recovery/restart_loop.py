"""Fifty SIGKILLs, one after the other, under load: while the bridge starts, as soon as it is ready, and after some receipts. It
always starts again; every receipted message is there at the end, in its producer's order and once.

    restart_loop.py BRIDGE --kills=500 --seed=7
"""
import random

from topic_files import *
from topic_kill9 import PRODUCERS, YAML, end_and_check, producer

MOMENTS = ("begun", "ready", "receipts")


def main(flow):
    chance = random.Random(flow.options.seed)
    bridge = flow.bridge(YAML)
    files = [flow.tmp / f"receipts-{number}" for number in range(PRODUCERS)]
    names = [b"p%d" % number for number in range(PRODUCERS)]
    producers = [flow.start(producer, bridge.address("IN"), name, file) for name, file in zip(names, files)]
    epoch = bridge.data_dir / "epoch"

    def receipted():
        return sum(file.stat().st_size if file.exists() else 0 for file in files)

    def await_receipts(more):
        aim = receipted() + more
        wait_until(lambda: receipted() >= aim or any(each.has_said() for each in producers), "receipts come")

    await_receipts(1000)
    began = time.monotonic()
    kills = dict.fromkeys(MOMENTS, 0)
    for _ in range(flow.options.kills):
        moment = chance.choice(MOMENTS)
        if moment != "begun":
            bridge.wait_until_ready()
        if moment == "receipts":
            await_receipts(chance.randrange(1, 4000))
        bridge.kill()
        kills[moment] += 1
        before = epoch.read_bytes()
        bridge.begin()
        # From there on it is at its journal.
        wait_until(lambda: epoch.read_bytes() != before or bridge.process.poll() is not None, "it has begun", PATIENCE_S)
        check(bridge.process.poll() is None, f"it starts:\n{bridge.log()[-2000:]}")
    took = time.monotonic() - began
    bridge.wait_until_ready()
    await_receipts(1000)
    counts = end_and_check(flow, bridge, producers, names)
    flow.figure(f"{flow.options.kills} kills in {took:.0f} s ({kills}), {sum(counts)} receipts, 0 lost, 0 twice")


if __name__ == "__main__":
    run(main, kills=50, seed=1)

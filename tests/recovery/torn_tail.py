"""The last segment of a bridge that was killed is cut, at any length of the last 4 KiB that were written; what was behind is
missing, or is zeros, or is chance. The bridge starts every time, says where it has cut and how much, has every message that
was receipted and lies before the cut, none of those behind, and goes on from there, also after a second start. A journal that was
ended in order is another matter: what is cut from it was there, and the start is refused.

    torn_tail.py BRIDGE --stride=1
"""
import random

from topic_files import *

TAIL = 4096
TAILS = ("missing", "zeros", "chance")


def damage(segment, cut, tail, chance):
    with open(segment, "r+b") as file:
        if tail == "missing":
            file.truncate(cut)
            return
        size = file.seek(0, os.SEEK_END)
        rest = min(size, cut + 2 * TAIL) - cut
        file.seek(cut)
        file.write(bytes(rest) if tail == "zeros" else chance.randbytes(rest))


def main(flow):
    chance = random.Random(flow.options.seed)
    bridge = flow.bridge(TOPIC)
    messages = [b"m%d-" % number + b"x" * chance.randrange(600) + b"-end" for number in range(60)]
    publisher = Publisher(flow, bridge.address("IN"))
    for each in messages:  # one a batch
        publisher.store([each])
    publisher.close()
    bridge.kill()
    last = segments(bridge)[-1]
    whole = last.read_bytes()
    written = list(batches(last))
    end = sum(written[-1])
    saved = flow.tmp / "saved"
    shutil.copytree(bridge.data_dir, saved, ignore=shutil.ignore_patterns("admin"))

    cuts = list(range(end - TAIL, end + 1, flow.options.stride))
    lost = 0
    for number, cut in enumerate(cuts):
        tail = TAILS[number % len(TAILS)]
        shutil.rmtree(bridge.data_dir)
        shutil.copytree(saved, bridge.data_dir)
        damage(journal(bridge) / last.name, cut, tail, chance)
        before = len(bridge.log())
        bridge.start()
        said = bridge.log()[before:]
        what = f"cut at {cut}, {tail}"
        marker = b"after-%d" % cut
        found = read_all(flow, bridge, marker)
        equal(found, messages[:len(found)], f"the messages in their order ({what})")
        kept = sum(whole.find(each) + len(each) <= cut for each in messages)
        check(len(found) >= kept, f"all {kept} before the cut are there, not {len(found)} ({what})")
        check(len(found) <= kept, f"none behind the cut is there: {len(found)} of {kept} ({what})")
        lost += len(messages) - len(found)
        # Where the first batch stood that is not whole any more; what pads a batch is no part of it.
        torn = next((at for at, size in written if at + size > cut), None)
        if tail != "zeros" or (torn is not None and torn < cut):
            torn = padded(end) if torn is None else torn
            check(re.search(rf"{last.name}, offset {torn}: cut \d+ bytes", said), f"the log says it: {torn} ({what})\n{said}")
        bridge.kill()
        if number % 4 == 0:
            bridge.start()
            equal(read_all(flow, bridge, b"again"), found + [marker], f"what a second start has ({what})")
            bridge.kill()

    shutil.rmtree(bridge.data_dir)
    shutil.copytree(saved, bridge.data_dir)
    bridge.start()
    equal(bridge.terminate(), 0, "the exit status")
    ended = segments(bridge)[-1]
    *_, (position, _) = batches(ended)
    damage(ended, position, "missing", chance)
    said, status = refused_start(bridge)
    equal(status, 1, f"the exit status of a start on a journal that lacks its end:\n{said}")
    check(f"{ended.name}, offset {position}:" in said and "ended in order" in said, f"it says why: {said}")
    bridge.run_options = ["--accept-loss"]
    bridge.start()
    equal(read_all(flow, bridge, b"accepted"), messages, "what is served then")
    flow.figure(f"{len(messages)} receipts; {len(cuts)} cuts of the last {TAIL} bytes, {lost} messages behind the cuts, "
                f"0 lost before them, 0 refused starts")


if __name__ == "__main__":
    run(main, stride=293, seed=1)

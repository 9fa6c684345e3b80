"""From a file to a file through a bridge that is killed again and again, into the tree's own file-sink and into one that fails
half of the time: every line arrives at least once, and where reading goes on is kept.
"""
import random

from harness import *

YAML = """
plugins:
  lines:
    use: file-source
    config: {{ path: "{tmp}/in.log", position: "{tmp}/in.position", poll: 5ms, position_interval: 50ms }}
    limits: {{ window: 200 }}
  archive: {{ use: file-sink, config: {{ path: "{tmp}/archive.log", sync: never }} }}
  flaky: {{ use: "{plugins}/flaky_sink.so", config: {{ path: "{tmp}/flaky.log", seed: 7 }} }}
routes:
  - {{ name: archive, from: plugin/lines, to: plugin/archive }}
  - {{ name: flaky, from: plugin/lines, to: plugin/flaky }}
"""
LINES = 20_000
KILLS = 6


def lines_of(path):
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def main(flow):
    source, archive, flaky = flow.tmp / "in.log", flow.tmp / "archive.log", flow.tmp / "flaky.log"
    position = flow.tmp / "in.position"
    chance = random.Random(flow.options.seed)
    all_lines = [b"line %06d" % number for number in range(LINES)]
    source.write_bytes(b"")
    bridge = flow.bridge(YAML.format(tmp=flow.tmp, plugins=flow.options.plugins))
    written, kills = 0, 0
    with open(source, "ab", buffering=0) as file:
        while written < LINES:
            some = all_lines[written:written + chance.randrange(1, LINES // (KILLS + 2))]
            file.write(b"".join(line + b"\n" for line in some))
            written += len(some)
            if kills < KILLS:
                # In the middle: some of it has arrived, not all.
                arrived = len(set(lines_of(flaky)))
                enough = arrived + chance.randrange(0, max(1, written - arrived))
                wait_until(lambda: len(set(lines_of(flaky))) >= enough, f"{enough} lines have arrived")
                bridge.kill()
                kills += 1
                bridge.start()
    wait_until(lambda: len(set(lines_of(flaky))) == LINES and len(set(lines_of(archive))) == LINES, "every line has arrived",
               4 * PATIENCE_S)
    equal(kills, KILLS, "it was killed so often")
    for name, path in (("flaky", flaky), ("archive", archive)):
        equal(set(lines_of(path)), set(all_lines), f"{name} has each line and nothing else")
    status = bridge.wait_for("the source knows of each", lambda status: status if status["plugins"][0]["messages"] ==
                             status["plugins"][0]["accepted"] else None)
    check(status["plugins"][2]["retried"] > 0, "the flaky one has failed")
    doubles = [len(lines_of(path)) - LINES for path in (archive, flaky)]
    flow.figure(f"{kills} kills; lines that came twice: {doubles[0]} in the archive, {doubles[1]} in the flaky one")
    equal(bridge.terminate(), 0, "it ends cleanly")

    # Planned: nothing comes again.
    before = [len(lines_of(path)) for path in (archive, flaky)]
    check(position.exists(), "the position is kept")
    bridge.start()
    with open(source, "ab", buffering=0) as file:
        file.write(b"the last\n")
    wait_until(lambda: all(lines_of(path)[-1] == b"the last" for path in (archive, flaky)), "the last line arrives")
    equal([len(lines_of(path)) for path in (archive, flaky)], [count + 1 for count in before], "and nothing again")
    equal(bridge.terminate(), 0, "it ends cleanly")


if __name__ == "__main__":
    run(main, plugins="", seed=4)

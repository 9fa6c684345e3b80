"""The C++ client over kill -9 of everybody: as tests/clients/python/flow_kill9.py, with a producer and consumers in C++.

    flow_kill9.py BRIDGE PROGRAM --kills=20 --messages=1000000
"""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/flow"), str(ROOT / "tests/clients/python")]
from harness import *  # noqa: E402
from flow_kill9 import play  # noqa: E402


class Native:
    """A program of kill9.cc, as the harness's Program is."""

    def __init__(self, *arguments):
        self._process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *map(str, arguments)],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def has_said(self):
        return bool(select.select([self._process.stdout], [], [], 0)[0])

    def hear(self):
        check(select.select([self._process.stdout], [], [], PATIENCE_S)[0], "the program says something")
        line = self._process.stdout.readline().strip()
        check(line and not line.startswith("failed"), f"the program goes on: {line!r}, {self._process.poll()}")
        return line

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


def main(flow):
    program = PROGRAM
    play(flow,
         lambda address, file, count: Native(program, "producer", address, file, count),
         lambda address, file, name: Native(program, "consumer", address, file, *([name] if name else [])))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(2)
    run(main, kills=6, messages=20_000, seed=1)

"""What demo.py and each run.py share: starting programs, waiting for what they print, telling it.

A Stage is one run of a scenario: a temporary folder, and programs that are all stopped when the
stage is left. Nothing here sleeps for a time and hopes: everything waits for a line that a program
prints, or for its end, and after PATIENCE_S the promise is broken.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

from free_addresses import free_addresses

EXAMPLES = Path(__file__).resolve().parent
BUILDS = [EXAMPLES.parent / "build" / preset / "zbridge" for preset in ("dev", "release")]
PATIENCE_S = 60  # a condition that has not come true by then is a broken promise


class Broken(Exception):
    """A program did not do what it should have; the message says which and what it said last."""


class Account:
    """Tells on the terminal what happens, and remembers whether every promise was kept."""

    WIDTH = 100

    def __init__(self, out=sys.stdout):
        self.kept = 0
        self.broken = 0
        self._out = out
        self._colours = out.isatty() and "NO_COLOR" not in os.environ
        self._marks = ("✓", "✗") if "utf" in (out.encoding or "").lower() else ("ok", "NO")

    def title(self, text, about):
        self._print("")
        self._print(self._paint("1", text))
        self._print(self._paint("2", f"   {about}"))

    def tell(self, who, text):
        """One step of the story: who did it, and what."""
        self._wrap(f"   {who:<9} ", text, "36")

    def promise(self, text, kept):
        """What the scenario shows; `kept` says whether it came true."""
        self.kept += bool(kept)
        self.broken += not kept
        mark = self._marks[0 if kept else 1]
        self._wrap(f" {mark:>2} ", text if kept else f"NOT KEPT: {text}", "32" if kept else "31")

    def failure(self, text):
        """Something that stopped the story."""
        self.broken += 1
        for line in text.splitlines():
            self._print(self._paint("31", f"   {line}"))

    def end(self, seconds):
        self._print("")
        if self.broken:
            colour, text = "1;31", f"{self.broken} broken, {self.kept} promises kept"
        else:
            colour, text = "1;32", f"All {self.kept} promises kept"
        self._print(self._paint(colour, f"{text}, in {seconds:.1f} s."))

    def note(self, text):
        self._wrap("", text, None)

    def _wrap(self, label, text, colour):
        lines = textwrap.wrap(text, self.WIDTH - len(label)) or [""]
        self._print((self._paint(colour, label) if colour else label) + lines[0])
        for line in lines[1:]:
            self._print(" " * len(label) + line)

    def _paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self._colours else text

    def _print(self, text):
        print(text, file=self._out, flush=True)


class Program:
    """A running process whose lines are kept as it prints them (standard error among them)."""

    def __init__(self, name, command, env=None, cwd=None):
        self.name = name
        self.lines = []
        self._news = threading.Condition()
        self._ended = False
        # setpriv: the kernel ends the program should this script be killed before it can stop it.
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *map(str, command)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})})
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        self.process.wait()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def type(self, line):
        """Gives the program a line of input."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end_of_input(self):
        self.process.stdin.close()

    def count(self, text):
        """How many of its lines contain `text`."""
        with self._news:
            return sum(text in line for line in self.lines)

    def wait_for(self, text, times=1):
        """Until `times` of its lines contain `text`."""
        with self._news:
            there = lambda: sum(text in line for line in self.lines) >= times
            self._news.wait_for(lambda: there() or self._ended, PATIENCE_S)
            if not there():
                often = f" {times} times" if times > 1 else ""
                raise Broken(self.so_far(f"{self.name} did not print '{text}'{often}"))

    def wait_for_end(self):
        """Until it has ended by itself; returns its exit status, -9 for a SIGKILL."""
        with self._news:
            if not self._news.wait_for(lambda: self._ended, PATIENCE_S):
                raise Broken(self.so_far(f"{self.name} did not end within {PATIENCE_S} s"))
        return self.process.returncode

    def is_running(self):
        return self.process.poll() is None

    def signal(self, number):
        if self.is_running():
            self.process.send_signal(number)

    def stop(self):
        """Asks it to end, and makes it."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        with self._news:
            self._news.wait_for(lambda: self._ended, PATIENCE_S)

    def end_in_order(self):
        """Stops it; having died before, or not leaving with status 0, breaks the play."""
        self.stop()
        if self.process.returncode != 0:
            raise Broken(self.so_far(f"{self.name} did not end in order"))

    def so_far(self, what):
        """`what`, and how it stands with the program."""
        status = self.process.returncode
        state = f"ended with status {status}" if self._ended else "is still running"
        said = [f"  | {line}" for line in self.lines[-8:]] or ["  | (nothing)"]
        return "\n".join([f"{what}; it {state} and said last:", *said])


class Bridge(Program):
    """A running bridge, and what `zbridge status` says of it."""

    def __init__(self, binary, yaml, data_dir, env, cwd):
        self._status = [binary, "status", "--json", "--at", data_dir]
        self._run = [binary, "run", yaml], {**env, "DATA_DIR": str(data_dir)}, cwd
        super().__init__("the bridge", *self._run)

    def kill_and_start(self):
        """Kills it, as a crash does, and starts it again with its data; returns when it listens."""
        self.signal(signal.SIGKILL)
        self.wait_for_end()
        super().__init__("the bridge", *self._run)
        self.wait_for(" ready ")

    def service(self, name):
        return self._named(name, "services")

    def endpoint(self, name):
        return self._named(name, "endpoints")

    def topic(self, name):
        return self._named(name, "topics")

    def _named(self, name, kind):
        asked = subprocess.run(self._status, capture_output=True, text=True, timeout=PATIENCE_S)
        if asked.returncode != 0:
            raise Broken(self.so_far(f"`zbridge status` failed: {asked.stderr.strip()}"))
        return next(entry for entry in json.loads(asked.stdout)[kind] if entry["name"] == name)


class Stage:
    """One run of a scenario, with its Python programs, or with the C++ ones built into `cpp`."""

    def __init__(self, folder, account, bridge=None, cpp=None):
        self.account = account
        self.bridge = bridge
        self.folder = EXAMPLES / folder
        self._cpp = cpp and Path(cpp).resolve() / folder
        self._programs = []

    def __enter__(self):
        self.tmp = Path(tempfile.mkdtemp(prefix="zbridge-example-"))
        return self

    def __exit__(self, *_):
        for program in reversed(self._programs):
            program.stop()
        shutil.rmtree(self.tmp, ignore_errors=True)

    def start(self, name, program, *arguments, env=None):
        """Starts one of the scenario's programs in the temporary folder."""
        if self._cpp:
            command = [self._cpp / program, *arguments]
        else:
            command = ["/usr/bin/python3", self.folder / f"{program}.py", *arguments]
        return self._keep(Program(name, command, env, self.tmp))

    def start_bridge(self, binary, yaml, addresses, env):
        """Starts the bridge and waits until it listens on all of `addresses`."""
        binary = Path(binary).resolve()
        if not binary.exists():
            raise Broken(f"there is no bridge at {binary}: build it, or name one with --bridge")
        bridge = self._keep(Bridge(binary, yaml, self.tmp / "data", env, self.tmp))
        bridge.wait_for(" ready ")
        unheard = [address for address in addresses if not is_listening(address)]
        if unheard:
            raise Broken(f"{yaml} does not bind {', '.join(unheard)}")
        return bridge

    def _keep(self, program):
        self._programs.append(program)
        return program


def wait_until(condition, otherwise):
    """Until condition() is true; the play is broken if it does not come true."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise Broken(f"{otherwise} within {PATIENCE_S} s")
        time.sleep(0.01)


def first_to_end(*programs):
    """Until one of them has ended by itself; returns that one."""
    wait_until(lambda: not all(program.is_running() for program in programs),
               f"none of {', '.join(program.name for program in programs)} ended")
    ended = next(program for program in programs if not program.is_running())
    ended.wait_for_end()
    return ended


def is_listening(address):
    """Whether a process listens on tcp://127.0.0.1:port; asks the kernel, not by connecting."""
    listening = "0A"
    port = f":{int(address.rsplit(':', 1)[1]):04X}"
    for table in "/proc/net/tcp", "/proc/net/tcp6":
        rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
        if any(row[1].endswith(port) and row[3] == listening for row in rows):
            return True
    return False


def run_scenes(folder, scenes):
    """The main of each run.py; returns the exit status.

    A scene is (function of (stage, addresses), names of its addresses, environment). Each runs
    against a bridge of its own with the folder's bridge.yaml, once with the Python programs and,
    where --programs names the folder of the built C++ ones, once with those.
    """
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    add_bridge_option(parser)
    parser.add_argument("--programs", metavar="DIR",
                        help="also run the C++ programs that were built into DIR")
    options = parser.parse_args()
    stop_on_signals()

    account = Account()
    began = time.monotonic()
    for language, cpp in ("Python", None), ("C++", options.programs):
        if language == "C++" and not cpp:
            continue
        for scene, names, environment in scenes:
            account.title(scene.__doc__, f"the {language} programs of examples/{folder}")
            try:
                with Stage(folder, account) as house:
                    addresses = free_addresses(names)
                    yaml = house.folder / "bridge.yaml"
                    bridge = house.start_bridge(options.bridge, yaml, addresses.values(),
                                                {**addresses, **environment})
                    with Stage(folder, account, bridge, cpp) as stage:
                        scene(stage, addresses)
                    bridge.end_in_order()
            except Broken as broken:
                account.failure(str(broken))
    account.end(time.monotonic() - began)
    return 1 if account.broken else 0


def add_bridge_option(parser):
    built = [build for build in BUILDS if build.exists()]
    parser.add_argument("--bridge", default=os.environ.get("ZBRIDGE_BIN", (built or BUILDS)[0]),
                        help="the zbridge to run; default: $ZBRIDGE_BIN, else the one built here")


def stop_on_signals():
    """Ctrl-C, SIGTERM, a closed terminal leave by way of every `with`: all started is stopped."""
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, lambda got, _: sys.exit(128 + got))

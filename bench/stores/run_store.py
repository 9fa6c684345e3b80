"""One measured run of a store: started on loopback with its data in a folder of its own on the disk, a producer alone, a
consumer alone with what that has stored, both at once; then all is stopped and the folder is gone.

Flow: run_once(store) -> its measures, or RunFailed with the reason and what the programs said.
"""
import dataclasses
import os
import pathlib
import signal
import subprocess
import tempfile

import harness

READY_SECONDS_MAX = 60  # for a server to take connections
DRAIN_SECONDS_MAX = 30  # for the consumer to acknowledge what the producer has stored
END_SECONDS_MAX = 10  # for a server to end, before it is killed


@dataclasses.dataclass(frozen=True)
class Settings:
    build: pathlib.Path  # the CMake build folder
    bridge: pathlib.Path  # the zbridge program
    folder: pathlib.Path  # where each run's folder is made
    seconds: float
    warmup: float

    @property
    def fetched(self):
        """What Maven and the Go modules bring, and what is built of it."""
        return self.build.parent / "stores"

    @property
    def programs(self):
        return self.build / "bench/stores"


class Processes(harness.Processes):
    """Each in a group of its own, so that what a server's script has started ends with it."""

    def start(self, name, *command, **environment):
        with open(self.folder / f"{name}.out", "wb") as out, open(self.folder / f"{name}.err", "wb") as err:
            self.running[name] = subprocess.Popen(
                [str(part) for part in command], stdout=out, stderr=err, stdin=subprocess.DEVNULL, cwd=self.folder,
                env={**os.environ, **{key: str(value) for key, value in environment.items()}}, start_new_session=True)
        return self.running[name]

    def __exit__(self, *_):
        for process in reversed(self.running.values()):
            end_group(process)


def end_group(process):
    """The process is asked to end, and waited for; then what is left of its group is killed."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def flushes(folder):
    """How often the disk of this folder has been told to flush what it holds, since the machine has started."""
    device = os.stat(folder).st_dev
    for line in pathlib.Path("/proc/diskstats").read_text().splitlines():
        fields = line.split()
        if (int(fields[0]), int(fields[1])) == (os.major(device), os.minor(device)) and len(fields) >= 20:
            return int(fields[18])
    return 0


def run_once(store, settings):
    os.sync()  # what the run before has left to be written is no cost of this one
    with tempfile.TemporaryDirectory(prefix="zbridge-stores-", dir=settings.folder, ignore_cleanup_errors=True) as folder:
        with Processes(folder) as processes:
            addresses = store.start(processes, settings)
            return measures(store, settings, processes, addresses)


def measures(store, settings, processes, addresses):
    warmup = settings.warmup + store.warmup
    window = ["--seconds", settings.seconds, "--warmup", warmup]
    longest = settings.seconds + warmup + harness.RUN_SECONDS_EXTRA

    def start(name, role, *options):
        processes.start(name, *store.program(settings), role, addresses[role], *options)

    flushed = flushes(processes.folder)
    start("publish", "publish", *window)
    published = processes.result("publish", longest)
    flushed = flushes(processes.folder) - flushed

    start("consume", "consume", "--messages", published["stored"], "--warmup", 0, "--seconds", DRAIN_SECONDS_MAX)
    consumed = processes.result("consume", longest + DRAIN_SECONDS_MAX)

    # The producer goes on until the consumer has had its window.
    start("consume-both", "consume", *window)
    start("publish-both", "publish", "--seconds", longest, "--warmup", 0)
    both = processes.result("consume-both", longest)
    return {"receipts": published["rate"], "acks": consumed["rate"], "both": both["rate"],
            "flush": published["stored"] / max(flushed, 1)}

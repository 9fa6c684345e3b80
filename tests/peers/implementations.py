"""The implementations of ZeroMQ's protocol that run.py plays with: how each is got and built, and how it is started.

What is fetched and built goes into build/peers, once, and again when a file that it comes from changes.
"""
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "examples"))

from harness import Broken  # noqa: E402

DEBIAN_JEROMQ = Path("/usr/share/java/jeromq.jar")
STEP_LIMIT_S = 240  # a step that fetches or builds ends by then, or the test fails


class Workshop:
    """The folder of one implementation below `build`, used by one process at a time."""

    def __init__(self, build, name):
        self.name = name
        self.folder = build / name
        self._stamp = self.folder / "made-from"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = open(self.folder / "lock", "w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def make(self, sources, *steps):
        """Runs the steps, each (command, folder), unless they have been run with these sources and commands."""
        made_from = "".join(path.read_text() for path in sources) + repr(steps)
        if self._stamp.exists() and self._stamp.read_text() == made_from:
            return
        for command, folder in steps:
            self._run([str(word) for word in command], folder)
        self._stamp.write_text(made_from)

    def _run(self, command, folder):
        if not Path(command[0]).exists():
            raise Broken(f"{self.name} cannot be had: {command[0]} is not there; `./dev test` installs what packages.txt "
                         "names")
        environment = {name: value for name, value in os.environ.items() if name not in ("GOROOT", "NODE_OPTIONS")}
        try:
            done = subprocess.run(command, cwd=folder, env={**environment, "CGO_ENABLED": "0"}, timeout=STEP_LIMIT_S,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, errors="replace")
        except subprocess.TimeoutExpired:
            raise Broken(f"{self.name} cannot be had: {' '.join(command)} took longer than {STEP_LIMIT_S} s") from None
        if done.returncode != 0:
            raise Broken(f"{self.name} cannot be had: {' '.join(command)} failed:\n{done.stdout[-2000:]}")


def pyzmq(_, __):
    return ["/usr/bin/python3", HERE / "python/peer.py"]


def cppzmq(_, cpp):
    if cpp is None or not cpp.exists():
        raise Broken(f"cppzmq cannot be had: no program at {cpp or '--cpp'}; the target peer_cpp builds it")
    return [cpp]


def jeromq(build, _):
    workshop = Workshop(build, "jeromq")
    java(workshop, "lib/*", [["/usr/bin/mvn", "-B", "-q", "-f", HERE / "java/pom.xml", "dependency:copy-dependencies",
                              f"-DoutputDirectory={workshop.folder}/lib"], workshop.folder])
    return started_java(workshop, f"{workshop.folder}/lib/*")


def old_jeromq(build, _):
    workshop = Workshop(build, "old-jeromq")
    if not DEBIAN_JEROMQ.exists():
        raise Broken(f"old-jeromq cannot be had: {DEBIAN_JEROMQ} is not there; it is of Debian's libjeromq-java")
    java(workshop, DEBIAN_JEROMQ)
    return started_java(workshop, DEBIAN_JEROMQ)


def java(workshop, jars, *fetching):
    workshop.make([HERE / "java/Peer.java", HERE / "java/pom.xml"], *fetching,
                  [["/usr/bin/javac", "-d", workshop.folder, "-cp", jars, HERE / "java/Peer.java"], workshop.folder])


def started_java(workshop, jars):
    return ["/usr/bin/java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{workshop.folder}:{jars}", "Peer"]


def go_zeromq(build, _):
    workshop = Workshop(build, "go-zeromq")
    sources = [HERE / "go" / name for name in ("peer.go", "go.mod", "go.sum")]
    workshop.make(sources, [["/usr/bin/go", "build", "-buildvcs=false", "-o", workshop.folder / "peer", "."], HERE / "go"])
    return [workshop.folder / "peer"]


def zeromq_js(build, _):
    workshop = Workshop(build, "zeromq.js")
    sources = [HERE / "node" / name for name in ("peer.js", "package.json", "package-lock.json")]
    for source in sources:
        shutil.copy(source, workshop.folder)
    # Without its install script: the package brings libzmq built, the script would look for a newer one.
    workshop.make(sources, [["/usr/bin/npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], workshop.folder])
    return ["/usr/bin/node", workshop.folder / "peer.js"]


# Name -> function of (build folder, the built cpp/peer.cc) that returns the command of its program, or raises Broken.
IMPLEMENTATIONS = {"pyzmq": pyzmq, "cppzmq": cppzmq, "jeromq": jeromq, "old-jeromq": old_jeromq,
                   "go-zeromq": go_zeromq, "zeromq.js": zeromq_js}

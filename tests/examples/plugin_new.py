#!/usr/bin/python3
"""Each folder that `zbridge plugin new` writes builds without warnings and passes its test against an installed zbridge, as its
README says; the bridge of its YAML does with it what it says."""
import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import zmq

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
sys.path += [str(EXAMPLES), str(EXAMPLES / "custom-plugin")]
import harness
import run as outside


def works(kind, addresses, folder):
    """Whether messages become what the README of each kind promises."""
    if kind == "step":
        return outside.exchange(*addresses, [[b"world"]], 1) == [[b"hello, world"]]
    with zmq.Context() as context, context.socket(zmq.PULL if kind == "source" else zmq.PUSH) as socket:
        socket.linger = 0
        socket.connect(addresses[0])
        if kind == "source":
            return socket.poll(harness.PATIENCE_S * 1000) and socket.recv() == b"tick"
        socket.send(b"one line")
        lines = folder / "lines.txt"
        harness.wait_until(lambda: lines.exists() and lines.read_text() == "one line\n", "no line was written")
        return True


def play(kind, language, tmp, env, account):
    name = f"my-{kind}-{language}"
    outside.run(f"zbridge plugin new {name} --kind {kind} --lang {language}", tmp, env)
    folder = tmp / name
    build, start = outside.commands_of(folder / "README.md")
    tested = outside.run(build, folder, env)
    account.promise(f"{name}: `{build}`", "100% tests passed" in tested)
    addresses = outside.with_free_ports(folder / f"{name}.yaml")
    bridge = harness.Program("the bridge", ["bash", "-c", f"exec {start}"], env, folder)
    try:
        bridge.wait_for(" ready ")
        account.promise(f"{name}: `{start}` runs, and messages go through it", works(kind, addresses, folder))
        bridge.end_in_order()
    finally:
        bridge.stop()
    said = outside.run(f"zbridge plugin check build/{name}.so", folder, env)
    account.promise(f"{name}: `zbridge plugin check` has no findings", "no findings" in said)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    options = parser.parse_args()
    harness.stop_on_signals()
    account = harness.Account()
    account.title("zbridge plugin new", "each kind in each language, against an installed zbridge")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="zbridge-plugin-") as tmp:
        prefix = Path(tmp) / "installed"
        env = {**os.environ, "PATH": os.pathsep.join([str(prefix / "bin"), "/usr/bin", "/bin", os.environ["PATH"]]),
               "CMAKE_BUILD_TYPE": "Debug", "CFLAGS": "-std=c99 -Wall -Wextra -Wpedantic -Werror", "CXXFLAGS": "-Wall -Wextra -Wpedantic -Werror"}
        try:
            outside.run(f"cmake --install '{options.build.resolve()}' --prefix '{prefix}'", tmp, os.environ)
            for kind in "step", "source", "sink":
                for language in "cpp", "c":
                    play(kind, language, Path(tmp), env, account)
        except harness.Broken as broken:
            account.failure(str(broken))
    account.end(time.monotonic() - began)
    sys.exit(1 if account.broken else 0)

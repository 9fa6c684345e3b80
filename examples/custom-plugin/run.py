#!/usr/bin/python3
"""Builds one of the plugins as its README says, runs it in a bridge as its README says, and checks it."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import zmq

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
import harness
from free_addresses import free_addresses

SKIPPED = 77  # as ctest takes it
SHOTS = {  # what goes in, what comes out
    "c": ([[b"hello"], [b"Order 7", b"left alone"], [b""]],
          [[b"HELLO"], [b"ORDER 7", b"left alone"], [b""]]),
    "cpp": ([[b"one"], [b"two"], [b"one"], [b"three"], [b"two"]],
            [[b"one"], [b"two"], [b"three"]]),
    "rust": ([[b"hello"], [b"123456789"]],
             [[b"hello", b"crc32 3610a686"], [b"123456789", b"crc32 cbf43926"]]),
}


def commands_of(readme):
    """The README's two: the one that builds, the one that runs."""
    commands = [line.strip() for line in readme.read_text().splitlines() if line.startswith("    ")]
    if len(commands) != 2:
        raise harness.Broken(f"{readme}: {len(commands)} commands, not two")
    return commands


def run(command, cwd, env):
    done = subprocess.run(["bash", "-c", command], cwd=cwd, env=env, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=harness.PATIENCE_S * 5)
    if done.returncode != 0:
        raise harness.Broken(f"`{command}`: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def with_free_ports(yaml):
    """Moves the file's addresses to free ports; returns them in their order."""
    text = yaml.read_text()
    addresses = list(dict.fromkeys(re.findall(r"tcp://127\.0\.0\.1:\d+", text)))
    free = free_addresses(addresses)
    yaml.write_text(re.sub(r"tcp://127\.0\.0\.1:\d+", lambda at: free[at[0]], text))
    return [free[address] for address in addresses]


def exchange(into, out, messages, expected):
    """Sends the messages into the bridge; returns as many of those that come out as are expected."""
    with zmq.Context() as context, context.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
        for socket, address in ((pull, out), (push, into)):
            socket.linger = 0
            socket.connect(address)
        for message in messages:
            push.send_multipart(message)
        deadline = time.monotonic() + harness.PATIENCE_S
        received = []
        while len(received) < expected and time.monotonic() < deadline:
            if pull.poll(100):
                received.append(pull.recv_multipart())
        return received


def play(language, prefix, folder, account):
    shutil.copytree(HERE / language, folder, ignore=shutil.ignore_patterns("build", "target"))
    # Debian's own tools first: those that packages.txt names.
    env = {**os.environ, "PREFIX": str(prefix),
           "PATH": os.pathsep.join([str(prefix / "bin"), "/usr/bin", "/bin", os.environ["PATH"]])}
    build, start = commands_of(folder / "README.md")
    run(build, folder, env)
    account.tell("build", build)
    yaml = folder / start.split()[-1]
    into, out = with_free_ports(yaml)
    bridge = harness.Program("the bridge", ["bash", "-c", f"exec {start}"], env, folder)
    try:
        bridge.wait_for(" ready ")
        account.tell("run", start)
        given, expected = SHOTS[language]
        received = exchange(into, out, given, len(expected))
        account.promise(f"{given} became {expected}", received == expected)
        if received != expected:
            account.failure(str(received))
        bridge.end_in_order()
    finally:
        bridge.stop()
    plugin = re.search(r"use: (\S+)", yaml.read_text())[1]
    said = run(f"zbridge plugin check {plugin} --seed 1", folder, env)
    account.promise("`zbridge plugin check` has no findings", "no findings" in said)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("language", choices=SHOTS)
    parser.add_argument("--build", type=Path, default=HERE.parent.parent / "build/release",
                        help="the build folder of the zbridge that is installed for it")
    options = parser.parse_args()
    harness.stop_on_signals()
    if options.language == "rust" and not shutil.which("cargo", path="/usr/bin:" + os.environ["PATH"]):
        print("left out: there is no cargo here")
        sys.exit(SKIPPED)
    account = harness.Account()
    account.title(f"A plugin outside the tree ({options.language})", "against an installed zbridge")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="zbridge-plugin-") as tmp:
        prefix = Path(tmp) / "installed"
        try:
            run(f"cmake --install '{options.build.resolve()}' --prefix '{prefix}'", HERE, os.environ)
            play(options.language, prefix, Path(tmp) / options.language, account)
        except harness.Broken as broken:
            account.failure(str(broken))
    account.end(time.monotonic() - began)
    sys.exit(1 if account.broken else 0)

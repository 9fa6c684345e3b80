"""Runs the example of README.md's first screen as it stands there, and fails on a link in a document that leads nowhere."""

import pathlib
import re
import socket
import subprocess
import sys
import tempfile

import tree

PYTHON = "/usr/bin/python3"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")


def example(text):
    """The first YAML file of the text, and its two programs."""
    blocks = BLOCK.findall(text)
    yaml = next(body for kind, body in blocks if kind == "yaml")
    producer, packer = [body for kind, body in blocks if kind == "python"]
    return yaml, producer, packer


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def problems(text, zbridge, seconds=20):
    yaml, producer, packer = example(text)
    ports = {port: free_port() for port in re.findall(r"127\.0\.0\.1:(\d+)", yaml)}

    def moved(body):
        return re.sub(r"(?<=127\.0\.0\.1:)\d+", lambda port: ports[port[0]], body)

    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "hello.yaml").write_text(moved(yaml))
        bridge = subprocess.Popen([zbridge, "run", "hello.yaml"], cwd=folder, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        programs = [subprocess.Popen([PYTHON, "-c", moved(body)], text=True, stdout=subprocess.PIPE)
                    for body in (packer, producer)]
        try:
            printed, _ = programs[0].communicate(timeout=seconds)
            programs[1].wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            printed = None
        ended = bridge.poll()
        for process in [*programs, bridge]:
            if process.poll() is None:
                process.terminate()
        said, _ = bridge.communicate(timeout=30)
        for process in programs:
            process.communicate()
    if ended is not None:
        return [f"README.md: the bridge ended with exit code {ended}: {said}"]
    if printed is None:
        return [f"README.md: the example did not end within {seconds} s: {said}"]
    wanted = "".join(f"order {number}\n" for number in range(10))
    return [] if printed == wanted else [f"README.md: packer.py printed {printed!r}"]


def dead_links(root):
    found = []
    for path in tree.files(root, suffixes=(".md",)):
        for number, line in enumerate((root / path).read_text().splitlines(), 1):
            for link in LINK.findall(line):
                target = link.partition("#")[0]
                if target and not re.match(r"\w+:", target) and not (root / path).parent.joinpath(target).exists():
                    found.append(f"{path}:{number}: {link} is not there")
    return found


if __name__ == "__main__":
    options = tree.arguments(__doc__, build=dict(type=pathlib.Path, required=True))
    found = dead_links(options.root)
    program = options.build.resolve() / "zbridge"
    if program.exists():
        found += problems((options.root / "README.md").read_text(), program)
    elif not found:
        print("every link leads somewhere; the bridge's program is not built here")
        sys.exit(77)  # ctest: skipped
    tree.end(found, "the README's example runs, and every link leads somewhere")

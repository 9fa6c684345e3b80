"""Runs the examples of README.md and docs/PLUGINS.md as they stand there: the bridge of the first screen, its two programs,
the plugin. Fails on a link in a document that leads nowhere."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

import tree

PYTHON = "/usr/bin/python3"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")


def example(text):
    """The first YAML file of the text, and its two programs."""
    blocks = BLOCK.findall(text)
    yaml = next(body for kind, body in blocks if kind == "yaml")
    producer, packer = [body for kind, body in blocks if kind == "python"][:2]
    return yaml, producer, packer


def topic_example(text):
    """The YAML file with a topic, and its program."""
    blocks = BLOCK.findall(text)
    at = next(at for at, (kind, body) in enumerate(blocks) if kind == "yaml" and "topic/" in body)
    return blocks[at][1], next(body for kind, body in blocks[at:] if kind == "python")


def topic_problems(text, zbridge, seconds=30):
    """Plays the example of a topic twice, the second time after a kill -9 of the bridge: what was stored is there again."""
    yaml, program = topic_example(text)
    ports = {port: free_port() for port in re.findall(r"127\.0\.0\.1:(\d+)", yaml)}

    def moved(body):
        return re.sub(r"(?<=127\.0\.0\.1:)\d+", lambda port: ports[port[0]], body)

    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "topic.yaml").write_text(moved(yaml))
        for round_ in ("first", "second"):
            bridge = subprocess.Popen([zbridge, "run", "topic.yaml"], cwd=folder, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            try:
                done = subprocess.run([PYTHON, "-c", moved(program)], text=True, stdout=subprocess.PIPE, timeout=seconds)
                printed = done.stdout
            except subprocess.TimeoutExpired:
                printed = "nothing in time"
            bridge.kill()
            said, _ = bridge.communicate()
            if not re.fullmatch(r"OK [0-9A-Z]{26}\norder 1\n", printed):
                return [f"README.md: the program of the topic, {round_} time, printed {printed!r}; the bridge said {said}"]
    return []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def problems(text, zbridge, seconds=20):
    return play(*example(text), zbridge, seconds=seconds)


def play(yaml, producer, packer, zbridge, seconds=20, files=(), greeting=""):
    """Runs a bridge with this YAML, beside these files, and the two programs; what the packer prints has the greeting."""
    ports = {port: free_port() for port in re.findall(r"127\.0\.0\.1:(\d+)", yaml)}

    def moved(body):
        return re.sub(r"(?<=127\.0\.0\.1:)\d+", lambda port: ports[port[0]], body)

    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            shutil.copy(file, folder)
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
    wanted = "".join(f"{greeting}order {number}\n" for number in range(10))
    return [] if printed == wanted else [f"README.md: packer.py printed {printed!r}"]


def run(command, folder, prefix):
    """What went wrong with a command, in a place where zbridge is installed in prefix; empty if nothing."""
    env = {**os.environ, "PATH": f"{prefix}/bin:/usr/bin:{os.environ['PATH']}", "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig"}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=env, text=True, timeout=300,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return f"`{command}`: exit code {done.returncode}: {done.stdout}" if done.returncode else ""


def plugins(text):
    """The plugins of a text, as (name, source, the program that tests it), and the command that builds the first."""
    blocks = BLOCK.findall(text)
    command = next(body.strip() for kind, body in blocks if kind == "" and body.startswith("c++ "))
    found = []
    for kind, body in blocks:
        if kind == "cpp" and (named := re.search(r'^ZBRIDGE_PLUGIN\(\w+, "([\w-]+)"', body, re.MULTILINE)):
            found.append([named[1], body, None])
        elif kind == "cpp" and "int main()" in body:
            found[-1][2] = body
    return found, command


def plugin_problems(name, text, prefix, folder):
    """Builds each plugin of a text as the text says, checks it, and runs its test."""
    found, command = plugins(text)
    wrong = []
    for plugin, source, test in found:
        (folder / f"{plugin}.cc").write_text(source)
        steps = [command.replace(found[0][0], plugin), f"zbridge plugin check {plugin}.so"]
        if test:
            (folder / "test.cc").write_text(test)
            steps.append(f"c++ -std=c++17 -Wall -Wextra -Werror test.cc {plugin}.cc $(pkg-config --cflags zbridge-plugin) -o test && ./test")
        problem = next(filter(None, (run(step, folder, prefix) for step in steps)), "")
        wrong += [f"{name}: {problem}"] if problem else []
    return wrong


def with_plugin(text):
    """The first YAML file of the text, with the plugin that a later one adds to it."""
    blocks = [body for kind, body in BLOCK.findall(text) if kind == "yaml" and "routes:" in body]
    first, added = blocks[0], next(body for body in blocks if "hello.so" in body)
    return first[:first.index("routes:")] + added


def installed_problems(root, build):
    """What the texts say of plugins, tried out where zbridge is installed."""
    with tempfile.TemporaryDirectory() as folder:
        prefix = pathlib.Path(folder) / "installed"
        subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
        wrong, readme = [], (root / "README.md").read_text()
        for name in ("docs/PLUGINS.md", "README.md"):
            wrong += plugin_problems(name, (root / name).read_text(), prefix, pathlib.Path(folder))
        if wrong:
            return wrong
        _, producer, packer = example(readme)
        return play(with_plugin(readme), producer, packer, prefix / "bin/zbridge",
                    files=[pathlib.Path(folder) / "hello.so"], greeting="hello, ")


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
        found += topic_problems((options.root / "README.md").read_text(), program)
        found += installed_problems(options.root, options.build.resolve())
    elif not found:
        print("every link leads somewhere; the bridge's program is not built here")
        sys.exit(77)  # ctest: skipped
    tree.end(found, "the examples of README.md and docs/PLUGINS.md run, and every link leads somewhere")

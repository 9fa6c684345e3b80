"""Runs one command a C++ file, several at once, and remembers what came of it: a file is looked at again only when it, an
own header that it includes, the command, or an installed package has changed."""

import concurrent.futures
import hashlib
import json
import os
import posixpath
import subprocess

import tree


def packages_digest():
    """Changes when an installed package does: system headers and tools are part of every result."""
    try:
        with open("/var/lib/dpkg/status", "rb") as status:
            return hashlib.sha256(status.read()).hexdigest()
    except OSError:
        return "no dpkg"


class Closures:
    """Digests of files with all that they include from the tree."""

    def __init__(self, root):
        self.root = root
        self.known = {}

    def included(self, path):
        if path not in self.known:
            text = (self.root / path).read_bytes()
            # From the root, or, in headers that are installed, from beside the file.
            beside = posixpath.dirname(path)
            below = [found for _, quote, name in tree.includes(text.decode()) if quote == '"'
                     for found in (name, posixpath.normpath(posixpath.join(beside, name)))
                     if (self.root / found).is_file()]
            self.known[path] = (hashlib.sha256(text).hexdigest(), below)
        return self.known[path]

    def digest(self, path):
        seen, waiting = {}, [str(path)]
        while waiting:
            if (name := waiting.pop()) not in seen:
                seen[name], below = self.included(name)
                waiting += below
        return json.dumps(sorted(seen.items()))


def compile_commands(build):
    """What is compiled in this build folder: the path of the source -> its arguments, without compiler and output."""
    import shlex
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        words = words[next(at for at, word in enumerate(words) if word.startswith("-")):]
        if "-o" in words:
            at = words.index("-o")
            del words[at:at + 2]
        commands[entry["file"]] = [word for word in words if word not in ("-c", entry["file"])]
    return commands


def run(root, jobs_of, cache, jobs, more=""):
    """Runs each (path, command, standard input) that has not been run as it is. Returns the outputs of those that fail, in
    the order of their paths, and how many were run."""
    cache.mkdir(parents=True, exist_ok=True)
    closures, packages = Closures(root), packages_digest()

    def one(job):
        path, command, given = job
        key = hashlib.sha256(json.dumps(
            [str(path), command, given, more, packages, closures.digest(path)]).encode()).hexdigest()
        known = cache / key
        if known.exists():
            return path, known.read_text(), False
        done = subprocess.run(command, input=given, capture_output=True, text=True)
        output = ""
        if done.returncode != 0:
            output = done.stdout.strip() or done.stderr.strip() or f"exit code {done.returncode}"
        if done.returncode >= 0:  # not one that was killed
            written = cache / f"{key}.{os.getpid()}"
            written.write_text(output)
            written.rename(known)
        return path, output, True

    # The longest first: the last ones to run are then short.
    todo = sorted(jobs_of, key=lambda job: -os.path.getsize(root / job[0]))
    for path, _, _ in todo:
        closures.digest(path)  # before the threads: they only read it
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = sorted(pool.map(one, todo))
    ran = sum(now for _, _, now in results)
    return [f"{path}:\n{output}" for path, output, _ in results if output], ran

"""Fails on a header that does not compile alone, or that lacks #pragma once.

A header that is the first include of its own source compiles alone whenever that source compiles: only the others are
tried here.
"""

import os
import pathlib

import cached
import tree

FOLDERS = ("bridge", "plugins", "clients")


def flags_for(header, root, commands):
    """The flags of a source beside the header, or in the nearest folder above it that has one."""
    sources = sorted(commands)
    folder = (root / header).parent
    while folder != folder.parent:
        for source in sources:
            if pathlib.Path(source).is_relative_to(folder):
                return commands[source]
        folder = folder.parent
    return ["-std=c++20", f"-I{root}"]


def leads_its_source(root, header):
    source = (root / header).with_suffix(".cc")
    if not source.exists():
        return False
    first = next((line for line in source.read_text().splitlines() if line.startswith("#include")), "")
    return first == f'#include "{header}"'


def problems(root, commands, cache, jobs, compiler="c++"):
    found, todo = [], []
    for header in tree.files(root, *FOLDERS, suffixes=(".h", ".hpp")):
        if "#pragma once" not in (root / header).read_text().splitlines() and "plugins/sdk" not in str(header):
            found.append(f"{header}:1: no #pragma once")
        if leads_its_source(root, header):
            continue
        command = [compiler, *flags_for(header, root, commands), "-O0", "-w", f"-I{root}", "-fsyntax-only", "-x", "c++", "-"]
        todo.append((str(header), command, f'#include "{header}"\n'))
    failed, _ = cached.run(root, todo, cache, jobs)
    return found + failed


if __name__ == "__main__":
    options = tree.arguments(__doc__, build=dict(type=pathlib.Path, required=True),
                             jobs=dict(type=int, default=os.cpu_count()))
    tree.end(problems(options.root, cached.compile_commands(options.build), options.build / "tidy-cache/headers",
                      options.jobs),
             "every header compiles alone")

"""Fails on a header that does not compile alone, or that lacks #pragma once.

A source that includes its own header before anything else shows with each build that this one compiles alone: so it must,
and only headers without such a source are compiled here.
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


def problems(root, commands, cache, jobs, compiler="c++"):
    found, todo = [], []
    for header in tree.files(root, *FOLDERS, suffixes=(".h", ".hpp")):
        if "#pragma once" not in (root / header).read_text().splitlines() and "plugins/sdk" not in str(header):
            found.append(f"{header}:1: no #pragma once")
        source = header.with_suffix(".cc")
        if str(root / source) in commands:
            first = next(iter(tree.includes((root / source).read_text())), (1, "", ""))
            if first[2] != str(header):
                found.append(f"{source}:{first[0]}: does not include its own header, {header}, before anything else")
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

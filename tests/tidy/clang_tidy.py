"""Fails on what clang-tidy finds in bridge/, plugins/ and clients/, with the checks of .clang-tidy."""

import os
import pathlib
import re
import time

import cached
import tree

FOLDERS = ("bridge", "plugins", "clients")


def problems(root, commands, cache, jobs, tool="clang-tidy"):
    rules = (root / ".clang-tidy").read_text()
    todo = []
    for path in tree.files(root, *FOLDERS, suffixes=(".cc", ".cpp")):
        if (flags := commands.get(str(root / path))) is not None:
            todo.append((str(path), [tool, "--quiet", str(root / path), "--", *flags], ""))
    failed, ran = cached.run(root, todo, cache, jobs, more=rules)
    return findings(failed, root), ran, len(todo)


def findings(failed, root):
    """One line a finding, each once: many files read one header. Whole outputs where no finding can be read from them."""
    found = []
    for output in failed:
        lines = re.findall(r"^(\S+:\d+:\d+: error: .*)$", output, re.MULTILINE)
        found += [line.removeprefix(f"{root}/") for line in lines] or [output]
    return sorted(set(found))


if __name__ == "__main__":
    options = tree.arguments(__doc__, build=dict(type=pathlib.Path, required=True),
                             jobs=dict(type=int, default=os.cpu_count()))
    began = time.monotonic()
    found, ran, of = problems(options.root.resolve(), cached.compile_commands(options.build),
                              options.build / "tidy-cache/clang-tidy", options.jobs)
    print(f"clang-tidy: {of} files, {ran} of them looked at now, in {time.monotonic() - began:.0f} s", flush=True)
    tree.end(found, "clang-tidy finds nothing")

"""Fails on C++ that clang-format would write otherwise. `--fix` writes it so."""

import collections
import re
import subprocess

import tree


def problems(root, fix=False):
    paths = [str(path) for path in tree.files(root, suffixes=tree.CPP)]
    if not paths:
        return []
    how = ["-i"] if fix else ["--dry-run", "--Werror"]
    done = subprocess.run(["clang-format", "--style=file", *how, *paths], cwd=root, capture_output=True, text=True)
    told = collections.Counter(re.findall(r"^([^:\n]+):\d+:\d+: error: code should be clang-formatted", done.stderr, re.M))
    if done.returncode != 0 and not told:
        return [done.stderr.strip()]
    return [f"{path}: {places} places not as clang-format writes them (./dev check --fix)"
            for path, places in sorted(told.items())]


if __name__ == "__main__":
    options = tree.arguments(__doc__, fix=dict(action="store_true", help="write the files anew"))
    tree.end(problems(options.root, options.fix), "every file is as clang-format writes it")

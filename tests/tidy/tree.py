"""What the checks of this folder share: the files of the tree, what a C++ file includes, and how a check ends.

Each check is a program: `layers.py [--root DIR]` prints one line a problem, `path:line: what is wrong`, and exits 1 if
there was one. Each also has `problems(root, ...)`, which selftest.py feeds with bad samples.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CPP = (".h", ".cc", ".hpp", ".cpp")
SKIPPED_FOLDERS = {".git", ".cache", "build", "node_modules", "target", "__pycache__"}


def files(root, *folders, suffixes=None):
    """The files under these folders of the tree (all if none), sorted, as paths relative to root: what git has or would
    add, or everything but what is built where there is no git."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True) if (root / ".git").exists() else None
    if listed is not None and listed.returncode == 0:
        paths = [pathlib.PurePosixPath(os.fsdecode(path)) for path in listed.stdout.split(b"\0") if path]
    else:
        paths = []
        for folder, below, names in os.walk(root):
            below[:] = [name for name in below if name not in SKIPPED_FOLDERS]
            here = pathlib.PurePosixPath(folder).relative_to(root)
            paths += [here / name for name in names]
    return sorted(
        path for path in paths
        if (not folders or path.parts[0] in folders)
        and (suffixes is None or path.suffix in suffixes)
        and (root / path).is_file())


INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def includes(text):
    """The include lines of a C++ text, as (line number, '"' or '<', path)."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if match := INCLUDE.match(line):
            found.append((number, match[1], match[2]))
    return found


TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])*\'',
    re.DOTALL)


def code(text):
    """A C++ text with its comments and literals blanked, its lines where they were; include lines stay whole."""
    def blank(match):
        token = match[0]
        line = text[text.rfind("\n", 0, match.start()) + 1:match.start()]
        if token.startswith('"') and re.match(r"\s*#\s*include\s*$", line):
            return token
        return re.sub(r"[^\n]", " ", token)
    return TOKENS.sub(blank, text)


def rows(path):
    """The lines of a table that say something, as (line number, text)."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.strip()
        if line and not line.startswith("#"):
            yield number, line


def arguments(about, **more):
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="the tree to look at")
    for name, settings in more.items():
        parser.add_argument("--" + name, **settings)
    return parser.parse_args()


def end(found, passed):
    """Prints the problems and exits: 1 if there are any."""
    for problem in found:
        print(problem)
    if found:
        sys.exit(f"{len(found)} problem(s)")
    print(passed)

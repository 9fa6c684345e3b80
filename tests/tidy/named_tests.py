"""Fails where the last column of a table in docs/ROCKETMQ.md names a test that is not there: `flow.NAME` is tests/flow/NAME.py and one
that ctest knows, FOLDER/NAME.cc is in tests/unit, and NAME.cc beside the one before it."""

import re

import tree

DOCUMENT = "docs/ROCKETMQ.md"
NAME = re.compile(r"`([^`]+)`")
CELLS = re.compile(r"(?<!\\)\|")


def rows(text):
    """The last column of each row of a table, as (line number, text), without heads."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        is_head = number < len(lines) and lines[number].startswith("| ---")
        if line.startswith("| ") and not line.startswith("| ---") and not is_head:
            yield number, CELLS.split(line.strip())[-2]


def problem(root, name, folder):
    """What is wrong with a name; empty if nothing is. And the folder of the one behind it."""
    if name.startswith("flow."):
        test = name.removeprefix("flow.")
        known = re.search(rf"\b{test}\b", (root / "tests/flow/CMakeLists.txt").read_text())
        there = (root / f"tests/flow/{test}.py").is_file()
        return "" if known and there else "no such test", folder
    if name.startswith("example."):
        test = name.removeprefix("example.")
        known = re.search(rf"(?<![\w-]){test}(?![\w-])", (root / "tests/examples/CMakeLists.txt").read_text())
        return "" if known else "no such test", folder
    if name.startswith("tests/"):
        return "" if (root / name).exists() else "not there", folder
    path = name if "/" in name else f"{folder}/{name}"
    return "" if (root / "tests/unit" / path).is_file() else f"tests/unit/{path} is not there", path.rpartition("/")[0]


def problems(root):
    found = []
    for number, tests in rows((root / DOCUMENT).read_text()):
        folder = ""
        for name in NAME.findall(tests):
            wrong, folder = problem(root, name, folder)
            found += [f"{DOCUMENT}:{number}: {name}: {wrong}"] if wrong else []
    return found


if __name__ == "__main__":
    options = tree.arguments(__doc__)
    tree.end(problems(options.root), f"every test that {DOCUMENT} names is there")

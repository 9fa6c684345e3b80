"""Fails where code names a library, a clock or a source of chance outside the folder that owns it, as owners.txt says."""

import re

import tree


def rules(table):
    for number, row in tree.rows(table):
        owners, _, pattern = row.partition(" : ")
        yield owners.split(), re.compile(pattern.strip()), f"{table.name}:{number}"


def owned(path, owners):
    return any(str(path) == owner or str(path).startswith(owner + "/") for owner in owners)


def problems(root, table=None):
    found = []
    table = list(rules(table or root / "tests/tidy/owners.txt"))
    for path in tree.files(root, "bridge", "plugins", suffixes=tree.CPP):
        for number, line in enumerate(tree.code((root / path).read_text()).splitlines(), 1):
            for owners, pattern, rule in table:
                if (match := pattern.search(line)) and not owned(path, owners):
                    found.append(f"{path}:{number}: `{match[0].strip()}` belongs to {' and '.join(owners)} ({rule})")
    return found


if __name__ == "__main__":
    options = tree.arguments(__doc__)
    tree.end(problems(options.root), "every library, clock and source of chance stays with its owner")

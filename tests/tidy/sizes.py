"""Says how long files and functions are: median, 90th percentile, the longest. It judges nothing."""

import re

import tree

OPENS = re.compile(r"^[\w~:<\[].*\{$|^\{$")
NO_FUNCTION = re.compile(r"^(?:namespace|struct|class|enum|union|extern|using|constexpr\s+\w+\s+k[A-Z]|static const)\b")


def functions(text):
    """The functions that begin at the first column and end with a brace there, as (first line number, lines)."""
    found, start, head = [], None, None
    for number, line in enumerate(tree.code(text).splitlines(), 1):
        if line.startswith("}"):
            if start is not None:
                found.append((start, number - start + 1))
            start = head = None
        elif start is None and line and not line[0].isspace() and not line.startswith("#"):
            if NO_FUNCTION.match(line) or line.rstrip().endswith((";", "}")):
                head = None
                continue
            head = head or number
            if line.rstrip().endswith("{"):
                start = head
        elif start is None and head is not None and line.rstrip().endswith("{"):
            start = head
        elif start is None and line.rstrip().endswith(";"):
            head = None
    return found


def spread(lengths):
    lengths = sorted(lengths)
    return lengths[len(lengths) // 2], lengths[(len(lengths) * 9) // 10]


def report(root):
    lines = []
    for folder in ("bridge", "plugins", "tests"):
        whole, parts = [], []
        for path in tree.files(root, folder, suffixes=tree.CPP):
            text = (root / path).read_text()
            whole.append((len(text.splitlines()), str(path)))
            parts += [(length, f"{path}:{start}") for start, length in functions(text)]
        for kind, measured in (("files", whole), ("functions", parts)):
            if measured:
                median, ninth = spread([length for length, _ in measured])
                longest = ", ".join(f"{where} {length}" for length, where in sorted(measured, reverse=True)[:3])
                lines.append(f"{folder}: {len(measured)} {kind}, median {median} lines, 9 of 10 under {ninth}; longest: {longest}")
    return lines


if __name__ == "__main__":
    options = tree.arguments(__doc__)
    print("\n".join(report(options.root)))

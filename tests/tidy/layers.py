"""Fails on an include that turns back: between folders as layers.txt says, in a circle, or not root-relative."""

import fnmatch
import posixpath

import tree

FOLDERS = ("bridge", "plugins", "clients", "examples", "bench", "tests")


class Layers:
    """The table of layers.txt."""

    def __init__(self, path):
        self.allowed = {}
        self.problems = []
        for number, row in tree.rows(path):
            folder, colon, may = (part.strip() for part in row.partition(":"))
            if not colon:
                self.problems.append(f"{path.name}:{number}: no colon")
            for name in may.split():
                # `bridge` or a pattern names many: the order is not to be read from it.
                if "/" in name and "*" not in name and self.layer_of(name) is None:
                    self.problems.append(f"{path.name}:{number}: {folder} names {name}, which is not above it")
            self.allowed[folder] = may.split()

    def layer_of(self, path):
        """The line that speaks for this path, or None."""
        parts = str(path).split("/")
        for end in range(len(parts), 0, -1):
            if (folder := "/".join(parts[:end])) in self.allowed:
                return folder
        return None

    def allows(self, layer, included):
        if self.layer_of(included) == layer:
            return True
        return any(included == may or included.startswith(may + "/") or fnmatch.fnmatchcase(included, may)
                   for may in self.allowed[layer])


def circles(graph):
    """One line for each circle that a depth-first walk of the include graph runs into."""
    found, done, path = [], set(), []

    def walk(node):
        if node in path:
            found.append("in a circle: " + " -> ".join(path[path.index(node):] + [node]))
            return
        if node in done:
            return
        path.append(node)
        for following in graph.get(node, ()):
            walk(following)
        path.pop()
        done.add(node)

    for node in sorted(graph):
        walk(node)
    return found


def problems(root, table=None):
    layers = Layers(table or root / "tests/tidy/layers.txt")
    found = list(layers.problems)
    graph = {}
    for path in tree.files(root, *FOLDERS, suffixes=tree.CPP):
        layer = layers.layer_of(path)
        if layer is None:
            found.append(f"{path}:1: layers.txt has no line for this folder")
            continue
        graph[str(path)] = []
        for number, quote, included in tree.includes((root / path).read_text()):
            if layer in ("examples", "plugins/sdk", "clients") and quote == '"' and not (root / included).is_file():
                # Programs of their users, each folder to be copied away, and headers that are installed: they name
                # each other as C++ does.
                included = posixpath.normpath(str(path.parent / included))
            ours = (root / included).is_file()
            where = f"{path}:{number}: includes {included}"
            if quote == "<" and ours:
                found.append(f"{where} in <>; ours stand in quotes")
            elif quote == '"' and not ours:
                found.append(f"{where}, which is no path from the root of the tree")
            elif quote == '"':
                graph[str(path)].append(included)
                if not layers.allows(layer, included):
                    found.append(f"{where}; {layer} may include {' '.join(layers.allowed[layer]) or 'nothing'}")
    return found + circles(graph)


if __name__ == "__main__":
    options = tree.arguments(__doc__)
    tree.end(problems(options.root), "every include follows the flow")

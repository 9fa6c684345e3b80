"""Fails when something that is built with, linked or run comes from no Debian package that packages.txt leads to.

Looked at: the system headers that the build has read, the shared libraries that its programs load, the programs of
tests/programs.txt, and the Python modules that the programs of tests/, examples/ and bench/ import.
"""

import ast
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys

import tree


def output(*command, may_fail=False):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0 and not may_fail:
        raise SystemExit(f"{' '.join(command[:4])}: {done.stderr.strip()}")
    return done.stdout


class Debian:
    """The installed packages: which lead to which, and which file is whose."""

    def __init__(self):
        self.needs, self.provided_by, self.essential = {}, {}, set()
        shape = "${Package}\t${Essential}\t${Priority}\t${Provides}\t${Pre-Depends}, ${Depends}\n"
        for line in output("dpkg-query", "--show", f"--showformat={shape}").splitlines():
            package, essential, priority, provides, depends = line.split("\t")
            self.needs[package] = {re.split(r"[ :(]", one.strip())[0] for one in re.split(r"[,|]", depends) if one.strip()}
            for one in provides.split(","):
                if one.strip():
                    self.provided_by.setdefault(re.split(r"[ (]", one.strip())[0], set()).add(package)
            if essential == "yes" or priority == "required":
                self.essential.add(package)

    def reached_from(self, packages):
        """These packages, the essential ones, and all that they depend on."""
        reached, waiting = set(), [*packages, *self.essential]
        while waiting:
            name = waiting.pop()
            if name in reached:
                continue
            reached.add(name)
            waiting += self.needs.get(name, ())
            waiting += self.provided_by.get(name, ())
        return reached

    def owners(self, paths):
        """The packages of each of these files; none for a file that is in no package."""
        found = {path: set() for path in paths}
        # What lies in /usr/lib may be known to dpkg by its older name in /lib, and the other way round.
        names = {}
        for path in paths:
            for name in {path, os.path.realpath(path)}:
                other = name[4:] if name.startswith("/usr/") else "/usr" + name
                names.setdefault(name, set()).add(path)
                names.setdefault(other, set()).add(path)
        asked = sorted(names)
        for at in range(0, len(asked), 400):
            for line in output("dpkg-query", "--search", *asked[at:at + 400], may_fail=True).splitlines():
                if line.startswith("diversion by"):
                    continue
                packages, _, name = line.rpartition(": ")
                for path in names.get(name, ()):
                    found[path] |= {package.strip().split(":")[0] for package in packages.split(",")}
        return found


def headers_read(build):
    """The headers outside the tree that the last build has read."""
    paths = set()
    for line in output("ninja", "-C", str(build), "-t", "deps").splitlines():
        if line.startswith("    /") and not line.strip().startswith(str(tree.ROOT)):
            paths.add(os.path.normpath(line.strip()))
    return {path: "a header that the build reads" for path in paths}


def programs_built(build):
    return [path for path in sorted(build.rglob("*"))
            if path.is_file() and not path.is_symlink() and "CMakeFiles" not in path.parts
            and (os.access(path, os.X_OK) or path.suffix == ".so") and path.open("rb").read(4) == b"\x7fELF"]


# A plugin of tests/flow/plugins needs it, and must not find it.
GONE_ON_PURPOSE = "libgone.so"


def libraries_loaded(build):
    paths = {}
    for program in programs_built(build):
        for line in output("ldd", str(program), may_fail=True).splitlines():
            if line.split()[:1] == [GONE_ON_PURPOSE]:
                continue
            if "not found" in line:
                paths[line.split()[0]] = f"loaded by {program}, and not there"
            elif match := re.search(r"(/\S+) \(0x", line):
                if not pathlib.Path(match[1]).is_relative_to(build):
                    paths[match[1]] = f"loaded by {program}"
    return paths


def programs_run(table):
    paths = {}
    for number, name in tree.rows(table):
        system = os.pathsep.join(["/usr/bin", "/bin", "/usr/sbin", "/sbin"])
        paths[shutil.which(name, path=system) or name] = f"{table.name}:{number}"
    return paths


def modules_imported(root):
    """Top-level Python modules from outside the standard library and the tree -> a file that imports each."""
    imported, own = {}, set()
    for path in tree.files(root, "tests", "examples", "bench", "clients", suffixes=(".py",)):
        own |= {path.stem, *path.parts[:-1]}
        for node in ast.walk(ast.parse((root / path).read_text(), str(path))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else \
                [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            for name in names:
                imported.setdefault(name.partition(".")[0], str(path))
    return {name: path for name, path in imported.items() if name not in own and name not in sys.stdlib_module_names}


def module_files(root):
    paths = {}
    for name, importer in modules_imported(root).items():
        spec = importlib.util.find_spec(name)
        paths[spec.origin if spec and spec.origin else f"module {name}"] = f"imported by {importer}"
    return paths


def problems(used, listed, debian):
    """What of the used files (path -> why) comes from no package that the listed ones lead to."""
    reached = debian.reached_from(listed)
    found = [f"packages.txt: {package} is not installed" for package in listed
             if package not in debian.needs and package not in debian.provided_by]
    for path, owners in sorted(debian.owners(used).items()):
        if not owners:
            found.append(f"{path}: from no Debian package ({used[path]})")
        elif not owners & reached:
            found.append(f"{path}: from {' or '.join(sorted(owners))}, which packages.txt does not lead to ({used[path]})")
    return found


def needed_sections(path, *sections):
    """The packages of these sections of packages.txt."""
    wanted, packages = False, []
    for line in path.read_text().splitlines():
        if line.startswith("## "):
            wanted = line[3:].strip() in sections
        elif wanted and line.strip() and not line.startswith("#"):
            packages.append(line.strip())
    return packages


if __name__ == "__main__":
    options = tree.arguments(__doc__, build=dict(type=pathlib.Path, required=True))
    build = options.build.resolve()
    used = {**headers_read(build), **libraries_loaded(build), **programs_run(options.root / "tests/programs.txt"),
            **module_files(options.root)}
    tree.end(problems(used, needed_sections(options.root / "packages.txt", "build", "tests", "peers"), Debian()),
             f"{len(used)} headers, libraries, programs and modules come from what packages.txt names")

"""A plugin's shared object exports one symbol, and needs none of the bridge's: `symbols.py OBJECT...`"""
import re

from shared import *

if __name__ == "__main__":
    problems = []
    for path in sys.argv[1:]:
        name = pathlib.Path(path).name
        exported = [line.split()[-1] for line in run("nm", "-D", "--defined-only", path).splitlines()]
        if exported != ["zbridge_plugin_entry"]:
            problems.append(f"{name} exports {exported}")
        needed = run("nm", "-D", "-C", "--undefined-only", path).splitlines()
        problems += [f"{name} needs {line.strip()}" for line in needed if re.search(r"zbridge|\bzb_", line)]
    if len(sys.argv) < 2:
        problems.append("no objects were given")
    end(problems, f"kept, by {len(sys.argv) - 1} objects")

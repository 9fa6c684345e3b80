"""bash completes every command and every option that `zbridge help` tells of, the values that an option has, and the names of what
a running bridge has.
"""
from harness import *

YAML = """
bridge: {}
plugins: { durable: {} }
endpoints:
  orders-in: { bind: "${IN}" }
topics:
  orders: {}
  order-notes: {}
routes:
  - { from: orders-in, to: topic/orders }
"""


class Help:
    """What `zbridge help` says that there is."""

    def __init__(self, bridge):
        text = bridge.command("help").stdout
        names = re.findall(r"^  ([a-z]+(?: [a-z][a-z0-9-]*)?)  ", text, re.M)
        self.names = [name for name in names if name != "help"]
        check(len(self.names) > 40, f"help lists the commands: {self.names}")
        self.options = {name: re.findall(r"^  (?:-\w, )?(--[\w-]+)", bridge.command("help", *name.split()).stdout, re.M)
                        for name in self.names}


def complete(bridge, lines):
    """What bash offers for each of these lines, whose last word is being typed."""
    script = bridge.folder / "completion"
    script.write_text(bridge.command("completion", "bash").stdout)
    asks = [f"source {script}"]
    for line in lines:
        words = " ".join(f"'{word}'" for word in [str(bridge.binary), *line])
        asks.append(f"COMP_WORDS=({words}); COMP_CWORD={len(line)}; _zbridge; echo \"${{COMPREPLY[*]}}\"")
    done = subprocess.run(["bash", "--norc", "-c", "\n".join(asks)], capture_output=True, text=True, timeout=PATIENCE_S, cwd=bridge.folder)
    equal((done.returncode, done.stderr), (0, ""), "bash takes the script")
    return [set(offered.split()) for offered in done.stdout.splitlines()]


def every_command(bridge, told):
    first = {name.split()[0] for name in told.names}
    groups = sorted({name.split()[0] for name in told.names if " " in name})
    offered = complete(bridge, [[""], ["to"], *([group, ""] for group in groups)])
    equal(offered[0], first | {"help"}, "first words")
    check("topic" in offered[1] and all(word.startswith("to") for word in offered[1]), f"those that begin so: {offered[1]}")
    for group, words in zip(groups, offered[2:]):
        equal(words, {name.split()[1] for name in told.names if name.startswith(group + " ")}, f"words behind {group}")


def every_option(bridge, told):
    offered = complete(bridge, [[*name.split(), "--"] for name in told.names])
    for name, words in zip(told.names, offered):
        equal(words, set(told.options[name]), f"options of {name}")


def values_and_names(bridge):
    lines = [["plugin", "new", "--kind", ""], ["completion", "f"], ["explain", "worker"], ["check", "bridge.y"],
             ["topic", "show", "order"]]
    kinds, shells, codes, files, topics = complete(bridge, lines)
    equal(kinds, {"step", "source", "sink"}, "values of an option")
    equal(shells, {"fish"}, "values of an argument")
    equal(codes, {"worker_lost"}, "codes")
    equal(files, {"bridge.yaml"}, "files")
    equal(topics, {"orders", "order-notes"}, "topics of the bridge that runs from this folder")


def main(flow):
    bridge = flow.bridge(YAML)
    told = Help(bridge)
    every_command(bridge, told)
    every_option(bridge, told)
    values_and_names(bridge)


if __name__ == "__main__":
    run(main)

"""How long a group waits before each retry is a list in the file, or a map: first, factor, max. What is wrong of it is said with the
file, the line and the column, by `zbridge check` as by a start; what is right is what `group show` tells.
"""
from harness import *

YAML = """
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}" }
topics:
  orders: {}
groups:
  grows: { topic: orders, retry: { backoff: { first: 1s, factor: 2, max: 10s } } }
  listed: { topic: orders, retry: { backoff: [1s, 1m] } }
  single: { topic: orders, retry: { backoff: 3s } }
  usual: { topic: orders, retry: { attempts: 3 } }
routes:
  - { from: in, to: topic/orders }
  - { from: group/grows, to: out, guarantee: at_least_once }
"""
WRONG = (("{ first: 10s, max: 1s }", "line 9", "expected `max` to be as long as `first`"),
         ("{ first: soon }", "first", "\"soon\""),
         ("{ factor: 0.5 }", "factor", "1 to 100"),
         ("{ frist: 1s }", "unknown key", "did you mean \"first\"?"),
         ("{ first: [1s] }", "first", "is a list"),
         ("[]", "empty list", "a duration"))


def main(flow):
    bridge = flow.bridge(YAML)
    for group, expected in (("grows", [1000, 2000, 4000, 8000, 10_000]), ("listed", [1000, 60_000]), ("single", [3000]),
                            ("usual", None)):
        shown = json.loads(bridge.command("group", "show", group, "--json", "--at", bridge.data_dir).stdout)["retry"]["backoff_ms"]
        equal(shown[:16] if expected is None else shown, expected or [s * 1000 for s in (10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540,
              600, 1200, 1800, 3600, 7200)], f"the backoff of {group}")

    file = bridge.folder / "wrong.yaml"
    for backoff, *words in WRONG:
        file.write_text(YAML.replace("{ first: 1s, factor: 2, max: 10s }", backoff))
        said = bridge.command("check", str(file))
        equal(said.returncode, 4, f"the exit status of check with {backoff}: {said.stdout}")
        line, = [line for line in said.stdout.splitlines() if "wrong.yaml:9:" in line]
        column = int(line.split("wrong.yaml:9:")[1].split(":")[0])
        begin = file.read_text().splitlines()[8].index("backoff") + 1
        check(column >= begin, f"the column is within the backoff: {line}")
        for word in words:
            check(word in line or word == "line 9", f"{word}: {line}")


if __name__ == "__main__":
    run(main)

"""What `zbridge init` writes, `zbridge run` starts: each kind, as it stands there but for the ports, which others may use."""
from harness import *


def moved(text):
    """With ports that nobody uses."""
    free = free_addresses(sorted(set(re.findall(r"tcp://[^:]+:(\d+)", text))))
    return re.sub(r"tcp://[^:]+:(\d+)", lambda found: free[found[1]], text)


def main(flow):
    def init(*arguments):
        return subprocess.run([str(flow.options.bridge.resolve()), "init", "-", *arguments], capture_output=True, text=True, timeout=PATIENCE_S)

    known = re.search(r"expected (.*)$", init("--kind", "0").stderr, re.M)
    kinds = re.split(r", | or ", known[1])
    check(len(kinds) == 5, f"there are five kinds: {kinds}")
    for kind in kinds:
        bridge = flow.bridge(moved(init("--kind", kind).stdout))
        equal(bridge.terminate(), 0, f"how that of {kind} ended")


if __name__ == "__main__":
    run(main)

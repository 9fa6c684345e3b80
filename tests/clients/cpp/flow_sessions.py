"""The C++ client over connections that are cut: what is published `once` arrives once, and is handled once; what it is refused it is
told by code; what was on its way to a fetch comes to it; what waits is refused in a callback; of two of one name the newer stays;
without a bridge it ends when it is to.
"""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/flow"), str(ROOT / "tests/clients/python"), str(ROOT / "clients/python")]
from harness import *  # noqa: E402
from cutting import Cutting  # noqa: E402
import zbridge  # noqa: E402

YAML = """
bridge:
  listen: "${APPS}"
plugins: { durable: {} }
topics: { orders: { dedup: { window: 10m } }, others: {} }
groups: { logistics: { topic: orders, start: earliest, lease: 60s, retry: { attempts: 20, backoff: [50ms] } } }
"""


def lose_an_answer(bridge, link):
    link.deafen()
    with zbridge.Client(bridge.address("APPS")) as shop:
        shop.publish("orders", b"on its way", timeout=PATIENCE_S)
    wait_until(lambda: b"on its way" in link.swallowed, "it is on its way")
    link.cut()


def main(flow):
    bridge = flow.bridge(YAML)
    link = Cutting(bridge.port("APPS"))
    program = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", PROGRAM, bridge.address("APPS"), link.address],
                               stdout=subprocess.PIPE, text=True, cwd=flow.tmp)
    said = []
    for line in program.stdout:
        said.append(line.strip())
        if said[-1] == "fetching":
            lose_an_answer(bridge, link)
        if said[-1] in ("published", "handled"):
            link.cut()
    equal(said[-1:], ["done"], "its last line")
    equal(program.wait(PATIENCE_S), 0, "its exit status")
    topic = next(each for each in bridge.status()["topics"] if each["name"] == "orders")
    equal(topic["messages"], 3001, "messages stored")
    bridge.wait_for("nothing is in hand", lambda status: status["groups"][0]["lag"] == 0)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(2)
    run(main)

"""How fast the C++ client is against a bridge with a durable topic (`fsync`), beside plain DEALERs, in turn: published with 512 without
a receipt, beside one that has its receipts one by one; consumed with 512 not settled, beside one that acknowledges one by one.
Figures; nothing is judged.

    rate.py BRIDGE PROGRAM --messages=500000 --rounds=5
"""
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/flow"))
from harness import *  # noqa: E402

YAML = """
plugins: { durable: {} }
endpoints:
  apps: { bind: "${APPS}", protocol: zbp }
  plain: { bind: "${PLAIN}" }
  packers: { bind: "${PACKERS}", accept: dealer, credit: 512 }
topics: { orders: {}, others: {} }
groups:
  logistics: { topic: orders, start: earliest, lease: 10m }
  loading: { topic: orders, start: earliest, lease: 10m }
  packing: { topic: others, start: earliest, lease: 10m }
routes:
  - { from: plain, to: topic/others }
  - { from: group/packing, to: packers }
"""


def main(flow):
    bridge = flow.bridge(YAML)
    rates = {mode: [] for mode in ("dealer", "publish", "batches", "worker", "consume", "settle")}

    def once(mode, endpoint):
        ran = subprocess.run([PROGRAM, mode, bridge.address(endpoint), str(flow.options.messages)], capture_output=True, text=True)
        equal(ran.returncode, 0, f"the exit status of {mode}: {ran.stderr}")
        rates[mode].append(float(ran.stdout))

    publishing = (("dealer", "PLAIN"), ("publish", "APPS"), ("batches", "APPS"))
    consuming = (("worker", "PACKERS"), ("consume", "APPS"), ("settle", "APPS"))
    for n in range(flow.options.rounds):
        for modes in (publishing, consuming):
            for mode, endpoint in modes[::-1 if n % 2 else 1]:
                once(mode, endpoint)
    for mode, found in rates.items():
        flow.figure(f"{mode}: {statistics.median(found):,.0f} messages/s ({min(found):,.0f} to {max(found):,.0f})")
    for mode, beside in (("publish", "dealer"), ("batches", "dealer"), ("consume", "worker"), ("settle", "worker")):
        ratios = [one / other for one, other in zip(rates[mode], rates[beside])]
        flow.figure(f"{mode} to {beside}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    flow.figure(f"load {os.getloadavg()[0]:.0f}")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(2)
    run(main, messages=500_000, rounds=5)

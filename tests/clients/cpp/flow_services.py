"""The C++ client calls a service and works for it, prepares messages and resolves them, asks what the command line asks.
"""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/flow"))
from harness import *  # noqa: E402

YAML = """
bridge:
  listen: "${APPS}"
plugins: { durable: {} }
endpoints: { callers: { bind: "${CALLERS}" }, workers: { bind: "${WORKERS}" } }
services: { accounts: { clients: callers, workers: workers, timeout: 10s } }
topics: { orders: {} }
groups: { logistics: { topic: orders, start: earliest } }
"""


def main(flow):
    bridge = flow.bridge(YAML)
    ran = subprocess.run([PROGRAM, bridge.address("APPS"), f"ipc://{bridge.data_dir}/admin"], cwd=flow.tmp, capture_output=True,
                         text=True, timeout=PATIENCE_S)
    equal(ran.returncode, 0, f"its exit status: {ran.stderr}")
    equal(ran.stdout.split(), ["services", "transactions", "admin"], "what was shown")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(2)
    run(main)

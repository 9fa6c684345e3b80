"""The examples of clients/python/README.md that are whole programs, as they stand but for the address, with config/clients.yaml; and
the client as pip would install it: the folder alone.
"""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/flow"))
from harness import *  # noqa: E402


def main(flow):
    yaml = (ROOT / "config/clients.yaml").read_text()
    bridge = flow.bridge(yaml.replace("tcp://*:5550", "${APPS}").replace("${DATA_DIR:-./zbridge-data}", "./zbridge-data"))
    examples = [each.split("```")[0] for each in (ROOT / "clients/python/README.md").read_text().split("```python\n")[1:3]]

    def said_by(example):
        check(len(example.splitlines()) <= 14, "it is short")
        program = example.replace("tcp://127.0.0.1:5550", bridge.address("APPS"))
        ran = subprocess.run([sys.executable, "-W", "error", "-c", program],
                             env={**os.environ, "PYTHONPATH": str(ROOT / "clients/python")}, cwd=flow.tmp,
                             capture_output=True, text=True, timeout=PATIENCE_S)
        equal(ran.returncode, 0, f"its exit status: {ran.stderr}")
        equal(ran.stderr, "", "its errors")
        return ran.stdout.splitlines()

    stored, packed = said_by(examples[0])
    check(re.fullmatch("stored as [0-9A-Z]{26}", stored), f"it prints an id: {stored}")
    equal(packed, "packed 3 bolts", "its last line")
    equal(said_by(examples[1]), ["HELLO"], "the reply")


if __name__ == "__main__":
    run(main)

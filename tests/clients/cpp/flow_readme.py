"""The example of clients/cpp/README.md, as it stands, with config/clients.yaml."""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/flow"))
from harness import *  # noqa: E402


def main(flow):
    yaml = (ROOT / "config/clients.yaml").read_text()
    bridge = flow.bridge(yaml.replace("tcp://*:5550", "${APPS}").replace("${DATA_DIR:-./zbridge-data}", "./data"))
    ran = subprocess.run([PROGRAM, bridge.address("APPS")], cwd=flow.tmp, capture_output=True, text=True, timeout=PATIENCE_S)
    equal(ran.returncode, 0, f"its exit status: {ran.stderr}")
    stored, packed = ran.stdout.splitlines()
    check(re.fullmatch("stored as [0-9A-Z]{26}", stored), f"it prints an id: {stored}")
    equal(packed, "packed 3 bolts", "its last line")
    bridge.wait_for("it is acked", lambda status: status["groups"][0]["lag"] == 0)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(2)
    run(main)

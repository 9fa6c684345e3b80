"""A plugin that was built with the header of 1.0 loads today, and does as a step and a sink what it did then."""
import importlib.util
import re

from shared import FROZEN, ROOT, STRICT
from shared import run as run_command

_spec = importlib.util.spec_from_file_location("harness", ROOT / "tests" / "flow" / "harness.py")
_harness = importlib.util.module_from_spec(_spec)
import sys  # noqa: E402

sys.modules["harness"] = _harness
_spec.loader.exec_module(_harness)
from harness import *  # noqa: E402,F403

YAML = """
plugins:
  old: {{ use: "{plugin}", config: {{ suffix: "-then", copies: 1 }} }}
  old-sink: {{ use: "{plugin}" }}
endpoints:
  in: {{ bind: "${{IN}}" }}
  away: {{ bind: "${{AWAY}}" }}
  out: {{ bind: "${{OUT}}", accept: pull }}
routes:
  - {{ name: step, from: in, steps: [old], to: out }}
  - {{ name: sink, from: away, to: plugin/old-sink }}
"""


def main(flow):
    plugin = flow.tmp / "step_of_1_0.so"
    run_command("gcc", "-std=c99", *STRICT, "-O1", "-fPIC", "-shared", "-fvisibility=hidden", "-I", FROZEN,
                FROZEN / "step_of_1_0.c", "-o", plugin)
    equal([line.split()[-1] for line in run_command("nm", "-D", "--defined-only", plugin).splitlines()],
          ["zbridge_plugin_entry"], "what it exports")
    bridge = flow.bridge(YAML.format(plugin=plugin))
    out = flow.socket(zmq.PULL, bridge.address("OUT"))
    req = flow.socket(zmq.REQ, bridge.address("IN"))
    req.send(b"now")
    check(recv(req, "a receipt")[0].startswith(b"OK "), "it passes")
    equal([recv(out, "a message") for _ in range(2)], [[b"now-then"], [b"now"]], "what it changed, and what it emitted")
    req.send(b"refuse")
    equal(recv(req, "a receipt"), [b"ERR refused as it was in 1.0"], "it refuses")
    away = flow.socket(zmq.REQ, bridge.address("AWAY"))
    away.send(b"gone")
    check(recv(away, "a receipt")[0].startswith(b"OK "), "its sink has it")
    plugins = {each["name"]: each for each in bridge.status()["plugins"]}
    equal((plugins["old"]["metrics"]["seen"], plugins["old-sink"]["metrics"]["seen"]), (2, 1), "its own counters")
    check("a step of 1.0 has started" in bridge.log(), "it logs")
    wrong = bridge.folder / "wrong.yaml"
    wrong.write_text(bridge.file.read_text().replace("copies: 1", "copies: 13"))
    done = bridge.command("check", wrong)
    check(done.returncode == 4 and "`copies`: an unlucky number" in done.stdout + done.stderr, f"its own check: {done}")
    equal(bridge.terminate(), 0, "it ends cleanly")


if __name__ == "__main__":
    run(main)

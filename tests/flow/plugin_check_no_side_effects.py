"""`check` makes instances to try their options, and never starts them: a plugin whose start writes a file has written none;
`run` starts it once.
"""
from harness import *

YAML = """
plugins:
  touch: {{ use: "{plugins}/unruly.so", config: {{ touches: "{touched}" }} }}
endpoints:
  in: {{ bind: "${{IN}}" }}
  out: {{ bind: "${{OUT}}", accept: pull }}
routes:
  - {{ from: in, steps: [touch], to: out }}
  - {{ name: again, from: in, steps: [touch], to: out }}
"""


def main(flow):
    touched = flow.tmp / "touched"
    bridge = flow.bridge(YAML.format(plugins=flow.options.plugins, touched=touched))
    equal(touched.read_text(), "started\n", "run starts an instance once, however many routes have it")
    equal(bridge.terminate(), 0, "it ends")
    touched.unlink()
    before = sorted(path.name for path in bridge.folder.rglob("*"))
    for _ in range(2):
        done = bridge.command("check", bridge.file)
        equal(done.returncode, 0, f"check finds nothing wrong: {done.stdout}{done.stderr}")
    check(not touched.exists(), "check starts nothing")
    equal(sorted(path.name for path in bridge.folder.rglob("*")), before, "check leaves nothing behind")


if __name__ == "__main__":
    run(main, plugins="")

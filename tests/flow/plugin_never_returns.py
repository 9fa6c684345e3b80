"""A plugin that does not come back from being loaded, from create, start, drain, stop or destroy cannot be ended; `check` and `run`
say every 2 seconds which one it is, with its file, its place in the YAML and the function. When it does come back all goes on. A
second signal ends the bridge at once, whatever it waits for.
"""
from harness import *

YAML = """
plugins:
  slow: { use: "PLUGINS/lingers.so", config: { in: PHASE, until: "PIPE" } }
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}", accept: pull }
routes:
  - { from: in, steps: [slow], to: out }
"""
WAITS = {"load": "nothing goes on", "create": "nothing goes on", "start": "the bridge does not start"}


class Pipe:
    """Whoever lingers on it goes on once it is closed."""

    def __init__(self, path):
        self.path = path
        os.mkfifo(path)
        self._writer = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def close(self):
        os.close(self._writer)


def main(flow):
    def begin(phase):
        pipe = Pipe(flow.tmp / f"pipe-{len(flow.bridges)}")
        yaml = YAML.replace("PLUGINS", flow.options.plugins).replace("PIPE", str(pipe.path))
        settings = {"LINGERS_UNTIL": str(pipe.path)} if phase == "load" else {}
        return pipe, flow.bridge(yaml.replace("PHASE", "nothing" if phase == "load" else phase), ready=False, **settings)

    def named(bridge, phase, log=None):
        sentence = f"a plugin does not come back from `{phase}`: {WAITS.get(phase, 'the bridge does not end')} until it does"
        lines = lambda: [line for line in (log or bridge.log)().splitlines() if sentence in line]
        wait_until(lambda: len(lines()) >= 2, f"it is named twice that {phase} does not return")
        line = lines()[0]
        check("lingers.so" in line, f"it names the file of the plugin: {line}")
        if phase != "load":  # which is of no instance yet
            check("slow (lingers 1.0.0, " in line, f"it names the instance and the plugin: {line}")
            check("bridge.yaml:4:3" in line, f"it names the place in the file: {line}")
        check(bridge.process.poll() is None, "it waits")

    # All at once: each takes its time.
    begun = {phase: begin(phase) for phase in ("load", "create", "start", "drain", "stop", "destroy")}
    for phase in ("load", "create", "start", "destroy"):  # of the instance that is tried out first
        pipe, bridge = begun[phase]
        named(bridge, phase)
        check("ready" not in bridge.log(), f"it is not ready before {phase} returns")
        pipe.close()
        bridge.wait_until_ready()
        equal(bridge.terminate(), 0, f"it ends cleanly after a slow {phase}")
    for phase in ("drain", "stop"):
        begun[phase][1].wait_until_ready()
        begun[phase][1].process.terminate()
    for phase in ("drain", "stop"):
        pipe, bridge = begun[phase]
        named(bridge, phase)
        pipe.close()
        equal(bridge.process.wait(PATIENCE_S), 0, f"it ends cleanly after a slow {phase}")

    pipe, bridge = begin("create")
    said = flow.tmp / "check.log"
    with open(said, "w") as log:
        checked = bridge.begin_command("check", bridge.file, stdout=subprocess.DEVNULL, stderr=log)
    named(bridge, "create", lambda: said.read_text())
    check(checked.poll() is None, "check waits")
    pipe.close()
    equal(checked.wait(PATIENCE_S), 0, "check goes on when the plugin does")
    bridge.wait_until_ready()
    equal(bridge.terminate(), 0, "and so does run")

    # Who does not want to wait asks twice.
    asked = {phase: begin(phase)[1] for phase in ("start", "stop")}
    asked["stop"].wait_until_ready()
    for bridge in asked.values():
        bridge.process.terminate()
    for phase, bridge in asked.items():
        wait_until(lambda: "ending" in bridge.log(), "it has heard the first signal")
        named(bridge, phase)
        equal(bridge.terminate(), 1, f"a second signal ends it in the middle of {phase}")


if __name__ == "__main__":
    run(main, plugins="")

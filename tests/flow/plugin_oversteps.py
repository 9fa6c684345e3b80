"""Under AddressSanitizer a plugin that writes or reads behind its view of a frame, or uses it after the call, ends the bridge there
and then, with a report that names the plugin's function and its shared object. Registered where the bridge has AddressSanitizer.
"""
from harness import *

YAML = """
plugins:
  it: { use: "PLUGINS/oversteps.so", config: { does: DOES } }
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}", accept: pull }
routes:
  - { from: in, steps: [it], to: out }
"""


def main(flow):
    check(flow.options.sanitized, "the bridge has AddressSanitizer")

    pushes = []  # one that nobody has any more is closed, with what it has not sent

    def begin(does):
        bridge = flow.bridge(YAML.replace("PLUGINS", flow.options.plugins).replace("DOES", does))
        pushes.append(flow.socket(zmq.PUSH, bridge.address("IN")))
        for body in (b"first", b"second"):  # between others of the same chunk, where nothing would be seen
            pushes[-1].send(body)
        return bridge

    bridge = begin("nothing")
    out = flow.socket(zmq.PULL, bridge.address("OUT"))
    equal([recv(out, "a message") for _ in range(2)], [[b"first"], [b"second"]], "one that does nothing of it passes")
    equal(bridge.terminate(), 0, "and the bridge ends cleanly")

    for does, fault, function in (("write_behind", "heap-buffer-overflow", "write_behind"),
                                  ("read_behind", "heap-buffer-overflow", "read_at"),
                                  ("read_later", "heap-use-after-free", "read_at")):
        bridge = begin(does)
        check(bridge.process.wait(PATIENCE_S) != 0, f"{does} ends the bridge")
        report = bridge.log()
        check(f"AddressSanitizer: {fault}" in report, f"{does} is a {fault}: {report}")
        frames = [line for line in report.splitlines() if re.match(r" +#\d", line)]
        check(len(frames) > 1, f"the report of {does} says where: {report}")
        for frame, name in zip(frames, (function, "on_message")):
            check(re.search(rf"\b{name}\b", frame) and "oversteps" in frame, f"it begins with the plugin's {name}: {report}")
        bridge.log_file.unlink()  # this report was wanted


if __name__ == "__main__":
    run(main, plugins="")

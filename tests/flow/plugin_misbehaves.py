"""A step that throws, answers nonsense, emits or keeps without end, or is slow, is refused message by message with a reason that
names it, and counted; other routes of the bridge go on. So they do when a sink writes where nobody reads. A step
that never returns is named by the watchdog.
"""
from harness import *

YAML = """
plugins:
  throws: { use: "PLUGINS/unruly.so", config: { does: throw } }
  shrugs: { use: "PLUGINS/unruly.so", config: { does: nonsense }, on_error: pass }
  nonsense: { use: "PLUGINS/unruly.so", config: { does: nonsense } }
  emits: { use: "PLUGINS/unruly.so", config: { does: emit, copies: 100 } }
  keeps: { use: "PLUGINS/unruly.so", config: { does: keep }, limits: { max_kept_messages: 3 } }
  dawdles: { use: "PLUGINS/unruly.so", config: { does: dawdle, only: slow } }
  pipes: { use: "PLUGINS/broken_pipe.so" }
endpoints:
  throws: { bind: "${THROWS}" }
  shrugs: { bind: "${SHRUGS}" }
  nonsense: { bind: "${NONSENSE}" }
  emits: { bind: "${EMITS}" }
  keeps: { bind: "${KEEPS}" }
  dawdles: { bind: "${DAWDLES}" }
  pipes: { bind: "${PIPES}" }
  plain: { bind: "${PLAIN}" }
  out: { bind: "${OUT}", accept: pull }
  nowhere: { bind: "${NOWHERE}", accept: pull }
routes:
  - { name: throws, from: throws, steps: [throws], to: nowhere }
  - { name: shrugs, from: shrugs, steps: [shrugs], to: out }
  - { name: nonsense, from: nonsense, steps: [nonsense], to: nowhere }
  - { name: emits, from: emits, steps: [emits], to: out }
  - { name: keeps, from: keeps, steps: [keeps], to: nowhere }
  - { name: dawdles, from: dawdles, steps: [dawdles], to: nowhere }
  - { name: pipes, from: pipes, to: plugin/pipes }
  - { name: plain, from: plain, to: out }
"""

STAYS = """
plugins:
  stays: { use: "PLUGINS/unruly.so", config: { does: stay } }
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}", accept: pull }
routes:
  - { from: in, steps: [stays], to: out }
"""


def main(flow):
    bridge = flow.bridge(YAML.replace("PLUGINS", flow.options.plugins))
    out = flow.socket(zmq.PULL, bridge.address("OUT"))
    plain = flow.socket(zmq.REQ, bridge.address("PLAIN"))
    plugin = lambda name: next(each for each in bridge.status()["plugins"] if each["name"] == name)

    def receipts(name, *bodies):
        req = flow.socket(zmq.REQ, bridge.address(name.upper()))
        told = []
        for body in bodies:
            req.send(body)
            told.append(recv(req, f"the receipt of {name}")[0])
        plain.send(b"still here")
        check(recv(plain, "a receipt of the plain route")[0].startswith(b"OK "), "another route goes on")
        return told

    def the_plain_one():
        equal(recv(out, "the message of the plain route"), [b"still here"], "another route goes on")

    equal(receipts("throws", b"a", b"b"), 2 * [b"ERR step_failed throws: it has thrown"], "what throws")
    the_plain_one()
    equal(receipts("nonsense", b"a"), [b"ERR step_failed nonsense: it answered 4711, which is no verdict"], "nonsense")
    the_plain_one()
    check(receipts("shrugs", b"a")[0].startswith(b"OK "), "with `on_error: pass` it goes on as it was")
    equal(recv(out, "what passed"), [b"a"], "as it was")
    the_plain_one()
    check(receipts("emits", b"a")[0].startswith(b"OK "), "one that emits without end")
    equal([recv(out, "what it emitted") for _ in range(65)], 65 * [[b"a"]], "itself and 64 more")
    the_plain_one()
    equal((plugin("emits")["emitted"], plugin("emits")["emitted_too_many"]), (64, 36), "the rest is counted")
    told = receipts("keeps", b"1", b"2", b"3", b"4")
    check(all(each.startswith(b"OK ") for each in told[:3]), "three may be kept")
    equal(told[3], b"ERR refused it may keep no more", "no more than that")
    equal(plugin("keeps")["kept"], 3, "status shows what it keeps")
    the_plain_one()
    equal(plugin("throws")["failed"], 2, "errors are counted")
    for name, line, says in (("throws", 4, "unruly.so) has failed: it has thrown"),
                             ("shrugs", 5, "unruly.so) has failed: it answered 4711, which is no verdict"),
                             ("nonsense", 6, "unruly.so) has failed: it answered 4711, which is no verdict"),
                             ("emits", 7, "unruly.so) emits more messages for one than it may: the rest is not taken"),
                             ("keeps", 8, "unruly.so) keeps as many messages as it may, and is given no more")):
        said = [each for each in bridge.log().splitlines() if says in each and f"instance={name} " in each]
        equal(len(said), 1, f"what {name} does is in the log, once:\n{bridge.log()}")
        check(f"bridge.yaml:{line}:3" in said[0], f"with its place: {said[0]}")

    told = receipts("dawdles", b"slow", b"quick", b"slow", b"quick", b"slow", b"quick", b"slow")
    check(all(each.startswith(b"OK ") for each in told[:4]), "slow, but not yet three times")
    equal(told[4:], 3 * [b"ERR step_failed dawdles: the step takes too long"], "three times over 100 ms: each is an error")
    the_plain_one()
    slow = plugin("dawdles")
    equal((slow["health"], slow["long_calls"]), ("degraded", 3), "status shows it")
    check("100 ms" in slow["trouble"], f"and why: {slow['trouble']}")

    check(receipts("pipes", b"a")[0].startswith(b"ERR rejected "), "a sink that writes where nobody reads does not end the bridge")
    the_plain_one()
    equal(plugin("pipes")["trouble"], "nobody reads the pipe", "it is told by its write")
    equal(bridge.terminate(), 0, "it ends cleanly")

    stuck = flow.bridge(STAYS.replace("PLUGINS", flow.options.plugins))
    push = flow.socket(zmq.PUSH, stuck.address("IN"))
    push.send(b"stay")
    wait_until(lambda: "does not come back" in stuck.log(), "the watchdog says that the bridge stands still")
    line = next(line for line in stuck.log().splitlines() if "does not come back" in line)
    check("bridge.yaml:4:3" in line, f"it names the place: {line}")
    check("stays (unruly 1.0.0, " in line and "unruly.so" in line, f"it names the instance, its plugin and its file: {line}")
    stuck.kill()


if __name__ == "__main__":
    run(main, plugins="")

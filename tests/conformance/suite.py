"""Plays the scenarios of this folder with one of the runners against one bridge, and says of each what became of it. A scenario that a
runner cannot play says so itself, with the reason; else the suite fails.

    suite.py BRIDGE raw|python|cpp [PROGRAM] [--only=NAME]
"""
import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / each) for each in ("tests/flow", "tests/clients/python", "clients/python")]
import yaml  # noqa: E402
import zmq  # noqa: E402
from cutting import Cutting  # noqa: E402
from harness import Bridge, Broken, PATIENCE_S, wait_until  # noqa: E402
import scenario as scenarios  # noqa: E402
from runner import CannotDo  # noqa: E402

BASE = """
bridge: { listen: "${ZBP}", drain_timeout: 30s }
plugins: { durable: { config: { check_after: 100ms, check_every: 1s, max_checks: 15 } } }
endpoints:
  narrow: { bind: "${NARROW}", protocol: zbp, limits: { max_message: 64KiB, max_frames: 4 } }
"""
ENDPOINTS = {None: "ZBP", "narrow": "NARROW"}


class World:
    """The bridge, and the way of each client to it."""

    def __init__(self, binary, all_, folder):
        self.context = zmq.Context()
        self.bridge = Bridge(binary, folder, bridge_file(all_))
        self._ways = {}

    def address(self, client, at, direct=False):
        """`direct`: not by way of what can be cut."""
        if at == "admin":
            return f"ipc://{self.bridge.data_dir}/admin"
        if at not in ENDPOINTS:
            raise scenarios.Wrong(f"no such endpoint: {at}")
        if direct:
            return self.bridge.address(ENDPOINTS[at])
        way = self._ways[client] = Cutting(self.bridge.port(ENDPOINTS[at]))
        return way.address

    def cut(self, client, for_good=False):
        self._ways[client].cut(for_good)

    def revive(self):
        """After a scenario that broke the bridge is there for the next one."""
        if self.bridge.process.poll() is not None:
            self.bridge.start()

    def do(self, step):
        return getattr(self, f"_{step.action}")(step)

    def end(self):
        self.bridge.end()
        self.context.destroy(0)

    def _restart(self, step):
        self.bridge.kill()
        self.bridge.start()
        return {}

    def _bridge_ends(self, step):
        self.bridge.process.terminate()
        return {}

    def _bridge_ended(self, step):
        status = self.bridge.process.wait(PATIENCE_S)
        self.bridge.start()
        return {"status": status}

    def _status(self, step):
        """Waits until it is as expected."""
        def found():
            told = self.bridge.status()
            return {kind: {each["name"]: each for each in told[kind]} for kind in ("endpoints", "services", "topics", "groups")}

        wait_until(lambda: scenarios.compare(found(), step.expect) is None, f"the status has {step.expect}, is {found()!r:.1000}")
        return found()


def bridge_file(all_):
    """What all of them need, in one file."""
    whole = yaml.safe_load(BASE)
    for each in all_:
        for section, its in each.needs.items():
            part = whole.setdefault(section, {})
            if twice := set(part) & set(its):
                raise scenarios.Wrong(f"{each.name}: another scenario has {sorted(twice)} already")
            part.update(its)
    return yaml.safe_dump(whole, sort_keys=False)


def play(scenario, runner, world):
    """Raises Broken."""
    try:
        for step in scenario.steps:
            try:
                result = (world if step.is_of_world else runner).do(step)
            except CannotDo:
                raise Broken(f"{step}: the runner cannot do it, and `without` does not say so") from None
            except Broken as broken:
                raise Broken(f"{step}: {broken}") from None
            except Exception as failed:
                raise Broken(f"{step}: {type(failed).__name__}: {failed}") from failed
            if wrong := scenarios.judge(step, result):
                raise Broken(f"{step}: {wrong}")
    finally:
        runner.end()


def play_all(all_, name, make_runner, actions, world):
    """How many did not do as they say; each is told in a line."""
    failed = 0
    for scenario in all_:
        began = time.monotonic()
        told = "kept"
        why = scenario.without.get(name)
        try:
            if why is None:
                play(scenario, make_runner(world), world)
            elif scenario.client_actions <= actions:
                raise Broken(f"`without: {name}` says that it cannot be done, but the runner has all of its actions")
            else:
                told = f"left out: {why}"
        except Broken as broken:
            failed += 1
            told = f"BROKEN: {broken}"
            if world is not None:
                world.revive()
        print(f"  {scenario.name} ({time.monotonic() - began:.1f} s): {told}", flush=True)
    return failed


def runner_of(name, program):
    """(what makes one for a world, its actions)"""
    if name == "raw":
        from raw import Raw
        return Raw, Raw.actions()
    if name == "python":
        from python_client import Python
        return Python, Python.actions()
    from cpp_client import Cpp
    return (lambda world: Cpp(world, program)), Cpp.actions_of(program)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bridge", type=Path)
    parser.add_argument("runner", choices=scenarios.RUNNERS)
    parser.add_argument("program", nargs="?", help="of the C++ client")
    parser.add_argument("--only")
    options = parser.parse_args()
    all_ = [each for each in scenarios.all_of_them() if options.only in (None, each.name)]
    make_runner, actions = runner_of(options.runner, options.program)
    with tempfile.TemporaryDirectory(prefix="zbridge-conformance-") as folder:
        world = World(options.bridge.resolve(), all_, Path(folder))
        try:
            failed = play_all(all_, options.runner, make_runner, actions, world)
            if failed:
                print(world.bridge.log())
        finally:
            world.end()
    print(f"{len(all_)} scenarios, {failed} broken")
    return 1 if failed or not all_ else 0


if __name__ == "__main__":
    sys.exit(main())

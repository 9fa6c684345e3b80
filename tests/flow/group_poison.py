"""A message that kills every worker that takes it, among many good ones: it becomes a dead letter, with the reason and all of its
attempts, each good one is done, and the others hardly notice. Workers are started again as they die.

    group_poison.py BRIDGE --messages=1000000 --judge=1     by hand: at least 0.8 of what is done undisturbed
"""
from harness import *

WORKERS = 3
ATTEMPTS = 3
POISON = b"poison"
YAML = """
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  workers: { bind: "${WORKERS}", accept: rep }
topics:
  jobs: {}
groups:
  work: { topic: jobs, start: earliest, retry: { attempts: 3, backoff: [100ms] } }
routes:
  - { from: in, to: topic/jobs }
  - { from: group/work, to: workers, guarantee: at_least_once }
"""


def worker(link, address):
    rep = connected(zmq.Context(), zmq.REP, address)
    while True:
        if rep.recv() == POISON:
            os._exit(1)
        rep.send(b"done")


class Workers:
    def __init__(self, flow, address):
        self._flow, self._address = flow, address
        self.deaths = 0
        self._programs = [flow.start(worker, address) for _ in range(WORKERS)]

    def keep_alive(self):
        for at, program in enumerate(self._programs):
            if program.is_alive():
                continue
            self.deaths += 1
            self._programs[at] = self._flow.start(worker, self._address)


def work_off(flow, count, poison_at):
    """Seconds for so many messages, and how many workers have died."""
    bridge = flow.bridge(YAML)
    push = flow.socket(zmq.PUSH, bridge.address("IN"), SNDHWM=0)
    for number in range(count):
        push.send(POISON if number == poison_at else b"%d" % number)
    bridge.wait_for("all are there", lambda _: group(bridge)["lag"] >= count, patience_s=PATIENCE_S + count // 10_000)
    began = time.monotonic()
    workers = Workers(flow, bridge.address("WORKERS"))

    def is_done():
        workers.keep_alive()
        return group(bridge)["lag"] == 0

    wait_until(is_done, "all are done", patience_s=PATIENCE_S + count // 1000)
    took = time.monotonic() - began
    its = group(bridge)
    equal(its["acked"], count - (poison_at is not None), "each good one is done")
    equal(its["dead"], int(poison_at is not None), "dead letters")
    if poison_at is not None:
        letters = json.loads(bridge.command("dead", "ls", "work", "--json", "--at", bridge.data_dir).stdout)
        letter, = letters.get("letters", letters) if isinstance(letters, dict) else letters
        equal(letter["attempts"], ATTEMPTS + 1, "attempts that it had")
        equal(letter["reason"], "its consumer went", "why it is one")
        check(ATTEMPTS + 1 <= workers.deaths, f"each attempt has killed one: {workers.deaths}")
    bridge.end()
    return took, workers.deaths


def group(bridge):
    return wait_until(lambda: shown(bridge), "the group is shown")


def shown(bridge):
    """None: a machine that does other things too has not answered in time."""
    answer = bridge.command("group", "show", "work", "--json", "--at", bridge.data_dir)
    return json.loads(answer.stdout) if answer.returncode == 0 else None


def main(flow):
    count = flow.options.messages
    undisturbed, _ = work_off(flow, count, None)
    disturbed, deaths = work_off(flow, count, count // 3)
    ratio = undisturbed / disturbed
    flow.figure(f"{count} messages: {count / undisturbed:.0f}/s undisturbed, {count / disturbed:.0f}/s beside one that killed {deaths} "
                f"workers: {ratio:.2f}")
    if flow.options.judge:
        check(ratio >= 0.8, f"the others hardly notice: {ratio:.2f}")


if __name__ == "__main__":
    run(main, messages=20_000, judge=0)

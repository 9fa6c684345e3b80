"""The clock on the wall steps by hours, while the bridge is down and while it runs, forwards and back. Messages stay in their order
and their ids rise, whatever it says; the time that is stored with them never falls. Retention by age goes by that time: what is too
old by the clock goes, within seconds or at the next start; a clock that was set back removes nothing early. Calls, whose times are
of one run, do not notice.

    clock_steps.py BRIDGE --faulty_world=faulty_world.so --steps=50
"""
import random

from topic_files import *

HOUR = 3600
YAML = TOPIC.replace("orders: {}", "orders: {}\n  short: { retention: { age: 1h } }").replace("  out: {", """  short-in: { bind: "${SHORT_IN}" }
  short-out: { bind: "${SHORT_OUT}" }
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
  out: {""") + """  - { from: short-in, to: topic/short }
  - { from: topic/short, to: short-out, start: earliest }
services:
  echo: { clients: clients, workers: workers, timeout: 1h }
"""


def browse(bridge, topic):
    found = []
    while True:  # an answer has its limits
        answer = bridge.command("topic", "browse", topic, "--from", len(found), "--max", 1000, "--json", "--at", bridge.data_dir)
        equal(answer.returncode, 0, f"the exit status of browse: {answer.stderr}")
        part = json.loads(answer.stdout)
        if not part:
            return found
        found += part


def count(bridge, topic):
    return next(each["messages"] for each in bridge.status()["topics"] if each["name"] == topic)


def main(flow):
    chance = random.Random(flow.options.seed)
    wall = flow.tmp / "clock"
    wall.write_text("0")
    bridge = flow.bridge(YAML, LD_PRELOAD=str(Path(flow.options.faulty_world).resolve()), ZBRIDGE_TEST_CLOCK=str(wall))
    stored, receipts = [], []

    def step(seconds):
        following = wall.with_suffix(".new")
        following.write_text(f"{int(wall.read_text()) + seconds}")
        following.replace(wall)

    def publish(endpoint, bodies):
        publisher = Publisher(flow, bridge.address(endpoint))
        taken = publisher.publish(bodies)
        check(all(each.startswith("OK ") for each in taken), f"all are accepted: {taken[-1]}")
        publisher.close()
        return [each[3:] for each in taken]

    def publish_orders():
        bodies = [b"%d" % number for number in range(len(stored), len(stored) + 10)]
        receipts.extend(publish("IN", bodies))
        stored.extend(bodies)

    publish_orders()
    steps = [5 * HOUR, -9 * HOUR, 2 * HOUR] + [chance.randrange(-48, 48) * HOUR for _ in range(flow.options.steps - 3)]
    for number, seconds in enumerate(steps):
        if number % 2:
            bridge.kill() if chance.randrange(2) else bridge.terminate()
            step(seconds)
            bridge.start()
        else:
            step(seconds)
        publish_orders()
    equal(read_until(flow, bridge, stored[-1]), stored, "the topic after all steps")
    equal(receipts, sorted(receipts), "ids, which rise")
    equal(len(set(receipts)), len(receipts), "ids, each once")
    messages = browse(bridge, "orders")
    equal([each["id"] for each in messages], receipts, "the ids that are stored")
    times = [each["stored_ms"] for each in messages]
    equal(times, sorted(times), "the times that are stored, which do not fall")

    # Retention by age: one hour.
    publish("SHORT_IN", [b"old"] * 10)
    step(-2 * HOUR)
    bridge.kill()
    bridge.start()
    equal(count(bridge, "short"), 10, "messages, when the clock was set back")
    publish("SHORT_IN", [b"later, at an earlier time"] * 10)
    step(2 * HOUR + HOUR // 2)
    publish("SHORT_IN", [b"new"] * 10)
    equal(count(bridge, "short"), 30, "messages, none of which is an hour old")
    request = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    request.send(b"a call of an hour at most")
    bridge.wait_for("the call waits", lambda status: status["services"][0]["waiting"] == 1)
    step(HOUR * 3 // 4)
    wait_until(lambda: count(bridge, "short") == 10, "what is older than an hour goes while the bridge runs")
    step(24 * HOUR)
    wait_until(lambda: count(bridge, "short") == 0, "all goes")
    worker = flow.socket(zmq.REP, bridge.address("WORKERS"))
    worker.send_multipart(recv(worker, "the call: its hour is not over"))
    equal(recv(request, "its answer"), [b"a call of an hour at most"], "the answer")
    publish("SHORT_IN", [b"newest"] * 10)
    bridge.terminate()
    step(2 * HOUR)
    bridge.start()
    equal(count(bridge, "short"), 0, "messages after a start two hours later")
    equal(count(bridge, "orders"), len(stored), "messages of the topic that keeps everything")
    flow.figure(f"{len(steps)} steps of up to two days, {len(stored)} receipts, 0 lost, ids and times in order")


if __name__ == "__main__":
    run(main, steps=9, seed=1, faulty_world="")

"""Options of a topic that the file does not name are changed while the bridge runs, and stay so over restarts; those of one
that the file names are the file's: the command names the line, and changes nothing.
"""
from harness import *

YAML = """
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
topics:
  orders: { retention: { age: 72h } }
routes:
  - { from: in, to: topic/orders, rejects: topic/orders-rejected }
"""


def main(flow):
    bridge = flow.bridge(YAML)

    def topic(verb, name, *options):
        return bridge.command("topic", verb, name, *options, "--at", bridge.data_dir)

    def shown(name):
        return json.loads(topic("show", name, "--json").stdout)

    def refused(answer, *parts):
        equal(answer.returncode, 1, f"it is refused: {answer}")
        for part in parts:
            check(part in answer.stderr, f"{part!r} is said: {answer.stderr}")

    line = next(n for n, text in enumerate(bridge.file.read_text().splitlines(), 1) if "orders: {" in text)
    refused(topic("set", "orders", "retention.age=1h"), "`orders`", f"{bridge.file}:{line}")
    equal(shown("orders")["retention_age_ms"], 72 * 3_600_000, "nothing is changed")

    equal(topic("create", "audit", "retention.size=1MiB", "keep=last_per_key").returncode, 0, "one is made with options")
    answer = topic("set", "audit", "retention.age=2h", "retention.size=")
    equal((answer.returncode, answer.stdout), (0, "changed the topic audit\n"), "its options are changed")
    equal(topic("set", "orders-rejected", "retention.count=1000").returncode, 0, "those of one that a route makes too")

    before = shown("audit")
    refused(topic("set", "audit", "retention.aeg=2h"), "`retention.aeg` is no option", 'did you mean "retention.age"')
    refused(topic("set", "audit", "retention.age=2"), "`retention.age`", "unit")
    refused(topic("set", "audit", "retention.age=1ms"), "`retention.age`", "1s")
    refused(topic("set", "audit", "keep=none"), "`keep`", "last_per_key")
    refused(topic("set", "nobody", "keep=all"), "there is no topic `nobody`")
    equal(topic("set", "audit", "banana").returncode, 2, "what is no KEY=VALUE is wrong usage")
    equal(shown("audit"), before, "what is refused changes nothing")

    for end in (bridge.terminate, bridge.kill):
        end()
        bridge.start()
        its = shown("audit")
        equal((its["retention_age_ms"], its["retention_size"], its["keep"]), (7_200_000, None, "last_per_key"),
              "its options, after a restart")
        equal(shown("orders-rejected")["retention_count"], 1000, "of the other one")


if __name__ == "__main__":
    run(main)

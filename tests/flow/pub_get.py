"""`zbridge pub` publishes what it reads, and says what became of it; `zbridge get` shows what a group would give, and takes it with
--ack alone.
"""
from harness import *

YAML = """
plugins: { durable: {} }
endpoints:
  packers: { bind: "${PACKERS}" }
topics:
  orders: { dedup: { window: 1h }, max_message: 100KiB }
groups:
  logistics: { topic: orders, start: earliest }
  eu: { topic: orders, start: earliest, filter: "region = 'EU' AND amount > 100" }
routes:
  - { from: group/logistics, to: packers, guarantee: at_least_once }
"""


def json_lines(bridge, zbridge, as_json, query):
    """Each line says all of its message; of a file with wrong lines nothing is published, of a stream what stands before."""
    lines = [{"body": "a", "keys": ["c-1"], "id": "j-1"}, {"frames": ["b", "c"], "keys": ["c-1"], "properties": {"amount": 7}}, {"body": "d"}]
    file = bridge.folder / "orders.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    equal(as_json("pub", "topic/orders", file, "--json-lines", "--key", "c-2")["published"], 3, "a message a line")
    equal([each["frames"] for each in query("--key", "c-1")], [["a"], ["b", "c"]], "each with its own key")
    equal([each["frames"] for each in query("--key", "c-2")], [["d"]], "and with that of all, where it has none")
    equal(query("--id", "j-1")[0]["frames"], ["a"], "with its own id")
    equal(query("--key", "c-1")[1]["properties"], {"amount": 7}, "and properties")
    check(query("--from", "-5m", "--max", 1), "and it was stored in the last five minutes")
    equal(query("--to", "-5m"), [], "not before")

    file.write_bytes(b"\xef\xbb\xbf" + json.dumps({"body": "marked", "keys": ["c-4"]}).encode() + b"\n")
    equal(as_json("pub", "topic/orders", file, "--json-lines")["published"], 1, "a byte order mark before it is no part of it")
    equal([each["frames"] for each in query("--key", "c-4")], [["marked"]], "nor of its message")

    wrong = '{"body": "e", "keys": ["c-3"]}\n{"bdy": "f"}\n\n{"body": }\n'
    file.write_text(wrong)
    said = zbridge("pub", "topic/orders", file, "--json-lines", exit=1).stderr.decode().splitlines()
    equal(said, [f'{file}:2: no key is named "bdy"; did you mean "body"?', f"{file}:4: byte 10: a value is expected",
                 "zbridge: pub: 2 wrong lines: nothing was published"], "all that is wrong with a file")
    equal(query("--key", "c-3"), [], "and nothing of it is there")
    said = zbridge("pub", "topic/orders", "--json-lines", input=wrong.encode(), exit=1).stderr.decode()
    check(said.startswith("standard input:2: no key is named"), f"what is wrong with a stream: {said}")
    equal([each["frames"] for each in query("--key", "c-3")], [["e"]], "what stands before it is there")


def after_a_restart(bridge, as_json, got):
    """What has to be read from the disk first is there, all of it."""
    as_json("pub", "topic/orders", "--body", "kept", "--count", 20)
    as_json("pub", "topic/orders", "--body", "x" * 90_000, "--count", 20)  # more than one answer has
    before = as_json("topic", "browse", "orders", "--max", 100_000)
    waits = len(got("--max", 1000))
    bridge.terminate()
    bridge.start()
    equal(len(got("--max", 1000)), waits, "the same after a restart")
    equal(as_json("topic", "browse", "orders", "--max", 100_000), before, "and so is the topic")


def main(flow):
    bridge = flow.bridge(YAML)
    at = "--at", bridge.data_dir

    def zbridge(*arguments, input=b"", exit=0):
        done = subprocess.run([str(bridge.binary), *map(str, arguments), *map(str, at)], input=input, capture_output=True,
                              timeout=PATIENCE_S, cwd=bridge.folder)
        equal(done.returncode, exit, f"the exit code of {arguments}: {done}")
        return done

    def as_json(*arguments, **more):
        return json.loads(zbridge(*arguments, "--json", **more).stdout)

    def got(*arguments, group="logistics"):
        return [each["frames"] for each in as_json("get", group, *arguments)]

    def query(*arguments):
        return as_json("topic", "query", "orders", *arguments)

    one = as_json("pub", "topic/orders", input=b"from standard input")
    equal((one["published"], one["refused"], one["first_id"]), (1, [], one["last_id"]), "what became of it")
    equal(query("--id", one["first_id"])[0]["frames"], ["from standard input"], "and it is there")
    said = zbridge("get", "logistics")
    equal((said.stdout, said.stderr), (b"from standard input\n", b"1 message given back to logistics: --ack settles them\n"), "get")
    equal(as_json("get", "logistics")[0], {"id": one["first_id"], "attempt": 1, "frames": ["from standard input"]},
          "given back, and no attempt was counted")
    said = zbridge("get", "logistics", "--ack")
    equal((said.stdout, said.stderr), (b"from standard input\n", b"acked 1 message of logistics\n"), "get --ack")
    said = zbridge("get", "logistics", "--wait", "100ms")
    equal((said.stdout, said.stderr), (b"", b"logistics has no message to give\n"), "and then it has none")
    equal(as_json("get", "logistics"), [], "as JSON")

    file = bridge.folder / "lines"
    file.write_bytes(b"".join(b"line %d\n" % number for number in range(2500)))
    text = zbridge("pub", "topic/orders", file, "--lines").stdout.decode()
    check(text.startswith("published 2500 messages to orders: "), f"each line: {text}")
    equal(got("--max", 3), [["line 0"], ["line 1"], ["line 2"]], "in their order")
    taken = 0
    while taken < 2500:
        taken += len(got("--max", 1000, "--ack", "--wait", "10s"))
    equal((taken, got()), (2500, []), "all of them")

    equal(as_json("pub", "topic/orders", file)["published"], 1, "a file is one message")
    equal(zbridge("get", "logistics", "--ack").stdout, file.read_bytes() + b"\n", "its bytes")
    equal(as_json("pub", "topic/orders", "--body", "again", "--count", 3)["published"], 3, "one, three times")
    equal(got("--max", 10, "--ack"), [["again"]] * 3, "three of them")

    zbridge("pub", "topic/orders", "--body", "of ours", "--key", "a", "--key", "b", "--tag", "new", "--property", "region=EU",
            "--property", "amount=101")
    zbridge("pub", "topic/orders", "--body", "not of ours", "--property", "region=EU", "--property", "amount=7")
    equal(got("--max", 10, "--ack", group="eu"), [["of ours"]], "properties, as the filter sees them")
    equal([each["tag"] for each in query("--key", "b")], ["new"], "keys, tag")
    first = as_json("pub", "topic/orders", "--body", "once", "--id", "o-1")
    again = as_json("pub", "topic/orders", "--body", "once", "--id", "o-1")
    equal((again["duplicates"], again["last_id"]), (1, first["first_id"]), "an id that was there")
    late = as_json("pub", "topic/orders", "--body", "later", "--delay", "1h")
    equal([each["id"] for each in as_json("delay", "ls", "orders")], [late["first_id"]], "it waits for its time")

    refused = as_json("pub", "topic/orders", input=b"x" * 200_000, exit=1)
    check(refused["published"] == 0 and refused["refused"][0]["reason"].startswith("too_large: "), f"it is refused: {refused}")
    check(b"too_large" in zbridge("pub", "topic/orders", input=b"x" * 200_000, exit=1).stderr, "and says so")
    large = zbridge("pub", "topic/orders", input=b"x" * 20_000_000, exit=1).stderr
    check(b"too_large: 19.1 MiB in one message, and the bridge takes 16.0 MiB at most" in large, f"more than a command may say: {large}")
    file.write_bytes(b"x" * 20_000_000 + b"\nsmall\n")
    some = as_json("pub", "topic/orders", file, "--lines", exit=1)
    equal((some["published"], [each["count"] for each in some["refused"]]), (1, [1]), "what fits goes on")
    equal(got("--max", 10, "--ack")[-1], ["small"], "and is there")
    check(b"not_found" in zbridge("pub", "topic/nowhere", "--body", "x", exit=1).stderr, "a topic that is none")
    check(b"expected topic/NAME" in zbridge("pub", "orders", "--body", "x", exit=2).stderr, "no topic")
    zbridge("pub", "topic/orders", "--body", "x", "--lines", exit=2)
    zbridge("pub", "topic/orders", "--lines", "--count", 2, exit=2)
    json_lines(bridge, zbridge, as_json, query)
    zbridge("pub", "topic/orders", bridge.folder / "nothing", exit=1)
    check(b"cannot read" in zbridge("pub", "topic/orders", bridge.folder, exit=1).stderr, "a folder is no file")
    zbridge("get", "nobody", exit=1)
    zbridge("get", "logistics", "--wait", "soon", exit=2)
    after_a_restart(bridge, as_json, got)


if __name__ == "__main__":
    run(main)

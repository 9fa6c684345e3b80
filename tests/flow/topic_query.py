"""`zbridge topic query` finds messages of a topic by a key, by the id of a receipt or of their producer, and by the time at which they
were stored, over many segments of the journal, as `topic browse` shows them; before a restart and after it. Nothing is changed by it.
What cannot be is refused with a sentence.
"""
from harness import *

YAML = """
plugins: { durable: { config: { segment_bytes: 1MiB } } }
endpoints:
  in: { bind: "${IN}" }
topics:
  orders: {}
  quiet: {}
routes:
  - { from: in, decode: json, set: { id: $.id, keys: [$.customer, $.city] }, to: topic/orders }
"""
MESSAGES = 3000
CUSTOMERS = 500


def body(number):
    return json.dumps({"id": f"o-{number}", "customer": f"c-{number % CUSTOMERS}", "city": "Bern", "text": "x" * 900}).encode()


def publish(flow, bridge):
    """The id of each."""
    dealer = flow.socket(zmq.DEALER, bridge.address("IN"), SNDHWM=0, RCVHWM=0)
    ids = []
    for begin in range(0, MESSAGES, 100):
        for number in range(begin, begin + 100):
            dealer.send_multipart([b"", body(number)])
        for number in range(begin, begin + 100):
            receipt = recv(dealer, f"receipt {number}")[-1].decode()
            check(receipt.startswith("OK "), f"it is accepted: {receipt}")
            ids.append(receipt[3:])
    dealer.close()
    return ids


def query(bridge, *words, topic="orders"):
    answer = bridge.command("topic", "query", topic, *words, "--json", "--at", bridge.data_dir)
    equal(answer.returncode, 0, f"the exit status of query {words}: {answer.stderr}")
    return json.loads(answer.stdout)


def offsets(bridge, *words, topic="orders"):
    return [each["offset"] for each in query(bridge, *words, topic=topic)]


def finds_all(bridge, ids):
    of_one = list(range(17, MESSAGES, CUSTOMERS))
    equal(offsets(bridge, "--key", "c-17"), of_one, "offsets by key")
    equal(offsets(bridge, "--key", "c-17", "--max", 2), of_one[:2], "the oldest two of them")
    equal(offsets(bridge, "--key", "Bern"), list(range(20)), "as many as there are without --max")
    equal(offsets(bridge, "--key", "Bern", topic="quiet"), [], "messages of a topic that has none")
    for number in (0, 1234, MESSAGES - 1):
        equal(offsets(bridge, "--id", ids[number]), [number], "the offset by a receipt's id")
        equal(offsets(bridge, "--id", f"o-{number}"), [number], "the offset by the producer's id")
    browsed = bridge.command("topic", "browse", "orders", "--from", 1234, "--max", 1, "--json", "--at", bridge.data_dir)
    message, = json.loads(browsed.stdout)
    equal(query(bridge, "--id", "o-1234"), [message], "the message, as browse shows it")
    stored = message["stored_ms"]
    at_that_time = query(bridge, "--from", stored, "--to", stored, "--max", 1000)
    equal({each["stored_ms"] for each in at_that_time}, {stored}, "when they were stored")
    check(1234 in [each["offset"] for each in at_that_time], "it is among them")
    equal(offsets(bridge, "--from", "2001-01-01T00:00:00Z", "--max", 3), [0, 1, 2], "from a time before all")
    equal(offsets(bridge, "--to", "2001-01-01T00:00:00Z"), [], "to a time before all")


def main(flow):
    bridge = flow.bridge(YAML)
    ids = publish(flow, bridge)
    before = bridge.status()["topics"]
    began = time.monotonic()
    finds_all(bridge, ids)
    flow.figure(f"14 queries over {bridge.status()['store']['segments']} segments, {time.monotonic() - began:.1f} s")
    text = bridge.command("topic", "query", "orders", "--key", "c-17", "--at", bridge.data_dir)
    check("OFFSET" in text.stdout and ids[17] in text.stdout, f"it is shown as a table: {text.stdout}")
    text = bridge.command("topic", "query", "orders", "--key", "nobody", "--at", bridge.data_dir)
    equal(text.stdout, "no messages there\n", "what is said where nothing is found")
    equal([each["head"] for each in bridge.status()["topics"]], [each["head"] for each in before], "nothing has changed")

    for words, sentence in ((("orders", "--key", ""), "the key, or id, to look for is empty"),
                            (("orders", "--from", 5, "--to", 4), "the time `to` is before `from`"),
                            (("none", "--key", "k"), "there is no topic `none`")):
        refused = bridge.command("topic", "query", *words, "--at", bridge.data_dir)
        equal(refused.returncode, 1, f"the exit status of query {words}")
        check(sentence in refused.stderr, f"it says why: {refused.stderr}")

    equal(bridge.terminate(), 0, "the exit status")
    bridge.start()
    finds_all(bridge, ids)
    bridge.kill()
    bridge.start()
    finds_all(bridge, ids)
    bridge.kill()


if __name__ == "__main__":
    run(main)

"""`zbridge trace` tells of one message when it was accepted and stored, who has it, how each group settled it, its retries, its dead
letter and how that was published again: by the id of its receipt or of its producer, before and after a kill -9. Nothing is changed
by it.
"""
from harness import *

YAML = """
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  packers: { bind: "${PACKERS}" }
  clerks: { bind: "${CLERKS}" }
topics:
  orders: {}
groups:
  logistics: { topic: orders, start: earliest, retry: { attempts: 3, backoff: [1ms] } }
  billing: { topic: orders, start: earliest }
routes:
  - { from: in, decode: json, set: { id: $.id, delay: $.in }, to: topic/orders }
  - { from: group/logistics, to: packers, guarantee: at_least_once }
  - { from: group/billing, to: clerks, guarantee: at_least_once }
"""
WIDTH = 80


def main(flow):
    bridge = flow.bridge(YAML)
    req = flow.socket(zmq.REQ, bridge.address("IN"))
    sockets = {group: flow.socket(zmq.REQ, bridge.address(end)) for group, end in (("logistics", "PACKERS"), ("billing", "CLERKS"))}

    def trace(id):
        answer = bridge.command("trace", id, "--json", "--at", bridge.data_dir)
        equal(answer.returncode, 0, f"the exit code of trace {id}: {answer}")
        return json.loads(answer.stdout)

    def as_text(id):
        text = bridge.command("trace", id, "--at", bridge.data_dir).stdout
        check(all(len(line) <= WIDTH for line in text.splitlines()), f"its lines fit: {text}")
        return text

    def events(id):
        return [(each["what"], each["group"]) if "group" in each else each["what"] for each in trace(id)["events"]]

    def states(id):
        return {each["group"]: each["state"] for each in trace(id)["now"]}

    def publish(id, delay="0s"):
        req.send(json.dumps({"id": id, "in": delay}).encode())
        receipt = recv(req, "a receipt")[0].decode()
        check(receipt.startswith("OK "), f"it is accepted: {receipt}")
        return receipt[3:]

    def ask(group, request):
        sockets[group].send(request)
        return recv(sockets[group], f"an answer to {request}")

    def take(group):
        """The token of the next message."""
        head = ask(group, b"NEXT WAIT 30s HEADERS")[0].decode().split(" ")
        equal(head[0], "MSG", "a message")
        return head[1].encode()

    def settle(group, request):
        equal(ask(group, request), [b"OK"], request)

    bridge.wait_for_peers("packers", 1)
    bridge.wait_for_peers("clerks", 1)
    before = time.time() * 1000
    id = publish("o-17")
    equal((events(id), states(id)), (["stored"], {"logistics": "not_given", "billing": "not_given"}), "at first")
    stored, = trace(id)["events"]
    check(before - 1 <= stored["at_ms"] <= time.time() * 1000 + 1, f"when it was stored: {stored}")
    copy, = trace(id)["copies"]
    equal((copy["id"], copy["producer_id"], copy["topic"], copy["offset"]), (id, "o-17", "orders", 0), "what it is")

    settle("billing", b"ACK " + take("billing"))
    token = take("logistics")
    lease, = [each for each in trace(id)["now"] if each["state"] == "leased"]
    equal((lease["group"], lease["attempt"], lease["endpoint"]), ("logistics", 1, "packers"), "who has it")
    check(lease["since_ms"] < lease["until_ms"] and lease["address"], f"since when, until when, where from: {lease}")
    check("to consumer" in as_text(id) and "packers" in as_text(id), "it is shown")
    settle("logistics", b"RETRY " + token + b" DELAY 1ms")
    settle("logistics", b"REJECT " + take("logistics") + b" no such customer")
    whole = ["stored", ("settled", "billing"), ("retry", "logistics"), "stored", ("dead", "logistics")]
    equal(events(id), whole, "its life so far")
    equal(events("o-17"), whole, "the same by the producer's id")
    bridge.kill()
    bridge.start()
    equal(events(id), whole, "after a kill -9")
    equal(bridge.command("dead", "redrive", "logistics", "--at", bridge.data_dir).returncode, 0, "the dead letter is published again")
    life = trace(id)
    equal([each["kind"] for each in life["copies"]], ["message", "dead_letter", "redriven"], "what there is of it")
    equal(life["copies"][1]["reason"], "no such customer", "what it died of")
    equal(life["events"][-1]["what"], "redriven", "how it went on")
    text = as_text(id)
    for words in ("accepted", "no such customer", "published again", "attempt 1 is over", "Deliveries are not recorded"):
        check(words in text, f"{words}: {text}")

    # Of one that waits for its time, is given another one, is recalled.
    late = publish("later", "1d")
    equal(bridge.command("delay", "reschedule", late, "--to", "+2d", "--at", bridge.data_dir).returncode, 0, "rescheduled")
    equal(states(late), {"": "waits"}, "how it stands")
    equal(bridge.command("delay", "recall", late, "--at", bridge.data_dir).returncode, 0, "recalled")
    equal(events(late), ["stored", "waits", "waits", "recalled"], "its life")
    check("waits        until" in as_text(late), "it is shown")

    heads = [each["head"] for each in bridge.status()["topics"]]
    trace(id)
    equal([each["head"] for each in bridge.status()["topics"]], heads, "nothing has changed")
    refused = bridge.command("trace", "nobody", "--at", bridge.data_dir)
    equal(refused.returncode, 1, "the exit status")
    check("no message with the id `nobody`" in refused.stderr, f"it says why: {refused.stderr}")


if __name__ == "__main__":
    run(main)

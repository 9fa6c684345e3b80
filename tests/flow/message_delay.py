"""A message that waits for its time is listed, recalled and rescheduled by the id of its receipt: until it is delivered, over a kill -9
and over a planned end. One that was recalled is never delivered; one that was rescheduled is there at its new time, once.
"""
from harness import *

YAML = """
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}" }
topics:
  reminders: {}
  others: {}
groups:
  readers: { topic: reminders, start: earliest }
routes:
  - { from: in, decode: json, set: { delay: $.in }, to: topic/reminders }
  - { from: group/readers, to: out, guarantee: at_least_once }
"""


def main(flow):
    bridge = flow.bridge(YAML)
    req = flow.socket(zmq.REQ, bridge.address("IN"))
    puller = flow.socket(zmq.REQ, bridge.address("OUT"))

    def zbridge(*arguments, exit=0):
        answer = bridge.command("delay", *arguments, "--at", bridge.data_dir)
        equal(answer.returncode, exit, f"the exit code of {arguments}: {answer}")
        return answer

    def as_json(*arguments):
        return json.loads(zbridge(*arguments, "--json").stdout)

    def publish(text, delay):
        """The id of its receipt."""
        req.send(json.dumps({"text": text, "in": delay}).encode())
        receipt = recv(req, "a receipt")[0].decode()
        check(receipt.startswith("OK "), f"it is accepted: {receipt}")
        return receipt[3:]

    def waiting(*more):
        return [json.loads(each["frames"][-1])["text"] for each in as_json("ls", "reminders", *more)]

    def pull():
        """The next message, which acks the one before."""
        puller.send(b"NEXT WAIT 30s")
        return json.loads(recv(puller, "a message")[-1])["text"]

    ids = {text: publish(text, delay) for text, delay in (("year", "365d"), ("day", "1d"), ("hour", "1h"), ("week", "7d"))}
    equal(waiting(), ["hour", "day", "week", "year"], "what waits, the next ones first")
    equal(waiting("--limit", 2), ["hour", "day"], "at most so many")
    equal(as_json("ls", "others"), [], "what waits for another topic")
    hour = as_json("ls", "reminders", "--limit", 1)[0]
    equal(hour["id"], ids["hour"], "its id is its receipt's")
    equal(hour["due_ms"] - hour["stored_ms"], 3600_000, "when it is due")
    text = zbridge("ls", "reminders").stdout
    check("DUE" in text and ids["week"] in text, f"it is shown as a table: {text}")
    equal(zbridge("ls", "others").stdout, "no message waits for its time\n", "what is said where none waits")

    recalled = as_json("recall", ids["day"])
    equal(recalled, {"id": ids["day"], "topics": ["reminders"], "recalled": 1}, "what is answered")
    moved = as_json("reschedule", ids["week"], "--to", "+30m")
    equal(moved["rescheduled"], 1, "what is rescheduled")
    check(0 <= moved["due_ms"] - time.time() * 1000 <= 1800_000, f"its new time: {moved}")
    bridge.kill()
    bridge.start()
    equal(waiting(), ["week", "hour", "year"], "after a kill -9")
    check("too late" in zbridge("recall", ids["day"], exit=1).stderr, "a second recall")
    check("recalled " + ids["hour"] in zbridge("recall", ids["hour"]).stdout, "what is said")
    equal(bridge.terminate(), 0, "the exit status")
    bridge.start()
    equal(waiting(), ["week", "year"], "after a planned end")

    check("rescheduled " + ids["year"] in zbridge("reschedule", ids["year"], "--to", "2001-01-01T00:00:00Z").stdout, "what is said")
    bridge.wait_for_peers("out", 1)
    equal(pull(), "year", "a time that is over: at once")
    zbridge("reschedule", ids["week"], "--to", "+0s")
    equal(pull(), "week", "so long from now on")
    equal(waiting(), [], "what waits, at the end")
    late = zbridge("recall", ids["year"], exit=1).stderr
    check(ids["year"] in late and "delivered" in late, f"what was delivered is not recalled: {late}")

    for words, sentence, code in ((("recall", "o-17"), "`o-17` is no id of a receipt", 1), (("ls", "none"), "there is no topic `none`", 1),
                                  (("reschedule", ids["year"], "--to", "soon"), "expected a time such as", 2),
                                  (("reschedule", ids["year"]), "--to", 2)):
        refused = zbridge(*words, exit=code).stderr
        check(sentence in refused, f"it says why: {refused}")


if __name__ == "__main__":
    run(main)

"""A group by priority: of what waits the highest goes first, over a restart and a kill, and a retry keeps its place. What is no
priority is refused. Bytes in flight are bounded, and `group show` says so.
"""
from harness import *

YAML = """
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  pullers: { bind: "${PULLERS}" }
  clerks: { bind: "${CLERKS}", accept: dealer, credit: 10 }
topics:
  jobs: {}
groups:
  machines: { topic: jobs, start: earliest, order: priority, resume_grace: 200ms, retry: { backoff: [200ms] } }
  clerks: { topic: jobs, start: earliest, max_in_flight_bytes: 100B }
routes:
  - { from: in, decode: json, set: { priority: $.p }, to: topic/jobs }
  - { from: group/machines, to: pullers }
  - { from: group/clerks, to: clerks }
"""
LEVELS = [0, 3, 9, 3, 5, 0, 9, 7]


def main(flow):
    bridge = flow.bridge(YAML)
    producer = flow.socket(zmq.REQ, bridge.address("IN"))
    sent = []

    def publish(priority):
        body = json.dumps({"n": len(sent), "p": priority})
        producer.send(body.encode())
        check(recv(producer, "a receipt")[0].startswith(b"OK "), "it is accepted")
        sent.append(priority)

    for wrong in (10, -1, "high"):
        producer.send(json.dumps({"p": wrong}).encode())
        check(recv(producer, "a receipt")[0].startswith(b"ERR undecodable priority"), f"{wrong} is no priority")

    puller = flow.socket(zmq.REQ, bridge.address("PULLERS"))

    def ask(request):
        puller.send(request.encode())
        return recv(puller, f"the answer to {request}")

    def pull():
        """The next one's number, and its token."""
        head, *frames = ask("NEXT WAIT 10s HEADERS")
        return json.loads(frames[0])["n"], head.decode().split(" ")[1]

    for level in LEVELS:
        publish(level)
    order = sorted(range(len(LEVELS)), key=lambda number: (-LEVELS[number], number))
    equal(pull()[0], order[0], "the highest goes first")
    number, token = pull()
    equal(number, order[1], "then the next one of its priority")
    equal(ask(f"RETRY {token} DELAY 100ms"), [b"OK"], "its retry")
    number, token = pull()
    check(number in (order[1], order[2]), f"then it again, or the next lower one: {number}")
    equal(ask(f"ACK {token}"), [b"OK"], "its ACK")
    left = [each for each in order[1:] if each != number]
    if number == order[2]:  # it is due before what is lower
        wait_until(lambda: json.loads(bridge.command(
            "group", "pending", "machines", "--json", "--at", bridge.data_dir).stdout)["retries"][0]["due_ms"]
            <= time.time() * 1000, "the retry is due")
    puller.close()
    bridge.kill()
    bridge.start()
    puller = flow.socket(zmq.REQ, bridge.address("PULLERS"))
    for each in left[:3]:
        number, token = pull()
        equal(number, each, "after a kill the highest of what is left")
        equal(ask(f"ACK {token}"), [b"OK"], "its ACK")
    publish(8)
    number, token = pull()
    equal(number, len(sent) - 1, "one that comes later overtakes")
    equal(ask(f"ACK {token}"), [b"OK"], "its ACK")
    puller.close()
    equal(bridge.terminate(), 0, "the exit status")
    bridge.start()
    puller = flow.socket(zmq.REQ, bridge.address("PULLERS"))
    for each in left[3:]:
        number, token = pull()
        equal(number, each, "after a restart too")
        equal(ask(f"ACK {token}"), [b"OK"], "its ACK")

    clerk = flow.socket(zmq.DEALER, bridge.address("CLERKS"))
    got = []
    show = ("group", "show", "clerks", "--json", "--at", bridge.data_dir)
    bridge.wait_for("a clerk has its bytes", lambda _: json.loads(bridge.command(*show).stdout)["in_flight_bytes"] >= 100)
    shown = json.loads(bridge.command(*show).stdout)
    equal(shown["held"], "as many bytes in flight as may be", "why nothing more is given")
    check(shown["in_flight"] < len(sent), "not all are in flight")
    while len(got) < len(sent):
        token, _, body = recv(clerk, "work")
        got.append(json.loads(body)["n"])
        clerk.send_multipart([token, b"", b"done"])
    equal(got, list(range(len(sent))), "all come, as others are settled")


if __name__ == "__main__":
    run(main)

"""What an operator does with a group: looks at it, pauses it, lets it begin again; and with its dead letters: looks,
publishes them again, edits, removes, exports them. What was published again is so once, over kill -9 too.
"""
from harness import *

YAML = """
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  packers: { bind: "${PACKERS}" }
topics:
  orders: {}
groups:
  logistics: { topic: orders, start: earliest, retry: { attempts: 3, backoff: [1h] } }
routes:
  - { from: in, to: topic/orders }
  - { from: group/logistics, to: packers, guarantee: at_least_once }
"""
LETTERS = 6


def edit_on_terminal(bridge, which, script):
    """`dead edit` with this script as EDITOR, on a terminal: its exit code, and what it said."""
    editor = bridge.folder / "editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o755)
    own, its = os.openpty()
    try:
        done = subprocess.run([str(bridge.binary), "dead", "edit", "logistics", which, "--at", str(bridge.data_dir)], stdin=its,
                              capture_output=True, text=True, timeout=PATIENCE_S, env={**os.environ, "EDITOR": str(editor)})
    finally:
        os.close(own)
        os.close(its)
    return done.returncode, done.stdout + done.stderr


def main(flow):
    bridge = flow.bridge(YAML)
    req = flow.socket(zmq.REQ, bridge.address("IN"))
    puller = flow.socket(zmq.REQ, bridge.address("PACKERS"))

    def zbridge(*arguments, exit=0):
        answer = bridge.command(*arguments, "--at", bridge.data_dir)
        equal(answer.returncode, exit, f"the exit code of {arguments}: {answer}")
        return answer

    def as_json(*arguments):
        return json.loads(zbridge(*arguments, "--json").stdout)

    def group():
        return as_json("group", "show", "logistics")

    def letters(*more):
        return as_json("dead", "ls", "logistics", *more)

    def publish(*frames):
        req.send_multipart(frames)
        check(recv(req, "a receipt")[0].startswith(b"OK "), "it is accepted")

    def pull():
        """The last frame of the next message, which acks the one before; None: there is none."""
        puller.send(b"NEXT WAIT 100ms")
        frames = recv(puller, "a message")
        return frames[-1] if len(frames) == 2 else None

    def say(request):
        puller.send(request)
        equal(recv(puller, "an answer"), [b"OK"], request)

    bridge.wait_for_peers("packers", 1)
    bodies = [b"%d" % number for number in range(LETTERS)]
    for body in bodies:
        publish(b"order", body)
    equal(pull(), b"0", "the first one")
    pending = as_json("group", "pending", "logistics")
    equal([(each["offset"], each["attempt"]) for each in pending["leased"]], [(0, 1)], "what is leased")
    check("leased" in zbridge("group", "pending", "logistics").stdout, "it is shown")
    say(b"RETRY DELAY 1h")
    equal(group()["retries"], 1, "what waits for a retry")
    equal(group()["lag"], LETTERS, "how far it is behind")
    equal(as_json("status")["groups"][0]["lag"], LETTERS, "the same in the status")
    check("logistics" in zbridge("status").stdout, "and as a table")

    # Paused, resumed, from the beginning.
    zbridge("group", "pause", "logistics")
    equal(group()["held"], "paused", "why it is held")
    equal(pull(), None, "what a group that is paused gives")
    zbridge("group", "resume", "logistics")
    zbridge("group", "reset", "logistics", "--to", "99", "--yes", exit=1)
    zbridge("group", "reset", "logistics", "--to", "soon", "--yes", exit=2)
    zbridge("group", "reset", "logistics", "--to", "earliest", exit=1)  # nobody is here to be asked
    zbridge("group", "reset", "logistics", "--to", "earliest", "--yes")
    equal(group()["retries"], 0, "retries, after a reset")

    # All of them die.
    for body in bodies:
        equal(pull(), body, "in order, from the beginning")
        say(b"REJECT no stock" if int(body) % 2 else b"REJECT bad address")
    equal(group()["dead"], LETTERS, "dead letters")
    equal(len(letters()), LETTERS, "as they are listed")
    first = letters()[0]
    equal((first["origin"], first["reason"], first["attempts"]), ("orders", "bad address", 1), "what one says")
    equal(len(letters("--where", "reason = 'no stock'")), 3, "those that a condition holds of")
    equal(len(letters("--max", "2")), 2, "at most so many")
    check("column" in zbridge("dead", "ls", "logistics", "--where", "a = = b", exit=1).stderr, "what is wrong of it")
    equal(as_json("dead", "show", "logistics", first["origin_id"])["frames"], ["order", "0"], "one by its id")
    equal(zbridge("dead", "show", "logistics", "3", "--body").stdout, "3", "the body of another")
    check("no dead letter 99" in zbridge("dead", "show", "logistics", "99", exit=1).stderr, "one that is none")
    check("no group `nobody`" in zbridge("dead", "ls", "nobody", exit=1).stderr, "a group that is none")

    exported = bridge.folder / "letters.jsonl"
    zbridge("dead", "export", "logistics", str(exported))
    equal([json.loads(line)["frames"][1] for line in exported.read_text().splitlines()],
          [body.decode() for body in bodies], "what is exported")

    # One is edited, one removed, the others are published again.
    edited = bridge.folder / "body"
    edited.write_text("zero")
    equal(as_json("dead", "edit", "logistics", "0", "--body", str(edited)),
          {"matched": 1, "redriven": 1, "refused": 0, "reason": "", "offset": 0, "topic": "orders"}, "what an edit answers")
    equal(as_json("dead", "rm", "logistics", "1", "--dry-run")["matched"], 1, "what would be removed")
    equal(as_json("dead", "rm", "logistics", "1", "--yes"), {"matched": 1, "removed": 1, "refused": 0, "reason": ""}, "what rm answers")
    zbridge("dead", "rm", "logistics", "1", "--yes", exit=1)
    zbridge("dead", "rm", "logistics", "--yes", exit=2)
    # Without a file: on a terminal the user's editor is opened with the old body.
    check("expected --body" in zbridge("dead", "edit", "logistics", "2", exit=2).stderr, "nobody is here to edit")
    code, said = edit_on_terminal(bridge, "2", "exit 0")
    check(code == 1 and "not changed" in said, f"the old body: {code} {said}")
    code, said = edit_on_terminal(bridge, "2", "exit 3")
    check(code == 1 and "did not end well" in said, f"an editor that fails: {code} {said}")
    code, said = edit_on_terminal(bridge, "2", "grep -qx 2 \"$1\" && printf two > \"$1\"")
    check(code == 0 and "with its new body" in said, f"another body: {code} {said}")
    equal(as_json("dead", "redrive", "logistics", "--dry-run")["matched"], LETTERS - 3, "what would be published again")
    equal(as_json("dead", "redrive", "logistics", "--where", "reason = 'no stock'", "--rate", "100/s")["redriven"], 2,
          "what is published again")
    bridge.kill()
    bridge.start()
    equal(len(letters()), 1, "what is left after a kill -9")
    zbridge("dead", "redrive", "logistics")
    equal(as_json("dead", "redrive", "logistics")["redriven"], 0, "what is left to publish again")
    equal((letters(), group()["dead"]), ([], 0), "dead letters, at the end")
    bridge.wait_for_peers("packers", 1)
    equal([pull() for _ in range(6)], [b"zero", b"two", b"3", b"5", b"4", None], "what the group is given again")

    # A range again, and then on.
    check("--until soon" in zbridge("group", "reset", "logistics", "--to", "1", "--until", "soon", "--yes", exit=2).stderr, "no place")
    zbridge("group", "reset", "logistics", "--to", "1", "--until", "3", exit=1)  # nobody is here to be asked
    check("nothing to give again" in zbridge("group", "reset", "logistics", "--to", "3", "--until", "3", "--yes", exit=1).stderr,
          "an empty range")
    check("offsets 1 to 3 again" in zbridge("group", "reset", "logistics", "--to", "1", "--until", "3", "--yes").stdout, "a range")
    equal(group()["held"], "a range is given again", "what it says meanwhile")
    publish(b"order", b"new")
    equal([pull() for _ in range(4)], [b"1", b"2", b"new", None], "the range, then what is new")
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    equal(as_json("group", "reset", "logistics", "--to", "earliest", "--until", later, "--yes"),
          {"group": "logistics", "offset": 0, "until": LETTERS + 6}, "up to a time")
    equal(pull(), b"0", "its first one")
    zbridge("group", "reset", "logistics", "--to", "latest", "--yes")
    equal((pull(), group()["held"]), (None, ""), "another reset takes its place")

    # A group that is in the file stays; so does a topic that a group reads.
    check("is in the file" in zbridge("group", "rm", "logistics", "--yes", exit=1).stderr, "why it stays")
    equal(zbridge("topic", "rm", "orders-dead", "--yes", exit=1).returncode, 1, "no such topic")


if __name__ == "__main__":
    run(main)

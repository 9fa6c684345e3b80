"""The whole table of commands: each has help, and --json; each that asks a bridge takes --at, ends with 3 where none runs, and with a
real bridge prints one JSON text, as each does that needs none, and one that fails. A command that is new needs no row here, unless what
it takes has to be there first.
"""
from harness import *

YAML = """
bridge:
  name: shop
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  delayed-in: { bind: "${DELAYED}" }
  prepared-in: { bind: "${PREPARED}", transactions: { check: checks } }
  checks: { bind: "${CHECKS}" }
  packers: { bind: "${PACKERS}" }
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
topics:
  orders: {}
groups:
  logistics: { topic: orders, start: earliest }
services:
  accounts: { clients: clients, workers: workers }
routes:
  - { from: in, to: topic/orders }
  - { from: delayed-in, set: { delay: 1h }, to: topic/orders }
  - { from: prepared-in, to: topic/orders }
  - { from: group/logistics, to: packers, guarantee: at_least_once }
"""
# They print no report: what they print is itself for a program, or they run until they are ended.
WITHOUT_JSON = {"run", "schema", "completion"}
# They need what is not made here; tests of their own show them.
ELSEWHERE = {"run", "plugin check", "tap", "bench sub", "bench rpc", "bench e2e", "bench fanout",
             "bench compare"}
# What they refuse here, since it is not theirs: of what the file names. Exit code 1.
REFUSED = {"group rm"}
LAST = ["drain", "stop"]


def answers(_, address):
    """A worker, for as long as the test runs."""
    rep = zmq.Context().socket(zmq.REP)
    rep.connect(address)
    while True:
        rep.send(b"nothing, for " + rep.recv())


class Told:
    """One command, as its help tells of it."""

    def __init__(self, bridge, name):
        self.name = name
        answer = bridge.command("help", *name.split())
        equal(answer.returncode, 0, f"help of {name}: {answer}")
        usage = re.search(rf"^usage: zbridge {name}(.*)$", answer.stdout, re.M)
        check(usage is not None, f"help of {name} has its usage: {answer.stdout}")
        self.options = set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", answer.stdout, re.M))
        self.arguments = re.findall(r"(?<= )[A-Z]+(?= |$)", re.sub(r"\[[^]]*\]", "", usage[1].replace("...", "")))

    @property
    def asks(self):
        return "--at" in self.options


class Facts:
    """What commands can be given, of what there is in the bridge."""

    def __init__(self, flow, bridge):
        producer = {name: flow.socket(zmq.REQ, bridge.address(name)) for name in ("IN", "DELAYED", "PREPARED")}

        def say(name, *frames):
            producer[name].send_multipart(frames)
            words = recv(producer[name], "an answer")[0].decode().split()
            equal(words[0], "OK", f"{frames} is accepted: {words}")
            return words[1:]

        ids = [say("IN", b"order %d" % number)[0] for number in range(5)]
        delayed = [say("DELAYED", b"later")[0] for _ in range(2)]
        tokens = [say("PREPARED", b"PREPARE", b"perhaps")[1] for _ in range(2)]
        puller = flow.socket(zmq.REQ, bridge.address("PACKERS"))
        for _ in range(4):
            puller.send(b"NEXT")
            recv(puller, "an order")
            puller.send(b"REJECT no stock")
            equal(recv(puller, "an answer"), [b"OK"], "it is a dead letter")
        worker = flow.start(answers, bridge.address("WORKERS"))
        bridge.wait_for_peers("workers", 1)
        self.peers = puller, producer, worker  # they stay
        body = bridge.folder / "body"
        body.write_text("order 0, once more")
        waits = bridge.command("peer", "ls", "packers", "--json", "--at", bridge.data_dir)
        self.named = {"TOPIC": "orders", "GROUP": "logistics", "SERVICE": "accounts", "ID": ids[0], "WHICH": "0", "CODE": "busy",
                      "PEER": str(json.loads(waits.stdout)[0]["id"]), "PLACE": str(bridge.data_dir), "FILE": str(bridge.file),
                      "PLUGIN": "durable", "NAME": "made", "REF": "topic/orders", "BODY": "how much?"}
        # What they need beside, or instead.
        self.own = {
            "topic create": ["spare"], "topic set": ["spare", "retention.age=72h"], "topic purge": ["spare"], "topic rm": ["spare"],
            "topic query": ["orders", "--id", ids[0]], "group reset": ["logistics", "--to", "earliest"],
            "delay ls": ["orders"], "delay recall": [delayed[0]], "delay reschedule": [delayed[1], "--to", "+2h"],
            "dead edit": ["logistics", "0", "--body", str(body)], "dead rm": ["logistics", "1"], "dead redrive": ["logistics", "--dry-run"],
            "dead export": ["logistics", str(bridge.folder / "letters")],
            "tx commit": [tokens[0]], "tx rollback": [tokens[1]], "plugin new": ["made", "--kind", "step"],
            "pub": ["topic/orders", "--body", "one more"], "bench pub": ["topic/orders", "--messages", "3"], "bench sub": ["in"],
            "bench rpc": ["accounts"], "bench e2e": ["in", "packers"], "bench fanout": ["in", "packers"],
            "init": ["fresh.yaml"], "drain": ["--wait", "60s"], "stop": ["--wait", "60s"]}

    def arguments(self, told):
        own = self.own[told.name] if told.name in self.own else [self.named[name] for name in told.arguments]
        return [*told.name.split(), *own, *(["--yes"] if "--yes" in told.options else [])]


def failure(told, answer):
    """What it says as JSON, with its sentence."""
    try:
        said = json.loads(answer.stdout)
    except ValueError:
        raise Broken(f"{told.name} --json fails without JSON: {answer}") from None
    equal(answer.stderr, f"zbridge: {said['text']}\n", f"the text of what {told.name} --json says")
    return said


def without_a_bridge(bridge, facts, commands):
    for told in commands:
        if not told.asks:
            continue
        answer = bridge.command(*facts.arguments(told), "--json", "--at", bridge.folder / "nowhere")
        equal((answer.returncode, failure(told, answer)["code"]), (3, "not_reachable"), f"{told.name} where no bridge runs: {answer.stderr}")
        check(answer.stderr.startswith("zbridge: "), f"and it says so: {answer.stderr}")


def prints_json(bridge, facts, told):
    if told.name in ELSEWHERE or told.name in WITHOUT_JSON:
        return
    at = ["--at", str(bridge.data_dir)] if told.asks else []
    answer = bridge.command(*facts.arguments(told), "--json", *at)
    if told.name in REFUSED:
        equal((answer.returncode, failure(told, answer)["code"]), (1, "failed"), f"{told.name} is refused: {answer}")
        return
    equal(answer.returncode, 0, f"the exit code of {told.name}: {answer}")
    try:
        # An object a line is what a list is written as where there may be much of it.
        lines = [answer.stdout] if told.name != "journal dump" else answer.stdout.splitlines()
        for line in lines:
            json.loads(line)
    except ValueError:
        raise Broken(f"{told.name} --json prints no JSON: {short(answer.stdout)}") from None
    wrong = bridge.command(*told.name.split(), "--jsno")
    check(wrong.returncode == 2 and 'did you mean "--json"' in wrong.stderr, f"a misspelt option of {told.name}: {wrong}")


def main(flow):
    bridge = flow.bridge(YAML)
    nothing = bridge.command()
    check(nothing.returncode == 2 and "usage: zbridge COMMAND" in nothing.stderr, "without arguments it helps")
    wrong = bridge.command("topik")
    check(wrong.returncode == 2 and "did you mean" in wrong.stderr, f"a misspelt command: {wrong.stderr}")
    names = re.findall(r"^  ([a-z]+(?: [a-z][a-z0-9-]*)?)  ", bridge.command("help").stdout, re.M)
    commands = [Told(bridge, name) for name in names if name != "help"]
    for told in commands:
        check("--json" in told.options or told.name in WITHOUT_JSON, f"{told.name} has --json")
    facts = Facts(flow, bridge)
    without_a_bridge(bridge, facts, commands)
    offline = [told for told in commands if not told.asks]
    asking = [told for told in commands if told.asks and told.name not in LAST]
    for told in asking:
        prints_json(bridge, facts, told)
    for name in LAST:
        prints_json(bridge, facts, next(told for told in commands if told.name == name))
    equal(bridge.process.wait(PATIENCE_S), 0, "how it ended")
    for told in offline:
        prints_json(bridge, facts, told)


if __name__ == "__main__":
    run(main)

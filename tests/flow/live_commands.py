"""What somebody who runs the bridge may do while it runs: see whether it is well, who is there and what has happened, end the
connection of a peer, pause a service, have it drain and end.
"""
from harness import *

YAML = """
bridge:
  name: shop
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  packers: { bind: "${PACKERS}" }
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
  hasty: { bind: "${HASTY}" }
  nobody: { bind: "${NOBODY}" }
topics:
  orders: {}
groups:
  logistics: { topic: orders, start: earliest }
services:
  accounts: { clients: clients, workers: workers, timeout: 60s }
  stock: { clients: hasty, workers: nobody, timeout: 100ms }
routes:
  - { name: orders, from: in, to: topic/orders }
  - { name: packing, from: group/logistics, to: packers, guarantee: at_least_once }
"""


class Commands:
    def __init__(self, bridge):
        self._bridge = bridge

    def __call__(self, *arguments, exit=0):
        answer = self._bridge.command(*arguments, "--at", self._bridge.data_dir)
        equal(answer.returncode, exit, f"the exit code of {arguments}: {answer}")
        return answer

    def json(self, *arguments, exit=0):
        return json.loads(self(*arguments, "--json", exit=exit).stdout)

    def messages(self, *arguments):
        return [each["message"] for each in self.json("events", *arguments)]


def is_it_well(flow, bridge, zbridge):
    equal(zbridge("health").stdout.split(" |")[0], "ZBRIDGE OK - shop: serving", "it is well")
    equal(zbridge.json("health")["reasons"], [], "no reasons")
    client = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    client.send(b"how much?")
    bridge.wait_for("it is accepted", lambda _: bridge.service("accounts")["accepted"] == 1)
    line = zbridge("health", exit=1).stdout
    check(line.startswith("ZBRIDGE WARNING - shop: service/accounts: requests that wait: 1"), f"nobody is there: {line}")
    equal([each["about"] for each in zbridge.json("health", exit=1)["reasons"]], ["service/accounts"], "about what")
    return client


def a_pause(flow, bridge, zbridge, client):
    check("accounts is paused" in zbridge("service", "pause", "accounts").stdout, "it is paused")
    worker = flow.socket(zmq.REP, bridge.address("WORKERS"))
    bridge.wait_for_peers("workers", 1)
    accounts = zbridge.json("service", "show", "accounts")
    equal((accounts["paused"], accounts["waiting"], accounts["workers_free"]), (True, 1, 1), "it waits beside a free worker")
    check("paused" in zbridge("service", "ls").stdout, "the list says it")
    equal(zbridge.json("service", "resume", "accounts"), {"service": "accounts", "paused": False}, "it goes on")
    equal(recv(worker, "the request"), [b"how much?"], "what waited")
    worker.send(b"7")
    equal(recv(client, "the reply"), [b"7"], "the answer")
    wrong = zbridge("service", "show", "acounts", exit=1).stderr
    check('no service `acounts`; did you mean "accounts"?' in wrong, f"one that is none: {wrong}")
    zbridge("service", "pause", "nobody", exit=1)
    return worker


def who_is_there(bridge, zbridge):
    equal([each["name"] for each in zbridge.json("endpoint", "ls")], ["in", "packers", "clients", "workers", "hasty", "nobody"],
          "endpoints")
    routes = {each["name"]: (each["from"], each["to"]) for each in zbridge.json("route", "ls")}
    equal(routes, {"orders": (["in"], ["topic/orders"]), "packing": (["group/logistics"], ["packers"])}, "routes")
    check("group/logistics" in zbridge("route", "ls").stdout, "a route that reads a group is listed")
    peers = zbridge.json("peer", "ls")
    equal({each["endpoint"] for each in peers}, {"clients", "workers"}, "where somebody is")
    worker = zbridge.json("peer", "ls", "workers")[0]
    equal(zbridge.json("peer", "show", worker["id"])["type"], "REP", "one peer")
    check("REP" in zbridge("peer", "ls").stdout, "peers, for people")
    zbridge("peer", "ls", "nowhere", exit=1)
    zbridge("peer", "show", 999999, exit=1)
    zbridge("peer", "kick", worker["id"], exit=1)  # nobody is here to be asked
    equal(zbridge.json("peer", "kick", worker["id"], "--yes")["endpoint"], "workers", "it is kicked")
    bridge.wait_for("it has connected again", lambda _: zbridge.json("peer", "ls", "workers") not in ([], [worker]))
    check(zbridge.json("peer", "ls", "workers")[0]["id"] != worker["id"], "as another peer")
    zbridge("peer", "kick", worker["id"], "--yes", exit=1)
    kicked = [each for each in zbridge.json("events") if each["values"].get("why") == "kicked"]
    equal([each["level"] for each in kicked], ["info"], "that is an event")


def what_happened(flow, bridge, zbridge):
    check({"ready", "peer connected", "a service is paused"} <= set(zbridge.messages()), "what has happened")
    check("peer connected" not in zbridge.messages("--level", "info"), "what is important of it")
    equal(len(zbridge.messages("--max", "2")), 2, "the newest")
    followed = bridge.begin_command("events", "-f", "--level", "warn", "--json", "--at", bridge.data_dir, stdout=subprocess.PIPE)
    hasty = flow.socket(zmq.REQ, bridge.address("HASTY"))
    hasty.send(b"how many?")
    lost = wait_until(lambda: [each for each in zbridge.json("events", "--level", "warn") if each["values"].get("service") == "stock"],
                      "a request that ended without a reply is an event")
    equal((lost[0]["message"], lost[0]["values"]), ("requests ended without a reply", {"service": "stock", "why": "no_worker", "count": 1}),
          "what it says")
    req = flow.socket(zmq.REQ, bridge.address("IN"))
    req.send(b"order")
    check(recv(req, "a receipt")[0].startswith(b"OK "), "it is accepted")
    puller = flow.socket(zmq.REQ, bridge.address("PACKERS"))
    puller.send(b"NEXT")
    recv(puller, "the order")
    puller.send(b"REJECT no stock")
    equal(recv(puller, "an answer"), [b"OK"], "it is rejected")
    os.set_blocking(followed.stdout.fileno(), False)
    lines = []

    def comes():
        lines.extend((followed.stdout.readline() for _ in range(10)))
        return [line for line in lines if line and b"is a dead letter now" in line]

    dead = wait_until(comes, "a dead letter is an event, and who follows has it")
    equal(json.loads(dead[0])["level"], "warn", "its level")
    followed.kill()
    followed.wait()
    equal(sum("is a dead letter now" in each for each in zbridge.messages()), 1, "and it is told once")


def its_end(bridge, zbridge):
    zbridge("drain", exit=1)  # nobody is here to be asked
    equal(zbridge.json("drain", "--yes", "--wait", "60s")["state"], "drained", "it drains")
    with socket.socket() as newcomer:
        check(newcomer.connect_ex(("127.0.0.1", bridge.port("CLIENTS"))) != 0, "nobody new can connect")
    check("drained: it takes no new connections" in zbridge("health", exit=1).stdout, "health says so")
    check(bridge.process.poll() is None, "it waits to be stopped")
    check("shop" in zbridge("stop", "--yes", "--wait", "60s").stdout, "it is stopped")
    equal(bridge.process.wait(PATIENCE_S), 0, "in order")
    zbridge("stop", "--yes", exit=3)
    zbridge("health", exit=3)
    bridge.start()
    check("last_end=clean" in bridge.log().splitlines()[-1], f"the end was clean: {bridge.log()[-300:]}")


def main(flow):
    bridge = flow.bridge(YAML)
    zbridge = Commands(bridge)
    client = is_it_well(flow, bridge, zbridge)
    worker = a_pause(flow, bridge, zbridge, client)
    who_is_there(bridge, zbridge)
    what_happened(flow, bridge, zbridge)
    its_end(bridge, zbridge)
    client.close()
    worker.close()


if __name__ == "__main__":
    run(main)

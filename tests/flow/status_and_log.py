"""From outside: `zbridge status` as tables and as JSON says who is connected and what became of every message; the log is
one JSON object a line where the file says so; exit statuses tell a script what happened.
"""
from harness import *

YAML = """
bridge:
  name: shop
  log: { format: json, level: info, levels: { net: debug } }
endpoints:
  orders-in: { bind: "${IN}" }
  packers: { bind: "${OUT}", accept: pull }
  prices-in: { bind: "${PRICES_IN}", accept: push }
  prices: { bind: "${PRICES}", accept: sub }
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}", credit: 4 }
routes:
  - { name: orders, from: orders-in, to: packers }
  - { name: prices, from: prices-in, to: prices }
services:
  accounts: { clients: clients, workers: workers, timeout: 60s }
"""


def status_of_a_queue(flow, bridge):
    pull = flow.socket(zmq.PULL, bridge.address("OUT"))
    push = flow.socket(zmq.PUSH, bridge.address("IN"))
    for _ in range(10):
        push.send_multipart([b"twelve bytes", b""])
    for _ in range(10):
        recv(pull, "an order")
    nobody = flow.socket(zmq.PUSH, bridge.address("PRICES_IN"))
    nobody.send(b"for nobody")
    status = bridge.wait_for("all is counted", lambda status: status if
                             status["endpoints"][3]["delivery"]["dropped_nobody"] == 1 else None)
    about = status["bridge"]
    equal((about["name"], about["pid"], about["state"]), ("shop", bridge.process.pid, "serving"), "the bridge")
    check(about["connections"] >= 3 and 0 < about["memory_bytes"] <= about["memory_bytes_max"], f"its figures: {about}")
    endpoints = {each["name"]: each for each in status["endpoints"]}
    equal(list(endpoints), ["orders-in", "packers", "prices-in", "prices", "clients", "workers"], "endpoints, as in the file")
    equal(endpoints["orders-in"]["role"], "source", "role")
    equal(endpoints["packers"]["addresses"], [bridge.address("OUT")], "addresses")
    peer = endpoints["orders-in"]["peers"][0]
    equal((peer["type"], peer["in"], peer["out"], peer["in_bytes"]), ("PUSH", 10, 0, 160), "the producer")
    check(peer["address"].startswith("tcp://127.0.0.1:"), "its address")
    peer = endpoints["packers"]["peers"][0]
    equal((peer["type"], peer["in"], peer["out"], peer["waiting"]), ("PULL", 0, 10, 0), "the consumer")
    equal(endpoints["packers"]["delivery"]["to_pulls"], 10, "given to PULLs")
    routes = {each["name"]: each for each in status["routes"]}
    equal((routes["orders"]["messages"], routes["prices"]["messages"]), (10, 1), "messages of the routes")
    pull.close()
    push.close()


def status_of_a_service(flow, bridge):
    worker = flow.socket(zmq.DEALER, bridge.address("WORKERS"))
    client = flow.socket(zmq.REQ, bridge.address("CLIENTS"), IDENTITY=b"till \x01")
    client.send(b"request")
    request = recv(worker, "a request")
    service = bridge.service("accounts")
    equal({name: service[name] for name in ("waiting", "in_work", "clients", "workers", "accepted", "answered")},
          {"waiting": 0, "in_work": 1, "clients": 1, "workers": 1, "accepted": 1, "answered": 0}, "the service at work")
    peer = bridge.endpoint("workers")["peers"][0]
    equal((peer["credit"], peer["held"]), (4, 1), "the worker's credit, and what it holds")
    worker.send_multipart(request)
    recv(client, "a reply")
    worker.send_multipart(request)  # once more: nobody waits for it
    service = bridge.wait_for("a late reply is counted", lambda _: bridge.service("accounts") if
                              bridge.service("accounts")["late"] == 1 else None)
    equal((service["answered"], service["in_work"], service["late_by_reason"]), (1, 0, {"ended": 1}), "when it is over")

    for place in bridge.data_dir, bridge.data_dir / "admin", f"ipc://{bridge.data_dir}/admin", bridge.file:
        answer = bridge.command("status", "--at", place)
        check(answer.returncode == 0 and "shop (zbridge" in answer.stdout, f"status --at {place}: {answer.stderr}")
    wrong = bridge.command("status", "--at", bridge.data_dir / "epoch")
    check(wrong.returncode == 2 and "is no address" in wrong.stderr, f"status --at a file that is no bridge: {wrong.stderr}")
    tables = bridge.command("status", "--peers", "--at", bridge.file).stdout
    for heading in "ENDPOINT", "SERVICE", "ROUTE", "TARGET", "PEER", "CREDIT":
        check(heading in tables, f"the tables have {heading}")
    for line in ("shop (zbridge", f"pid {bridge.process.pid}", "nobody 1", "0 of 4", "till\\x20\\x01"):
        check(line in tables, f"the tables say `{line}`:\n{tables}")
    check("CREDIT" not in bridge.command("status", "--at", bridge.data_dir).stdout, "peers are shown when they are asked for")


def log(flow, bridge):
    wrong = flow.socket(zmq.SUB, bridge.address("OUT"))
    odd = Raw(bridge.port("OUT")).send(b'"\n{' * 40)
    odd.is_ended()
    wait_until(lambda: "SUB belongs on prices" in bridge.log() and '"version"' in bridge.log(), "refusals are logged")
    wrong.close()
    equal(bridge.terminate(), 0, "the exit status after SIGTERM")
    lines = [json.loads(line) for line in bridge.log().splitlines() if line.startswith("{")]
    others = [line for line in bridge.log().splitlines() if not line.startswith("{")]
    check(not any("info" in line for line in others), f"each line of the log is an object: {others}")
    check(all({"time", "level", "module", "message"} <= set(line) for line in lines), f"with its fields: {lines[0]}")
    said = {line["message"] for line in lines}
    for message in "listening", "ready", "peer connected", "peer gone", "ended":
        check(message in said, f"the log says `{message}`: {said}")
    check({line["level"] for line in lines} >= {"info", "debug", "warn"}, "at its levels")
    check(all(line["level"] != "debug" for line in lines if line["module"] != "net"), "debug of the one module only")


def exit_statuses(flow, bridge):
    for place in bridge.data_dir, bridge.data_dir / "admin", bridge.file, flow.tmp / "nowhere":
        gone = bridge.command("status", "--at", place)
        equal((gone.returncode, gone.stdout), (3, ""), f"status --at {place} when nobody runs: {gone.stderr}")
        check("zbridge:" in gone.stderr, f"and it says why: {gone.stderr}")
    no_admin = bridge.command("status", "--at", "tcp://127.0.0.1:1")
    equal(no_admin.returncode, 2, "an endpoint is not asked: what it got would be a message")
    check("no admin socket" in no_admin.stderr, f"and it says why: {no_admin.stderr}")
    broken = flow.tmp / "broken.yaml"
    broken.write_text("endpoints:\n  in: { bnid: tcp://127.0.0.1:1 }\n")
    run_broken = bridge.command("run", broken)
    equal(run_broken.returncode, 4, "run of a broken file")
    check(f"{broken}:2:9:" in run_broken.stderr and "bind" in run_broken.stderr, f"it says where: {run_broken.stderr}")
    equal(bridge.command("run", flow.tmp / "nowhere.yaml").returncode, 4, "run of no file")
    equal(bridge.command("run").returncode, 2, "run without a file")
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    broken.write_text(f"bridge: {{ data_dir: {flow.tmp}/other }}\nendpoints:\n"
                      f"  in: {{ bind: 'tcp://127.0.0.1:{taken.getsockname()[1]}' }}\n"
                      "  out: { bind: 'tcp://127.0.0.1:*' }\nroutes:\n  - { from: in, to: out }\n")
    used = bridge.command("run", broken)
    equal(used.returncode, 1, "run on a port that is taken")
    check("in use" in used.stderr and "in: " in used.stderr, f"it says which: {used.stderr}")
    check((flow.tmp / "other" / "clean").exists(), "a start that failed is no unclean end of a life")


def main(flow):
    bridge = flow.bridge(YAML)
    for scene in status_of_a_queue, status_of_a_service, log, exit_statuses:
        scene(flow, bridge)


if __name__ == "__main__":
    run(main)

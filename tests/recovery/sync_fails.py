"""The disk fails: fdatasync answers EIO. From then on no receipt says OK: producers get `ERR store_failed`, the topic's readers get
nothing more, status and log say why. Calls and straight routes of the same bridge go on. After the next start everything that was
receipted is there, once and in order. With `fail_fast` the process ends instead.

    sync_fails.py BRIDGE --faulty_world=faulty_world.so --messages=100000
"""
from topic_files import *

YAML = TOPIC.replace("  out: {", """  live-in: { bind: "${LIVE_IN}" }
  live-out: { bind: "${LIVE_OUT}" }
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
  out: {""") + """  - { from: live-in, to: live-out }
services:
  echo: { clients: clients, workers: workers }
"""
NOTHING_MS = 200  # for what is not to come: it has come long before, if it comes


def worker(link, address):
    rep = connected(zmq.Context.instance(), zmq.REP, address)
    while True:
        rep.send_multipart(rep.recv_multipart())


def main(flow):
    fault = flow.tmp / "syncs fail"
    world = {"LD_PRELOAD": str(Path(flow.options.faulty_world).resolve()), "ZBRIDGE_TEST_SYNC_FAILS": str(fault)}
    bridge = flow.bridge(YAML, **world)
    flow.start(worker, bridge.address("WORKERS"))
    client = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    live_in = flow.socket(zmq.PUSH, bridge.address("LIVE_IN"))
    live_out = flow.socket(zmq.PULL, bridge.address("LIVE_OUT"))

    def others_go_on():
        client.send(b"are you there?")
        equal(recv(client, "an answer"), [b"are you there?"], "what a call gets")
        live_in.send(b"straight through")
        equal(recv(live_out, "a message"), [b"straight through"], "what a straight route gives")

    stored = [b"good %d" % number for number in range(flow.options.messages)]
    publisher = Publisher(flow, bridge.address("IN"))
    publisher.store(stored)
    sub = flow.socket(zmq.SUB, bridge.address("OUT"), RCVHWM=0)
    sub.subscribe(b"")
    for each in stored:
        equal(recv(sub, each), [each], "what a reader gets")
    others_go_on()

    committed = bridge.status()["store"]["committed_bytes"]
    check(committed >= sum(map(len, stored)), f"the status counts the bytes that are stored: {committed}")

    fault.touch()
    refused = [b"bad %d" % number for number in range(500)]
    receipts = publisher.publish(refused)
    check(all(each.startswith("ERR store_failed ") for each in receipts), f"none is accepted: {sorted(set(receipts))[:3]}")
    check("Input/output error" in receipts[-1], f"the receipt says why: {receipts[-1]}")
    req = flow.socket(zmq.REQ, bridge.address("IN"))
    req.send(b"bad too")
    answer = recv(req, "the answer to a REQ")[0]
    check(answer.startswith(b"ERR store_failed "), f"a REQ producer is told: {answer}")
    others_go_on()
    late = flow.socket(zmq.SUB, bridge.address("OUT"))
    late.subscribe(b"")
    bridge.wait_for_peers("out", 2)
    others_go_on()
    check(not sub.poll(NOTHING_MS), "a reader gets nothing of what was not stored")
    check(not late.poll(0), "a new reader gets nothing: its acks could not be kept")
    plugin = next(each for each in bridge.status()["plugins"] if each["name"] == "durable")
    equal(plugin["health"], "degraded", "the health of the engine in the status")
    check("Input/output error" in plugin["trouble"], f"the status says why: {plugin['trouble']}")
    check(re.search(r" error .*journal failed.*Input/output error", bridge.log()), "the log says why")

    fault.unlink()  # it is too late: what the disk has is not known
    bridge.terminate()
    check(not (bridge.data_dir / "clean").exists(), "an end with a failed journal has no mark of an end in order")
    bridge.start()
    publisher.close()
    found = read_all(flow, bridge, b"the end")
    equal(found[:len(stored)], stored, "what was receipted")
    rest = found[len(stored):]  # written, and not known to be: it may be there, but not in another order
    equal(rest, refused[:len(rest)], "what is there besides")
    others_go_on()

    fault.touch()  # the mark of the end is what cannot be written
    bridge.terminate()
    check("cannot stop: the journal did not end in order" in bridge.log(), "the log says that the end was not in order")
    check(not (bridge.data_dir / "clean").exists(), "nor is there a mark of it")
    fault.unlink()
    bridge.start()
    equal(read_until(flow, bridge, b"the end")[:-1], found, "what is there after an end that failed")
    flow.figure(f"{len(stored)} receipts, 0 lost; {len(receipts) + 1} refused, of which {len(rest)} are there after the restart")

    fast = flow.bridge(YAML.replace("segment_bytes", "fail_fast: true, segment_bytes"), **world)
    store(flow, fast, [b"good"])
    fault.touch()
    publisher = flow.socket(zmq.DEALER, fast.address("IN"))
    publisher.send_multipart([b"", b"bad"])
    equal(fast.process.wait(PATIENCE_S), 1, "the exit status of a process that ends with `fail_fast`")
    last = fast.log().splitlines()[-1]
    check("nothing can be stored any more" in last and "Input/output error" in last, f"it says why: {last}")
    check(not publisher.poll(NOTHING_MS) or b"OK" not in publisher.recv_multipart()[-1], "no receipt says OK")
    fault.unlink()
    fast.start()
    equal(read_all(flow, fast, b"the end")[0], b"good", "what was receipted before")


if __name__ == "__main__":
    run(main, messages=5000, faulty_world="")

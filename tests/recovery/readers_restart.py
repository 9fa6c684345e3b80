"""SUBs read a topic through restarts of the bridge, in order or by SIGKILL, while producers publish: within each of its
connections a SUB gets every message after the one before, without a gap and without a repeat. One with `start: earliest` begins
again at each connection; one with the default goes on with what is new, and gets no message twice.

    readers_restart.py BRIDGE --restarts=50
"""
from topic_files import *

YAML = TOPIC.replace("  out: {", '  new: { bind: "${NEW}" }\n  out: {') + "  - { from: topic/orders, to: new }\n"
EACH = 300  # messages a life, at least


def reader(link, address):
    """Tells what each connection got: (first number, how many) of one without a gap and a repeat; else what is wrong. It ends when
    it has the message before the number that it is told."""
    connections, end = [], None
    while True:
        host, port = address.removeprefix("tcp://").rsplit(":", 1)
        try:
            socket.create_connection((host, int(port)), 1).close()
        except OSError:
            time.sleep(0.01)
            continue
        sub = connected(zmq.Context.instance(), zmq.SUB, None, RECONNECT_IVL=-1, RCVHWM=0)
        ends = sub.get_monitor_socket(zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_CLOSED)
        sub.subscribe(b"")
        sub.connect(address)
        first, count, ended = None, 0, False
        while True:
            if sub.poll(0 if ended else 10):
                number = int(sub.recv().split(b"-")[0])
                first = number if first is None else first
                if number != first + count:
                    return link.say(f"message {number} after {first + count - 1}")
                count += 1
            elif ended:
                break
            else:
                ended = bool(ends.poll(0))
            if end is None and link.told():
                end = link.hear()
            if first is not None and first + count == end:
                return link.say([*connections, (first, count)])
        connections.append((first, count))
        sub.disable_monitor()
        sub.close()


def main(flow):
    bridge = flow.bridge(YAML)
    readers = {name: flow.start(reader, bridge.address(name)) for name in ("OUT", "NEW")}
    published = 0
    for life in range(flow.options.restarts + 1):
        for name in readers:
            wait_until(lambda: bridge.endpoint(name.lower())["reading"]["prefixes"] == 1, f"a reader has subscribed at {name}")
        publisher = Publisher(flow, bridge.address("IN"))
        publisher.store(b"%d-" % number + b"x" * (number % 700) for number in range(published, published + EACH))
        publisher.close()
        published += EACH
        if life == flow.options.restarts:
            break
        if life % 2:
            equal(bridge.terminate(), 0, "the exit status")
        else:
            bridge.kill()
        bridge.start()
    got = {}
    for name, each in readers.items():
        each.say(published)
        got[name] = each.hear()
        check(isinstance(got[name], list), f"no gap and no repeat in what {name} got: {got[name]}")
    for first, count in got["OUT"]:
        check(first in (0, None), f"a connection to `out` begins with the oldest message: {first}, {count} messages")
    equal(got["OUT"][-1], (0, published), "what the last connection to `out` got")
    new = [each for each in got["NEW"] if each[1]]
    for (first, count), (following, _) in zip(new, new[1:]):
        check(following >= first + count, f"no message twice at `new`: {new}")
    equal(sum(new[-1]), published, "the last one that `new` got")
    flow.figure(f"{flow.options.restarts} restarts, {published} messages; connections {len(got['OUT'])} and {len(new)}, "
                f"with {sum(count for _, count in got['OUT'])} and {sum(count for _, count in new)} messages, no gap, no repeat")


if __name__ == "__main__":
    run(main, restarts=6)

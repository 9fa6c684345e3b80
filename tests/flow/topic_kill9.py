"""Nothing that was receipted is lost: the bridge is killed (SIGKILL) again and again, at moments nobody has chosen, while
producers publish into a topic with many messages in flight. Each producer writes every receipt into a file of its own.
At the end a SUB from the beginning finds every receipted message: in its producer's order, and once for each id, though
producers send again what had no receipt.

    topic_kill9.py BRIDGE --kills=200
"""
import random

from harness import *

PRODUCERS = 2
IN_FLIGHT = 256
QUIET_MS = 2000  # without a receipt: the connection has ended, and the library has not said so
YAML = """
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}" }
topics:
  orders: { dedup: { window: 1h, max: 10000000 } }
routes:
  - { from: in, set: { id: "$frame[0]" }, to: topic/orders }
  - { from: topic/orders, to: out, start: earliest }
"""


def connect(address):
    """A DEALER that is connected once, when somebody listens: never again, so that nothing overtakes what is lost."""
    host, port = address.removeprefix("tcp://").rsplit(":", 1)
    while True:
        try:
            socket.create_connection((host, int(port)), 1).close()
            break
        except OSError:
            time.sleep(0.01)
    dealer = connected(zmq.Context.instance(), zmq.DEALER, None, RECONNECT_IVL=-1, SNDHWM=0, RCVHWM=0,
                       RCVTIMEO=QUIET_MS)
    ends = dealer.get_monitor_socket(zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_CLOSED)
    dealer.connect(address)
    return dealer, ends


def producer(link, address, name, file):
    """Publishes until it is told that it is enough. libzmq aborts a process now and then that loses a connection between two
    frames of a receipt (4.3.4, fq.cpp: `!_more`): then another goes on where it was."""
    while True:
        child = os.fork()
        if child == 0:
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it does not outlive the test
            try:
                publish(link, address, name, file)
            except BaseException as broken:
                link.say(f"{name} failed: {broken!r}")
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT):
            return


def publish(link, address, name, file):
    """Sends 0, 1, 2 ... with IN_FLIGHT of them without a receipt; what has none when the bridge goes it sends again."""
    dealer, ends = connect(address)
    sent = receipted = file.read_bytes().count(b"\n") if file.exists() else 0
    with open(file, "ab", buffering=0) as receipts:
        while True:
            gone = False
            try:
                while sent - receipted < IN_FLIGHT:
                    dealer.send_multipart([b"%d" % sent, b"", b"%s-%08d" % (name, sent), b"x" * 64], zmq.DONTWAIT)
                    sent += 1
            except zmq.Again:  # nobody is there any more
                gone = True
            poller = zmq.Poller()
            for each in (dealer, ends):
                poller.register(each, zmq.POLLIN)
            ready = dict(poller.poll(0 if gone else QUIET_MS))
            receipt = None
            if dealer in ready:  # every receipt that came is taken first
                try:
                    receipt = dealer.recv_multipart()
                except zmq.Again:  # the rest of one that was cut off: libzmq would wait for it for ever
                    pass
            if receipt:
                number, _, text = receipt
                if int(number) != receipted or not text.startswith(b"OK "):
                    link.say(f"receipt {number} {text}, expected that of {receipted}")
                    return
                receipts.write(b"%d\n" % receipted)
                receipted += 1
                if link.told():  # enough: what is receipted by now is to be found
                    link.say(receipted)
                    return
            else:
                dealer.disable_monitor()
                dealer.close()
                dealer, ends = connect(address)
                sent = receipted


def end_and_check(flow, bridge, producers, names):
    """The producers end; every message that had its receipt is in the topic. How many each had."""
    for each in producers:
        check(not each.has_said(), f"a producer goes on until it is told: {each.hear() if each.has_said() else None}")
        each.say("enough")
    counts = [each.hear() for each in producers]
    check(all(isinstance(count, int) for count in counts), f"each receipt is the next message's: {counts}")

    sub = flow.socket(zmq.SUB, bridge.address("OUT"), RCVHWM=0)
    sub.subscribe(b"")
    found = {name: [] for name in names}
    while any(len(found[name]) < count for name, count in zip(names, counts)):
        name, number = recv(sub, f"the rest of {counts}, after { {n: len(f) for n, f in found.items()} }")[0].split(b"-")
        found[name].append(int(number))
    for name, count in zip(names, counts):
        equal(found[name][:count], list(range(count)), f"what the topic has of {name.decode()}")
        equal(len(set(found[name])), len(found[name]), f"messages of {name.decode()}, each once")
    return counts


def main(flow):
    kills = flow.options.kills
    chance = random.Random(flow.options.seed)
    bridge = flow.bridge(YAML)
    files = [flow.tmp / f"receipts-{number}" for number in range(PRODUCERS)]
    names = [b"p%d" % number for number in range(PRODUCERS)]
    producers = [flow.start(producer, bridge.address("IN"), name, file) for name, file in zip(names, files)]

    def receipted():
        return [file.read_bytes().count(b"\n") if file.exists() else 0 for file in files]

    for _ in range(kills):
        aim = sum(receipted()) + chance.randrange(1, 4000)
        wait_until(lambda: sum(receipted()) >= aim or any(each.has_said() for each in producers), "receipts come")
        bridge.kill()
        bridge.start()
    aim = sum(receipted()) + 1000
    wait_until(lambda: sum(receipted()) >= aim, "receipts come after the last start")
    counts = end_and_check(flow, bridge, producers, names)
    flow.figure(f"{kills} kills, {sum(counts)} receipts, 0 lost, 0 twice")


if __name__ == "__main__":
    run(main, kills=6, seed=1)

"""`zbridge top` shows rates, lags and what waits on the whole terminal, obeys its keys, fits every size, and goes on when
the bridge goes and comes; without a terminal it prints one frame, or JSON.
"""
from harness import *

YAML = """
bridge:
  name: shop
plugins: { durable: {} }
endpoints:
  orders-in: { bind: "${IN}", accept: req }
  packers: { bind: "${OUT}", accept: pull }
  prices-in: { bind: "${PRICES_IN}", accept: push }
  prices-out: { bind: "${PRICES_OUT}", accept: pull }
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
topics: { orders: {} }
groups: { logistics: { topic: orders, start: earliest } }
services:
  accounts: { clients: clients, workers: workers, timeout: 60s }
routes:
  - { name: orders, from: orders-in, to: topic/orders }
  - { from: group/logistics, to: packers }
  - { name: prices, from: prices-in, to: prices-out }
"""


class Terminal:
    """A terminal of its own with a command in it: keys go in, what stands on it comes out."""

    def __init__(self, flow, bridge, width, height, *command):
        self._socket = flow.tmp / "tmux"
        self._folder = bridge.folder
        quoted = " ".join(f"'{each}'" for each in (bridge.binary, *command))
        self._tmux("new-session", "-d", "-x", width, "-y", height, f"{quoted}; echo left $?; exec cat")

    def _tmux(self, *arguments):
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        environment.pop("TMUX", None)
        done = subprocess.run(["tmux", "-u", "-f", "/dev/null", "-S", str(self._socket), *map(str, arguments)],
                              capture_output=True, text=True, timeout=PATIENCE_S, env=environment, cwd=self._folder)
        check(done.returncode == 0, f"tmux {arguments[0]}: {done.stderr}")
        return done.stdout

    def press(self, *keys):
        self._tmux("send-keys", *keys)

    def resize(self, width, height):
        self._tmux("resize-window", "-x", width, "-y", height)

    def text(self):
        return self._tmux("capture-pane", "-p")

    def wait_for(self, condition, what):
        def seen():
            text = self.text()
            return text if condition(text) else None
        try:
            return wait_until(seen, what)
        except Broken as broken:
            raise Broken(f"{broken}\n{self.text()}") from None

    def end(self):
        self._tmux("kill-server")


def row(text, name):
    """The cells of the line that begins with it."""
    return next((line.split() for line in text.splitlines() if line.startswith(name)), None)


def traffic(link, addresses):
    """Prices, until it hears a word."""
    context = zmq.Context(1)
    push = connected(context, zmq.PUSH, addresses["in"], SNDTIMEO=1000)
    pull = connected(context, zmq.PULL, addresses["out"], RCVTIMEO=1000)
    link.say("begins")
    while not link.told():
        try:
            for _ in range(20):
                push.send(b"price" * 20)
                pull.recv()
        except zmq.Again:  # the bridge is away
            pass
        time.sleep(0.02)  # a pace, not a wait
    link.say("ended")


def views_and_keys(flow, bridge, terminal):
    text = terminal.wait_for(lambda text: (row(text, "prices") or ["", "-"])[1] not in ("-", "0"), "prices have a rate")
    check(text.startswith("shop   ") and "   serving   " in text.splitlines()[0] and "MSG/S v" in text and ("▁" in text or "█" in text), f"the screen:\n{text}")
    check(all(len(line) <= 80 for line in text.splitlines()), "no line is wider than the terminal")
    order = [line.split()[0] for line in text.splitlines() if line.startswith(("orders", "prices"))]
    equal(order, ["prices", "orders"], "the fastest one first")
    terminal.press("h")
    terminal.wait_for(lambda text: "sort by another column" in text and "ROUTE" not in text, "the keys are shown")
    terminal.press("h")
    terminal.wait_for(lambda text: "ROUTE" in text, "and go")
    terminal.press("Left")
    text = terminal.wait_for(lambda text: "ROUTE ^" in text, "sorted by name")
    equal([line.split()[0] for line in text.splitlines() if line.startswith(("orders", "prices"))], ["orders", "prices"], "names")
    terminal.press("r")
    terminal.wait_for(lambda text: "ROUTE v" in text, "the other way round")

    terminal.press("/", "O", "R", "D")
    terminal.wait_for(lambda text: "/ORD_" in text and row(text, "orders") and not row(text, "prices"), "the filter, as it is typed")
    terminal.press("Escape")
    terminal.wait_for(lambda text: row(text, "prices"), "all routes again")

    terminal.press("2")
    terminal.wait_for(lambda text: "TOPIC" in text and "3" in (row(text, "orders") or []), "the topic, with its messages")
    terminal.press("3")
    text = terminal.wait_for(lambda text: "LAG v" in text, "groups")
    equal(row(text, "logistics")[1:3], ["3", "0"], "the lag, and what is in flight")
    terminal.press("4")
    text = terminal.wait_for(lambda text: "SERVICE" in text, "services")
    equal(row(text, "accounts")[1:4], ["0", "1", "0"], "answers a second, waiting, in work")
    terminal.press("5")
    text = terminal.wait_for(lambda text: "ENDPOINT" in text and (row(text, "prices-in") or [""])[3:4] not in ([], ["-"]), "peers")
    equal(row(text, "prices-in")[2], "PUSH", "a peer's type")


def sizes(terminal):
    terminal.press("1")
    terminal.resize(200, 50)
    terminal.wait_for(lambda text: len(text.splitlines()) == 50 and text.splitlines()[3].split()[-1:] == ["REFUSED"],
                      "a large terminal has all columns")
    terminal.resize(30, 6)
    terminal.wait_for(lambda text: len(text.splitlines()) == 6 and all(len(line) <= 30 for line in text.splitlines()) and
                      "ROUTE" in text, "a tiny one has what fits")
    terminal.resize(80, 24)


def the_bridge_goes_and_comes(bridge, terminal):
    bridge.kill()
    text = terminal.wait_for(lambda text: "asked again and again" in text and row(text, "orders"), "it is said, over what was there")
    check("no answer for" in text and "serving" not in text, f"what does not answer does not serve:\n{text}")
    bridge.start()
    terminal.wait_for(lambda text: "asked again" not in text and (row(text, "prices") or ["", "-"])[1] not in ("-", "0"),
                      "it goes on, with rates of this life")
    terminal.press("q")
    terminal.wait_for(lambda text: "left 0" in text, "q leaves the terminal as it was")


def without_a_terminal(bridge):
    once = bridge.command("top", "--at", bridge.data_dir)
    equal(once.returncode, 0, once.stderr)
    check("\x1b" not in once.stdout, "no colours, no moves")
    check(row(once.stdout, "prices")[1] not in ("-", "0"), f"a rate:\n{once.stdout}")
    check(row(once.stdout, "logistics") and row(once.stdout, "accounts") and "ENDPOINT" not in once.stdout, once.stdout)
    peers = bridge.command("top", "--once", "--view", "peers", "--filter", "push", "--at", bridge.data_dir)
    check(row(peers.stdout, "prices-in") and not row(peers.stdout, "prices-out"), peers.stdout)
    as_json = json.loads(bridge.command("top", "--json", "--at", bridge.data_dir).stdout)
    prices = next(each for each in as_json["routes"] if each["name"] == "prices")
    check(prices["messages_per_s"] > 0 and prices["bytes_per_s"] > 0, f"rates: {prices}")
    equal(as_json["groups"][0]["lag"], 3, "a lag")
    check(as_json["peers"][0]["in_per_s"] is not None, "peers, with rates")
    equal(bridge.command("top", "--view", "queues").returncode, 2, "an unknown view")
    equal(bridge.command("top", "--at", bridge.folder / "nowhere").returncode, 3, "no bridge")


def main(flow):
    bridge = flow.bridge(YAML)
    prices = flow.start(traffic, {"in": bridge.address("PRICES_IN"), "out": bridge.address("PRICES_OUT")})
    prices.hear()
    req = flow.socket(zmq.REQ, bridge.address("IN"))
    for _ in range(3):
        req.send(b"order")
        recv(req, "a receipt")
    client = flow.socket(zmq.REQ, bridge.address("CLIENTS"))
    client.send(b"nobody answers")
    bridge.wait_for("the request waits", lambda _: bridge.service("accounts")["waiting"] == 1)
    terminal = Terminal(flow, bridge, 80, 24, "top", "--at", bridge.data_dir)
    try:
        views_and_keys(flow, bridge, terminal)
        sizes(terminal)
        the_bridge_goes_and_comes(bridge, terminal)
    finally:
        terminal.end()
    without_a_terminal(bridge)


if __name__ == "__main__":
    run(main)

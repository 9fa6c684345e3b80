"""One measured run: a bridge (zbridge, or libzmq's proxy), the programs at both its sides, all on loopback tcp, each its
own process; whatever was started is stopped by its pid.

Flow: Scenario -> run_once(side) -> a dict of measures, or RunFailed with the reason and what the programs said.
"""
import dataclasses
import json
import os
import pathlib
import resource
import socket
import subprocess
import tempfile
import threading
import time

READY_SECONDS_MAX = 10
RUN_SECONDS_EXTRA = 40  # beyond warm-up and window, before a run counts as stuck
CONTROL_BYTES = 128 * 1024  # of the control page; the programs set its exact size

ZBRIDGE_YAML = {
    "stream": """\
bridge: {{ data_dir: {data_dir} }}
endpoints:
  in:  {{ bind: tcp://127.0.0.1:{front} }}
  out: {{ bind: tcp://127.0.0.1:{back} }}
routes:
  - {{ from: in, to: out }}
""",
    "topic": """\
bridge: {{ data_dir: {data_dir} }}
plugins: {{ durable: {{}} }}
endpoints:
  in:  {{ bind: tcp://127.0.0.1:{front} }}
  out: {{ bind: tcp://127.0.0.1:{back} }}
topics:
  stored: {{}}
{more_topics}
routes:
  - {{ from: in, to: topic/stored }}
  - {{ from: topic/stored, to: out, start: earliest }}
""",
    "group": """\
bridge: {{ data_dir: {data_dir} }}
plugins: {{ durable: {{}} }}
endpoints:
  in:  {{ bind: tcp://127.0.0.1:{front} }}
  out: {{ bind: tcp://127.0.0.1:{back}{accept} }}
topics:
  stored: {{}}
groups:
  consumers: {{ topic: stored, start: earliest }}
routes:
  - {{ from: in, to: topic/stored }}
  - {{ from: group/consumers, to: out{guarantee} }}
""",
    # What comes in has its receipt, and goes nowhere.
    "unstored": """\
bridge: {{ data_dir: {data_dir} }}
endpoints:
  in:  {{ bind: tcp://127.0.0.1:{front} }}
  out: {{ bind: tcp://127.0.0.1:{back}, accept: sub }}
routes:
  - {{ from: in, to: out }}
""",
    "topics": """\
bridge: {{ data_dir: {data_dir} }}
plugins: {{ durable: {{}} }}
endpoints:
  out: {{ bind: tcp://127.0.0.1:{back} }}
{endpoints}
topics:
{topics}
routes:
{routes}
""",
    "rpc": """\
bridge: {{ data_dir: {data_dir} }}
endpoints:
  clients: {{ bind: tcp://127.0.0.1:{front} }}
  workers: {{ bind: tcp://127.0.0.1:{back} }}
services:
  echo: {{ clients: clients, workers: workers }}
""",
    "resume": """\
bridge: {{ data_dir: {data_dir} }}
plugins: {{ durable: {{}} }}
endpoints:
  clients: {{ bind: tcp://127.0.0.1:{front} }}
  workers: {{ bind: tcp://127.0.0.1:{back} }}
services:
  echo: {{ clients: clients, workers: workers, restart: resume }}
""",
}


class RunFailed(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    kind: str  # queue, pubsub, rpc: what the bridge is; topic, group: a queue for the proxy, which stores nothing
    measure: str = "traffic"  # or idle, connections
    bytes: int = 100
    subscribers: int = 0
    clients: int = 0
    workers: int = 0
    acks: str = ""  # of a group: the socket type of `workers` that acknowledge, REP or DEALER with a credit of 512
    peer: str = ""  # of connections: the socket type
    hwm: int = 1000  # of every socket of the programs and the proxy; 1000 is libzmq's default
    light: bool = False  # consumers, and of a queue the producer, are the light peers
    in_flight: int = 0  # receipts: messages without one at a time
    write_bytes: int = 0  # receipts: of each bare write, which stands in the proxy's place
    window: int = 0  # pubsub, acks: messages the producer may be ahead of the slowest consumer
    topics: int = 0  # more of them, which nobody uses
    cold_readers: int = 0  # of a topic: each reads it from its oldest message again and again
    beside_itself: bool = False  # in the proxy's place stands the bridge without `topics` and `cold_readers`
    trip: bool = False  # receipts: to the bare write comes the round trip through a bridge that stores nothing
    resume: bool = False  # rpc: a restart of the bridge loses no request; in the proxy's place stands one that does
    producers: int = 0  # each with an endpoint: into as many topics; in the proxy's place all into one
    burst: int = 1  # messages of one of them behind each other

    @property
    def unit(self):
        return "requests/s" if self.kind == "rpc" else "messages/s"


# A PUB drops from its high-water mark on and counts a pipe as drained only half a mark later, so the mark has to be well
# above the window for a run without loss: 10,000 and 2,000.
PUBSUB = {"kind": "pubsub", "hwm": 10000, "window": 2000}
SCENARIOS = [
    Scenario("queue-100", "PUSH - bridge - PULL, 100 B", "queue"),
    Scenario("queue-1024", "PUSH - bridge - PULL, 1 KiB", "queue", bytes=1024),
    Scenario("pubsub-1", "PUB - bridge - 1 SUB, 100 B", subscribers=1, **PUBSUB),
    Scenario("pubsub-8", "PUB - bridge - 8 SUB, 100 B", subscribers=8, **PUBSUB),
    Scenario("pubsub-64", "PUB - bridge - 64 SUB, 100 B", subscribers=64, **PUBSUB),
    Scenario("light-queue-100", "the same as queue-100, light peers", "queue", light=True),
    Scenario("light-pubsub-8", "the same as pubsub-8, light subscribers", subscribers=8, light=True, **PUBSUB),
    Scenario("light-pubsub-64", "the same as pubsub-64, light subscribers", subscribers=64, light=True, **PUBSUB),
    Scenario("topic-100", "PUSH - topic, on disk - SUB, 100 B; proxy: PUSH - PULL, nothing stored", "topic"),
    Scenario("topic-1024", "the same, 1 KiB", "topic", bytes=1024),
    Scenario("light-topic-100", "the same as topic-100, light peers", "topic", light=True),
    Scenario("group-100", "PUSH - topic, on disk - group - PULL, 100 B; proxy: PUSH - PULL, nothing stored", "group"),
    Scenario("group-1024", "the same, 1 KiB", "group", bytes=1024),
    Scenario("group-rep-8", "PUSH - topic, on disk - group - 8 REP, each message acknowledged; proxy: rpc-8, nothing stored",
             "group", clients=8, workers=8, acks="REP", window=10_000),
    Scenario("group-dealer", "the same with one DEALER, credit 512; proxy: PUSH - PULL, nothing stored or acknowledged", "group",
             workers=1, acks="DEALER", window=100_000),
    Scenario("topics-1000", "topic-100 beside 1,000 topics that nobody uses; proxy: the bridge without them", "topic",
             topics=1000, beside_itself=True),
    Scenario("topic-cold", "topic-100 beside a SUB that reads all from the oldest on; proxy: the bridge without it", "topic",
             cold_readers=1, beside_itself=True),
    Scenario("topics-idle", "idle, 1,000 topics; proxy: the bridge with one", "topic", measure="idle", topics=1000,
             beside_itself=True),
    Scenario("receipts-512", "DEALER - topic, 512 without a receipt, 100 B; proxy: bare writes of 1 MiB, synced", "receipts",
             in_flight=512, write_bytes=1 << 20),
    Scenario("receipts-1", "the same one by one; proxy: bare writes of 512 B, synced", "receipts", in_flight=1,
             write_bytes=512),
    Scenario("receipts-1-trip", "the same; proxy: a bare write, synced, and a round trip through a bridge that stores nothing",
             "receipts", in_flight=1, write_bytes=512, trip=True),
    Scenario("topics-busy", "1,000 PUSH in turn, each to a topic of its own; proxy: the bridge, all to one topic", "topics",
             producers=1000, beside_itself=True),
    Scenario("topics-busy-10", "the same, 10 messages of one behind each other", "topics", producers=1000, burst=10,
             beside_itself=True),
    Scenario("rpc-1", "REQ - bridge - REP, 1 client, 1 worker", "rpc", clients=1, workers=1),
    Scenario("rpc-8", "REQ - bridge - REP, 8 clients, 8 workers", "rpc", clients=8, workers=8),
    Scenario("rpc-8-1", "REQ - bridge - REP, 8 clients, 1 worker", "rpc", clients=8, workers=1),
    Scenario("rpc-1-resume", "rpc-1, stored before it is executed; proxy: the bridge, nothing stored", "rpc", clients=1,
             workers=1, resume=True, beside_itself=True),
    Scenario("rpc-8-resume", "rpc-8, likewise", "rpc", clients=8, workers=8, resume=True, beside_itself=True),
    Scenario("idle", "idle, no peers", "queue", measure="idle"),
    Scenario("connections", "10,000 SUB connections", "pubsub", measure="connections", peer="SUB"),
]


@dataclasses.dataclass
class Settings:
    build: pathlib.Path  # the CMake build folder
    bridge: pathlib.Path  # the zbridge program
    seconds: float = 3
    warmup: float = 0.5
    connections: int = 10000
    on_bridge: object = None  # called with (side, pid) once the bridge is ready: the profiler's hook


class Processes:
    """What a run has started, each with a file for its output, each ended by its pid at the latest in __exit__."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.running = {}

    def start(self, name, *command):
        out = open(self.folder / f"{name}.out", "wb")
        err = open(self.folder / f"{name}.err", "wb")
        with out, err:
            process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=err,
                                       stdin=subprocess.DEVNULL, cwd=self.folder)
        self.running[name] = process
        return process

    def result(self, name, seconds_max):
        """The JSON line that a program ends with."""
        process = self.running[name]
        try:
            code = process.wait(seconds_max)
        except subprocess.TimeoutExpired:
            raise RunFailed(f"{name} did not end\n{self.said()}") from None
        line = (self.folder / f"{name}.out").read_text().strip()
        if code != 0 or not line.startswith("{"):
            raise RunFailed(f"{name} ended with {code}\n{self.said()}")
        return json.loads(line)

    def said(self, lines_max=6):
        told = []
        for name in self.running:
            for kind in ("out", "err"):
                text = (self.folder / f"{name}.{kind}").read_text(errors="replace").splitlines()
                told += [f"    {name} {kind}: {line}" for line in text[-lines_max:]]
        return "\n".join(told)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        for process in self.running.values():
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class ColdReader:
    """A SUB that reads what there is from the oldest message on, for AGAIN_SECONDS, and then connects again: it is never
    where the producer is. What it reads it does not look at."""
    AGAIN_SECONDS = 0.5
    HELLO = (b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16) + b"\x00" + bytes(31)
             + b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB" + b"\x00\x01\x01")

    def __init__(self, port):
        self.bytes, self.seconds = 0, 0
        self._port = port
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def end(self):
        self._ended.set()
        self._thread.join()

    def rate(self):
        """Bytes a second, while it was connected."""
        return self.bytes / max(self.seconds, 1e-9)

    def _read(self):
        memory = bytearray(1 << 20)
        while not self._ended.wait(self.AGAIN_SECONDS):
            try:
                self._read_once(memory)
            except OSError:  # on a busy machine a connection may take long: the next one is as good
                pass

    def _read_once(self, memory):
        with socket.create_connection(("127.0.0.1", self._port), timeout=5) as peer:
            peer.sendall(self.HELLO)
            peer.settimeout(0.1)
            began = time.monotonic()
            while time.monotonic() < began + self.AGAIN_SECONDS and not self._ended.is_set():
                try:
                    got = peer.recv_into(memory)
                except TimeoutError:
                    continue
                if got == 0:
                    break
                self.bytes += got
            self.seconds += time.monotonic() - began


def raise_descriptor_limit():
    """A thousand producers need some thousands; what is started here has it from here."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def free_ports(count):
    listeners = [socket.socket() for _ in range(count)]
    for one in listeners:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in listeners]
    for one in listeners:
        one.close()
    return ports


def wait_for_port(port, process):
    until = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            time.sleep(0.01)
    return False


def many_topics(scenario, ports, own):
    """The parts of the file for producers with an endpoint each: to a topic of its own, or all to one."""
    names = [f"stored-{number}" if own else "stored" for number in range(len(ports))]
    topics = dict.fromkeys(names)
    return {
        "endpoints": "\n".join(f"  in-{number}: {{ bind: tcp://127.0.0.1:{port} }}" for number, port in enumerate(ports)),
        "topics": "\n".join(f"  {topic}: {{}}" for topic in topics),
        "routes": "\n".join([f"  - {{ from: in-{number}, to: topic/{topic} }}" for number, topic in enumerate(names)]
                            + [f"  - {{ from: topic/{topic}, to: out, start: earliest }}" for topic in topics]),
    }


def start_bridge(side, scenario, settings, processes):
    """The bridge's process and its ports: two, and those of `producers`; once it takes connections on the first two."""
    raise_descriptor_limit()
    front, back, *more = free_ports(2 + scenario.producers)
    if more:
        front = more[0]
    stands_in = side.startswith("proxy")
    if stands_in and not scenario.beside_itself and not scenario.trip:
        kind = "queue" if scenario.kind in ("topic", "group", "receipts") else scenario.kind
        if scenario.acks == "REP":
            kind = "rpc"
        process = processes.start("proxy", settings.build / "bench/bench_proxy", kind, f"tcp://127.0.0.1:{front}",
                                  f"tcp://127.0.0.1:{back}", "--hwm", scenario.hwm)
    else:
        file = processes.folder / "bridge.yaml"
        kind = "topic" if scenario.kind == "receipts" else scenario.kind
        if stands_in and scenario.trip:
            kind = "unstored"
        if scenario.resume and not stands_in:
            kind = "resume"
        template = ZBRIDGE_YAML.get(kind, ZBRIDGE_YAML["stream"])
        idle = 0 if stands_in else scenario.topics
        credit = ", credit: 512" if scenario.acks == "DEALER" else ""
        file.write_text(template.format(data_dir=processes.folder / "data", front=front, back=back,
                                        accept=f", accept: {scenario.acks.lower()}{credit}" if scenario.acks else "",
                                        guarantee=", guarantee: at_least_once" if scenario.acks else "",
                                        more_topics="\n".join(f"  more-{number}: {{}}" for number in range(idle)),
                                        **many_topics(scenario, more, own=not stands_in)))
        process = processes.start("zbridge", settings.bridge, "run", file)
    if not (wait_for_port(front, process) and wait_for_port(back, process)):
        raise RunFailed(f"the bridge took no connection\n{processes.said()}")
    return process, front, back, more


def run_traffic(side, scenario, settings, processes, pid, front, back, more):
    control = processes.folder / "control"
    control.write_bytes(bytes(CONTROL_BYTES))
    common = ["--control", control, "--bytes", scenario.bytes, "--hwm", scenario.hwm]
    window = ["--watch", pid, "--seconds", settings.seconds, "--warmup", settings.warmup]

    def start(name, port, *options):
        processes.start(name, settings.build / f"bench/bench_{name}", f"tcp://127.0.0.1:{port}", *common, *options)

    reads_topic = scenario.kind == "topic" and (scenario.beside_itself or not side.startswith("proxy"))
    if scenario.kind == "receipts":
        processes.start("receipts", settings.build / "bench/bench_receipts", f"tcp://127.0.0.1:{front}", "--bytes",
                        scenario.bytes, "--in-flight", scenario.in_flight, *window)
        return processes.result("receipts", settings.seconds + settings.warmup + RUN_SECONDS_EXTRA)
    if scenario.kind == "topics":
        processes.start("topics", settings.build / "bench/bench_topics", f"tcp://127.0.0.1:{back}", "--bytes", scenario.bytes,
                        "--burst", scenario.burst, *window, "--ports", *more)
        return processes.result("topics", settings.seconds + settings.warmup + RUN_SECONDS_EXTRA)
    if scenario.kind in ("queue", "topic") and scenario.light:
        measuring, other = "light_consume", "light_push"
        start(measuring, back, *window, *(["--consumers", 1] if reads_topic else ["--type", "PULL"]))
        start(other, front)
    elif reads_topic:
        measuring, other = "sub", "push"
        start(measuring, back, *window, "--subscribers", 1)
        start(other, front)
    elif scenario.acks and not side.startswith("proxy"):
        measuring, other = "workers", "push"
        start(measuring, back, *window, "--type", scenario.acks, "--workers", scenario.workers)
        start(other, front, "--consumers", scenario.workers, "--window", scenario.window)
    elif scenario.kind in ("queue", "topic", "group") and scenario.acks != "REP":
        measuring, other = "pull", "push"
        start(measuring, back, *window)
        start(other, front)
    elif scenario.kind == "pubsub":
        measuring, other = "light_consume" if scenario.light else "sub", "pub"
        start(measuring, back, *window, "--consumers" if scenario.light else "--subscribers", scenario.subscribers)
        start(other, front, "--consumers", scenario.subscribers, "--window", scenario.window)
    else:
        measuring, other = "req", "rep"
        start(other, back, "--workers", scenario.workers)
        start(measuring, front, *window, "--clients", scenario.clients)
    cold = [] if side.startswith("proxy") else [ColdReader(back) for _ in range(scenario.cold_readers)]
    try:
        result = processes.result(measuring, settings.seconds + settings.warmup + RUN_SECONDS_EXTRA)
    finally:
        for reader in cold:
            reader.end()
    if cold:
        if not all(reader.bytes for reader in cold):
            raise RunFailed("a cold SUB has read nothing")
        result["cold_mib"] = sum(reader.rate() for reader in cold) / (1 << 20)
    return result | processes.result(other, RUN_SECONDS_EXTRA)


def measures_of(result):
    measures = {
        "rate": result["rate"],
        "cpu_us": result["bridge_cpu_seconds"] * 1e6 / max(result["count"], 1),
        "rss_mib": result["bridge_rss_kib"] / 1024,
    }
    for key in ("p50_us", "p99_us", "lost", "given_up", "cold_mib"):
        if key in result:
            measures[key] = result[key]
    return measures


def rss_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RunFailed(f"no VmRSS of {pid}")


def run_measure(side, scenario, settings, processes, pid, front, back, more):
    if scenario.measure == "idle":
        time.sleep(1)
        return {"rss_mib": rss_kib(pid) / 1024}
    if scenario.measure == "connections":
        processes.start("connections", settings.build / "bench/bench_connections", f"127.0.0.1:{back}", "--type",
                        scenario.peer, "--count", settings.connections, "--watch", pid)
        result = processes.result("connections", 120)
        return {"bytes_each": result["bytes_a_connection"]}
    if scenario.kind == "receipts" and side.startswith("proxy"):
        processes.start("sync_bound", settings.build / "bench/bench_sync_bound", "--bytes", scenario.bytes, "--write",
                        scenario.write_bytes, "--seconds", settings.seconds)
        bound = processes.result("sync_bound", settings.seconds + RUN_SECONDS_EXTRA)
        if not scenario.trip:
            return {key: bound[key] for key in ("rate", "p50_us", "p99_us")}
        trip = run_traffic(side, scenario, settings, processes, pid, front, back, more)
        return {key: bound[key] + trip[key] for key in ("p50_us", "p99_us")}
    measures = measures_of(run_traffic(side, scenario, settings, processes, pid, front, back, more))
    if scenario.kind == "receipts":  # what no disk has is not compared
        keys = ("p50_us", "p99_us") if scenario.trip else ("rate", "p50_us", "p99_us")
        measures = {key: measures[key] for key in keys}
    if scenario.kind == "topic" and measures.pop("lost", 0) > 0:
        raise RunFailed("a topic has lost messages")
    return measures


def busy_seconds():
    """Processor time that the whole machine has spent."""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")  # without idle and iowait


def own_seconds():
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    return sum(one.ru_utime + one.ru_stime for one in usage)


def run_once(side, scenario, settings):
    """One run of a scenario through one side ("zbridge", or "proxy..."). `others` tells how many processors were taken by
    programs that have nothing to do with the run."""
    began, busy, own = time.monotonic(), busy_seconds(), own_seconds()
    with tempfile.TemporaryDirectory(prefix="zbridge-bench-") as folder:
        with Processes(folder) as processes:
            bridge, *ports = start_bridge(side, scenario, settings, processes)
            if settings.on_bridge:
                settings.on_bridge(side, bridge.pid)
            measures = run_measure(side, scenario, settings, processes, bridge.pid, *ports)
            if bridge.poll() is not None:
                raise RunFailed(f"the bridge ended by itself\n{processes.said()}")
    spent_by_others = (busy_seconds() - busy) - (own_seconds() - own)
    return measures | {"others": max(0.0, spent_by_others / (time.monotonic() - began))}

"""The stores: how each is started, with the strictest promise it has, and what that is worth."""
import os
import time

import fetched
import harness
import run_store

ZBRIDGE_YAML = """\
bridge: {{ data_dir: {data_dir}, listen: tcp://127.0.0.1:{zbp} }}
plugins: {{ durable: {{}} }}
endpoints:
  in:  {{ bind: tcp://127.0.0.1:{front}, accept: dealer }}
  out: {{ bind: tcp://127.0.0.1:{back}, accept: dealer, credit: 512 }}
topics:
  stored: {{}}
groups:
  consumers: {{ topic: stored, start: earliest }}
routes:
  - {{ from: in, to: topic/stored }}
  - {{ from: group/consumers, to: out }}
"""

JVM_WARMUP_SECONDS = 5  # it compiles what is called often
KAFKA_CLUSTER = "AAAAAAAAAAAAAAAAAAAAAQ"
KAFKA_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder}/data
log.flush.interval.messages=1
num.partitions=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
"""
# The waits are long because a broker that is slow would refuse what is in flight.
ROCKETMQ_PROPERTIES = """\
brokerName=stores
brokerIP1=127.0.0.1
bindAddress=127.0.0.1
listenPort={port}
haListenPort={replicas}
namesrvAddr=127.0.0.1:{names}
storePathRootDir={folder}/data
storePathCommitLog={folder}/data/commitlog
flushDiskType=SYNC_FLUSH
defaultTopicQueueNums=1
waitTimeMillsInSendQueue=20000
osPageCacheBusyTimeOutMills=20000
syncFlushTimeout=20000
"""


class Store:
    name, title, promise = "", "", ""
    goal = 5  # what zbridge's rate is to be, as a multiple
    warmup = 0  # seconds more than others, before its window
    needs = ()  # programs that have to be there

    def prepare(self, settings):
        """Once, before all rounds: raises RunFailed where it cannot be had."""
        for program in (*self.needs, *self.program(settings)[:1]):
            if not os.access(program, os.X_OK):
                raise harness.RunFailed(f"{program} is not there")

    def program(self, settings):
        """The command of the one that publishes and consumes."""
        return [settings.programs / f"bench_store_{self.name}"]

    def start(self, processes, settings):
        """Once it takes connections: role -> HOST:PORT."""
        raise NotImplementedError


class Zbridge(Store):
    def __init__(self, name, title, zbp):
        self.name, self.title, self._zbp = name, title, zbp

    def start(self, processes, settings):
        ports = dict(zip(("front", "back", "zbp"), harness.free_ports(3)))
        file = processes.folder / "bridge.yaml"
        file.write_text(ZBRIDGE_YAML.format(data_dir=processes.folder / "data", **ports))
        ready(ports.values(), processes.start("server", settings.bridge, "run", file), processes)
        if self._zbp:
            return at(ports["zbp"])
        return {"publish": f"127.0.0.1:{ports['front']}", "consume": f"127.0.0.1:{ports['back']}"}


class Redis(Store):
    name, title, goal = "redis", "Redis Streams, appendfsync always", 1.5
    promise = ("XADD and XACK are answered after the file is synced, once for all that one turn of its event loop has read "
               "(some 16 KiB of a connection); one XACK names a read of 128. It keeps all messages in memory.")
    needs = ("/usr/bin/redis-server",)

    def start(self, processes, settings):
        [port] = harness.free_ports(1)
        server = processes.start("server", self.needs[0], "--bind", "127.0.0.1", "--port", port, "--dir", processes.folder,
                                 "--save", "", "--appendonly", "yes", "--appendfsync", "always",
                                 "--auto-aof-rewrite-percentage", 0, "--no-appendfsync-on-rewrite", "no")
        ready([port], server, processes)
        return at(port)


class Nats(Store):
    name, title = "nats", "NATS JetStream, sync_interval: always"
    promise = ("A publish is answered after the file is synced, a sync each. An acknowledgement is sent and not answered. "
               "One server, no replica; a pull consumer with 512 unacknowledged.")

    def prepare(self, settings):
        fetched.go(settings)
        super().prepare(settings)

    def program(self, settings):
        return [settings.fetched / "stores", "nats"]

    def start(self, processes, settings):
        [port] = harness.free_ports(1)
        file = processes.folder / "nats.conf"
        file.write_text(f'listen: "127.0.0.1:{port}"\n'
                        f'jetstream {{ store_dir: "{processes.folder}/data", sync_interval: always }}\n')
        ready([port], processes.start("server", settings.fetched / "nats-server", "-c", file), processes)
        return at(port)


class RabbitMq(Store):
    name, title = "rabbitmq", "RabbitMQ, quorum queue"
    promise = ("A confirm comes after the write-ahead log is synced, once for all that waited. An acknowledgement is sent and not "
               "answered. One server, so a quorum of one; a prefetch of 512.")
    needs = ("/usr/lib/rabbitmq/bin/rabbitmq-server", "/usr/bin/epmd")

    def prepare(self, settings):
        fetched.go(settings)
        super().prepare(settings)

    def program(self, settings):
        return [settings.fetched / "stores", "rabbitmq"]

    def start(self, processes, settings):
        port, distribution, mapper = harness.free_ports(3)
        folder = processes.folder
        (folder / "plugins").write_text("[].\n")
        # Erlang's port mapper as a process of ours: one that the server starts would outlive it.
        processes.start("epmd", self.needs[1], "-address", "127.0.0.1", "-port", mapper)
        if not harness.wait_for_port(mapper, processes.running["epmd"]):
            raise harness.RunFailed(f"epmd takes no connection\n{processes.said()}")
        server = processes.start(
            "server", self.needs[0], HOME=folder, ERL_EPMD_ADDRESS="127.0.0.1", ERL_EPMD_PORT=mapper,
            RABBITMQ_NODENAME="stores@localhost", RABBITMQ_NODE_IP_ADDRESS="127.0.0.1", RABBITMQ_NODE_PORT=port,
            RABBITMQ_DIST_PORT=distribution, RABBITMQ_MNESIA_BASE=folder / "data", RABBITMQ_LOG_BASE=folder / "log",
            RABBITMQ_ENABLED_PLUGINS_FILE=folder / "plugins", RABBITMQ_CONF_ENV_FILE=folder / "none",
            RABBITMQ_CONFIG_FILE=folder / "none", RABBITMQ_FEATURE_FLAGS_FILE=folder / "flags",
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}")
        ready([port], server, processes)
        return at(port)


class Kafka(Store):
    name, title, warmup = "kafka", "Kafka, log.flush.interval.messages=1", JVM_WARMUP_SECONDS
    promise = ("acks=all of one broker: a batch of the producer is synced when it is appended, before its receipts. A commit of "
               "what was polled together, 512 at most, is a message of its own, synced likewise.")

    def prepare(self, settings):
        fetched.jars(settings)
        super().prepare(settings)

    def start(self, processes, settings):
        port, controller = harness.free_ports(2)
        file = processes.folder / "kafka.properties"
        file.write_text(KAFKA_PROPERTIES.format(port=port, controller=controller, folder=processes.folder))
        java = fetched.java(settings, "-Xmx1g")
        formatted = processes.start("format", *java, "kafka.tools.StorageTool", "format", "-t", KAFKA_CLUSTER, "-c", file)
        if formatted.wait(run_store.READY_SECONDS_MAX) != 0:
            raise harness.RunFailed(f"its folder cannot be made\n{processes.said()}")
        ready([port], processes.start("server", *java, "kafka.Kafka", file), processes)
        return at(port)


class RocketMq(Store):
    name, title, warmup = "rocketmq", "RocketMQ, flushDiskType=SYNC_FLUSH", JVM_WARMUP_SECONDS
    promise = ("A send is answered after its part of the log is synced, once for all that waited. A commit of what was polled "
               "together tells the broker an offset, which it writes every 5 s: an acknowledgement may be forgotten.")

    def prepare(self, settings):
        fetched.jars(settings)
        fetched.rocket(settings)

    def program(self, settings):
        return [*fetched.java(settings, "-Xmx512m"), "Rocket"]

    def start(self, processes, settings):
        names, port, replicas = harness.free_ports(3)
        folder = processes.folder
        (folder / "names.properties").write_text(f"listenPort={names}\nbindAddress=127.0.0.1\n")
        (folder / "broker.properties").write_text(
            ROCKETMQ_PROPERTIES.format(names=names, port=port, replicas=replicas, folder=folder))
        java = fetched.java(settings, "-Xmx1g", f"-Duser.home={folder}")
        server = processes.start("names", *java, "org.apache.rocketmq.namesrv.NamesrvStartup", "-c", folder / "names.properties",
                                 ROCKETMQ_HOME=folder)
        ready([names], server, processes)
        server = processes.start("server", *java, "org.apache.rocketmq.broker.BrokerStartup", "-c", folder / "broker.properties",
                                 ROCKETMQ_HOME=folder)
        ready([port], server, processes)
        return at(names)


def at(port):
    return dict.fromkeys(("publish", "consume"), f"127.0.0.1:{port}")


def ready(ports, process, processes):
    """Returns when all of them take connections."""
    until = time.monotonic() + run_store.READY_SECONDS_MAX
    waiting = list(ports)
    while waiting and time.monotonic() < until and process.poll() is None:
        if harness.wait_for_port(waiting[0], process):
            waiting.pop(0)
    if waiting:
        raise harness.RunFailed(f"the store took no connection\n{processes.said()}")


OWN = [Zbridge("zbridge_plain", "plain DEALER", zbp=False), Zbridge("zbridge_client", "C++ client", zbp=True)]
OTHERS = [Redis(), Nats(), RabbitMq(), Kafka(), RocketMq()]

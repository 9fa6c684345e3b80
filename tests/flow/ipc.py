"""ipc endpoints: programs on the same machine connect to a file. It is removed at a planned stop; that of a killed bridge is
taken over by the next; one that somebody serves, or that is no socket, is left alone and the error says so.
"""
from harness import *


def yaml_of(folder):
    return f"""
endpoints:
  in: {{ bind: [ "ipc://{folder}/in", "${{IN}}" ] }}
  out: {{ bind: "ipc://{folder}/out" }}
  clients: {{ bind: "ipc://{folder}/clients" }}
  workers: {{ bind: "ipc://@{folder}/workers" }}
routes:
  - {{ from: in, to: out }}
services:
  work: {{ clients: clients, workers: workers, timeout: 0 }}
"""


class Programs:
    """One of each, which stay connected over every life of the bridge."""

    def __init__(self, flow, folder):
        again = {"RECONNECT_IVL": 20}
        self.push = flow.socket(zmq.PUSH, f"ipc://{folder}/in", **again)
        self.pull = flow.socket(zmq.PULL, f"ipc://{folder}/out", **again)
        self.client = flow.socket(zmq.DEALER, f"ipc://{folder}/clients", **again)
        self.worker = flow.socket(zmq.REP, f"ipc://@{folder}/workers", **again)

    def are_served(self, bridge, when):
        for name in "in", "out", "clients", "workers":
            bridge.wait_for_peers(name, 1)
        self.push.send_multipart([b"a message", when])
        equal(recv(self.pull, "a message"), [b"a message", when], "the message")
        self.client.send_multipart([b"", b"a request", when])
        equal(recv(self.worker, "a request"), [b"a request", when], "the request")
        self.worker.send(b"reply")
        equal(recv(self.client, "a reply"), [b"", b"reply"], "the reply")


def files(folder):
    return sorted(each.name for each in folder.iterdir())


def second_bridge(bridge, folder, binds):
    """Runs one beside it; returns what it says, having failed."""
    file = bridge.folder / "second.yaml"
    file.write_text(f"bridge: {{ data_dir: {bridge.folder}/second }}\nendpoints:\n  their-in: {{ bind: {binds} }}\n"
                    f"  their-out: {{ bind: ipc://{folder}/their-out }}\nroutes:\n  - {{ from: their-in, to: their-out }}\n")
    failed = bridge.command("run", file)
    equal(failed.returncode, 1, f"its exit status: {failed.stderr}")
    return failed.stderr


def main(flow):
    folder = flow.tmp / "ipc"
    folder.mkdir()
    bridge = flow.bridge(yaml_of(folder))
    programs = Programs(flow, folder)
    programs.are_served(bridge, b"at first")
    equal(files(folder), ["clients", "in", "out"], "files (an address with @ has none)")
    peer = bridge.endpoint("in")["peers"][0]
    equal((peer["address"], peer["user"]), (f"ipc://pid:{os.getpid()}", f"uid:{os.getuid()}"), "who it is")
    tcp = flow.socket(zmq.PUSH, bridge.address("IN"))
    tcp.send(b"over the other address")
    equal(recv(programs.pull, "a message over tcp"), [b"over the other address"], "the same endpoint over tcp")
    tcp.close()

    error = second_bridge(bridge, folder, f"ipc://{folder}/in")
    for part in "their-in", f"ipc://{folder}/in", "in use":
        check(part in error, f"a file that is served: the error says `{part}`: {error}")
    programs.are_served(bridge, b"after another bridge wanted the file")
    check(not sum(bridge.endpoint("in")["refused"].values()), "and that is no refusal")

    bridge.kill()
    equal(files(folder), ["clients", "in", "out"], "files that a killed bridge leaves")
    bridge.start()
    programs.are_served(bridge, b"after a kill")

    equal(bridge.terminate(), 0, "the exit status after SIGTERM")
    equal(files(folder), [], "files after a planned stop")
    bridge.start()
    programs.are_served(bridge, b"after a planned stop")

    precious = folder / "precious"
    precious.write_text("not a socket")
    error = second_bridge(bridge, folder, f"ipc://{precious}")
    check("their-in" in error and str(precious) in error, f"a file that is no socket: the error names it: {error}")
    equal(precious.read_text(), "not a socket", "what stands in it")


if __name__ == "__main__":
    run(main)

"""`zbridge call` asks a service as the bridge's own protocol has it, shows the reply, and says why there is none. The other side is
played by this test, word for word.
"""
import threading

import msgpack
from harness import *


class Played(threading.Thread):
    """A bridge that knows HELLO and CALL."""

    def __init__(self, address, features):
        super().__init__(daemon=True)
        self.calls = []
        self._features = features
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.set(zmq.LINGER, 0)
        self._socket.bind(address)
        self.start()

    def run(self):
        try:
            while True:
                peer, header, *block = self._socket.recv_multipart()
                name, fields = msgpack.unpackb(header)
                for answer in getattr(self, name.lower(), lambda *_: [])(fields, *block):
                    self._socket.send_multipart([peer, *answer])
        except zmq.ContextTerminated:
            self._socket.close()

    def hello(self, _):
        return [[msgpack.packb(["WELCOME", {"version": 1, "bridge": "played", "features": self._features}])]]

    def call(self, fields, block):
        self.calls.append((fields, block))
        if fields["service"] != "accounts":
            why = {"re": "CALL", "ref": fields["ref"], "code": "no_worker", "text": "no worker took it", "fatal": False}
            return [[msgpack.packb(["REFUSED", why])]]
        return [[msgpack.packb(["HEARTBEAT", {}])], [msgpack.packb(["REPLY", {"ref": fields["ref"]}]), b"\x01\x03two\x00\x06frames"]]

    def end(self):
        self._context.term()
        self.join()


def main(flow):
    address = f"ipc://{flow.tmp}/played"

    def zbridge(*arguments, exit=0):
        done = subprocess.run([str(flow.options.bridge.resolve()), "call", *arguments, "--at", address], capture_output=True,
                              text=True, timeout=PATIENCE_S, input="of standard input")
        equal(done.returncode, exit, f"the exit code of {arguments}: {done}")
        return done

    played = Played(address, ["admin", "calls"])
    equal(zbridge("accounts", "how much?").stdout, "two\nframes\n", "the reply")
    equal(json.loads(zbridge("accounts", "-", "--timeout", "1500ms", "--json").stdout),
          {"service": "accounts", "frames": ["two", "frames"]}, "as JSON")
    said = [({key: value for key, value in fields.items() if key != "ref"}, block) for fields, block in played.calls]
    equal(said, [({"service": "accounts"}, b"\x00\x09how much?"),
                 ({"service": "accounts", "timeout": 1500}, b"\x00\x11of standard input")], "what was asked")
    refused = zbridge("stock", "how much?", exit=1)
    equal((refused.stdout, refused.stderr), ("", "zbridge: stock: no_worker: no worker took it\n"), "why there is no reply")
    equal(json.loads(zbridge("stock", "how much?", "--json", exit=1).stdout)["code"], "no_worker", "as JSON")
    zbridge("accounts", "how much?", "--timeout", "soon", exit=2)
    played.end()
    without = Played(address, ["admin"])
    check("has no services" in zbridge("accounts", "how much?", exit=1).stderr, "a bridge without services")
    without.end()


if __name__ == "__main__":
    run(main)

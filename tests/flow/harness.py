"""What the flow tests share: a bridge as a process, programs beside it, waiting for conditions.

A test is a file with one promise: its docstring says it, `main(flow)` shows it, `run(main)` is its last
line. Nothing sleeps for a time and hopes: everything waits for a condition, and one that has not come
true within PATIENCE_S breaks the promise. Programs run as processes of their own (Flow.start), so that
they can be killed and stopped as applications are.
"""
import argparse
import ctypes
import json
import multiprocessing
import os
import re
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import zmq

sys.path.append(str(Path(__file__).resolve().parents[2] / "examples"))  # behind this folder: it has a harness too
from free_addresses import free_addresses  # noqa: E402

PATIENCE_S = int(os.environ.get("PATIENCE_S", "90"))  # a condition that has not come true by then is a broken promise
MIB = 1 << 20
_spawn = multiprocessing.get_context("spawn")  # no inherited ZeroMQ threads


class Broken(Exception):
    """A promise was not kept; the message says which."""


def check(kept, promise):
    """`promise` is a sentence that ought to be true."""
    if not kept:
        raise Broken(f"not true: {promise}")


def equal(is_, expected, what):
    if is_ != expected:
        raise Broken(f"{what}: {short(is_)}, expected {short(expected)}")


def short(value):
    text = repr(value)
    return text if len(text) < 400 else text[:400] + "..."


def wait_until(condition, what, patience_s=PATIENCE_S):
    """Until condition() is true; returns what it returned."""
    deadline = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Broken(f"not within {patience_s} s: {what}")
        time.sleep(0.02)


class Program:
    """A function that runs in a process of its own: function(link, *arguments), where link.say(object) tells the
    test something and link.hear() waits for what the test says."""

    def __init__(self, function, arguments):
        self.name = function.__name__
        self._pipe, theirs = _spawn.Pipe()
        self._process = _spawn.Process(target=_run_program, args=(theirs, function, arguments), daemon=True)
        self._process.start()
        theirs.close()
        self.pid = self._process.pid

    def hear(self, patience_s=PATIENCE_S):
        """The next object it says."""
        try:
            if self._pipe.poll(patience_s):
                heard = self._pipe.recv()
                if isinstance(heard, _Failure):
                    raise Broken(f"{self.name} failed: {heard.text}")
                return heard
        except (EOFError, ConnectionResetError):
            raise Broken(f"{self.name} ended without a word (status {self._process.exitcode})") from None
        raise Broken(f"{self.name} said nothing for {patience_s} s")

    def has_said(self):
        return self._pipe.poll(0)

    def say(self, what=None):
        self._pipe.send(what)

    def is_alive(self):
        return self._process.is_alive()

    def kill(self):
        """SIGKILL, and waits until it is gone."""
        self._process.kill()
        self._process.join()

    def pause(self):
        os.kill(self.pid, signal.SIGSTOP)
        wait_until(lambda: _state(self.pid) == "T", f"{self.name} is stopped")

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)

    def end(self):
        if self._process.is_alive():
            self.go_on()
            self._process.kill()
        self._process.join()


class _Failure:
    def __init__(self, text):
        self.text = text


class Link:
    def __init__(self, pipe):
        self._pipe = pipe
        self.say = pipe.send
        self.hear = pipe.recv

    def told(self):
        """Whether hear() has something to return at once."""
        return self._pipe.poll(0)


def _run_program(pipe, function, arguments):
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it does not outlive the test
    raise_descriptor_limit()
    try:
        function(Link(pipe), *arguments)
    except EOFError:
        pass
    except Exception:  # told to the test, which breaks
        pipe.send(_Failure(traceback.format_exc()))


def _state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


class Bridge:
    """`zbridge run` with a YAML text. Every ${NAME} in it becomes an address that nobody uses: address(NAME)."""

    def __init__(self, binary, folder, yaml, ready=True, **environment):
        self._binary = binary
        self.folder = folder
        self.file = folder / "bridge.yaml"
        self.log_file = folder / "bridge.log"
        if not re.search(r"^bridge:", yaml, re.M):
            yaml = "bridge: {}\n" + yaml
        self.file.write_text(yaml)
        self.data_dir = folder / "data"
        names = sorted(set(re.findall(r"\$\{([A-Z0-9_]+)\}", yaml)))
        self._addresses = free_addresses(names)
        self._env = {**os.environ, **self._addresses, **environment}
        text = yaml
        if "data_dir" not in yaml:
            text = text.replace("bridge: {}", f"bridge: {{ data_dir: {self.data_dir} }}", 1)
            text = re.sub(r"^bridge:\n", f"bridge:\n  data_dir: {self.data_dir}\n", text, count=1, flags=re.M)
        self.file.write_text(text)
        self.run_options = []
        self.process = None
        self._lives = 0
        self.begin()
        if ready:
            self.wait_until_ready()

    def start(self):
        """Starts it again and waits until it is ready."""
        self.begin()
        self.wait_until_ready()

    def begin(self):
        self._lives = self.log().count("ready")
        with open(self.log_file, "ab") as log:
            # setpriv: the kernel ends it should this script be killed before it can stop it.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", str(self._binary), "run", str(self.file), *self.run_options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._env, cwd=self.folder)

    def wait_until_ready(self):
        wait_until(lambda: self.log().count("ready") > self._lives or self.process.poll() is not None, "the bridge is ready")
        check(self.process.poll() is None, f"the bridge starts:\n{self.log()}")

    def address(self, name):
        return self._addresses[name]

    def port(self, name):
        return int(self._addresses[name].rsplit(":", 1)[1])

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def begin_command(self, *arguments, **streams):
        """One that may not end: it ends with this script."""
        return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", str(self._binary), *map(str, arguments)],
                                stdin=subprocess.DEVNULL, env=self._env, cwd=self.folder, **streams)

    def command(self, *arguments):
        return subprocess.run([str(self._binary), *map(str, arguments)], capture_output=True, text=True,
                              timeout=PATIENCE_S, env=self._env, cwd=self.folder)

    @property
    def binary(self):
        return self._binary

    def status(self):
        answer = self.command("status", "--json", "--at", self.data_dir)
        check(answer.returncode == 0, f"status answers: {answer.stderr}")
        return json.loads(answer.stdout)

    def endpoint(self, name):
        return next(each for each in self.status()["endpoints"] if each["name"] == name)

    def service(self, name=None):
        return next(each for each in self.status()["services"] if name in (None, each["name"]))

    def wait_for_peers(self, endpoint, count):
        wait_until(lambda: self.endpoint(endpoint)["connected"] == count, f"{count} peers are at {endpoint}")

    def wait_for(self, what, condition, patience_s=PATIENCE_S):
        """Until condition(status) is true; returns what it returned."""
        return wait_until(lambda: condition(self.status()), what, patience_s)

    def rss_mib(self):
        return _memory(self.process.pid, "VmRSS") / 1024

    def peak_rss_mib(self):
        return _memory(self.process.pid, "VmHWM") / 1024

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self, patience_s=PATIENCE_S):
        """SIGTERM; returns the exit status."""
        self.process.terminate()
        return self.process.wait(patience_s)

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


def _memory(pid, name):
    return int(re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.M).group(1))


class Flow:
    """One run of a test: its bridges, programs and sockets, all ended with it."""

    def __init__(self, options, tmp):
        self.options = options
        self.sanitized = options.sanitized
        self.context = zmq.Context(io_threads=1)
        self.context.set(zmq.MAX_SOCKETS, 20000)
        self.tmp = tmp
        self.bridges = []
        self._programs = []

    def bridge(self, yaml, **settings):
        """`ready=False` does not wait for that; others are of its environment."""
        if self.options.durable:
            yaml = yaml.replace("durable: {}", f"durable: {{ use: {self.options.durable.resolve()} }}")
        folder = self.tmp / f"bridge-{len(self.bridges)}"
        folder.mkdir()
        bridge = Bridge(self.options.bridge.resolve(), folder, yaml, **settings)
        self.bridges.append(bridge)
        return bridge

    def start(self, function, *arguments):
        program = Program(function, arguments)
        self._programs.append(program)
        return program

    def socket(self, kind, address=None, **settings):
        """A connected ZeroMQ socket that never waits when it is closed; settings by their names: RCVHWM=1."""
        return connected(self.context, kind, address, **{"SNDTIMEO": PATIENCE_S * 1000, **settings})

    def figure(self, text):
        print(f"  {text}", flush=True)

    def end(self):
        for each in (*reversed(self._programs), *self.bridges):
            each.end()
        self.context.destroy(0)


def connected(context, kind, address=None, **settings):
    made = context.socket(kind)
    made.set(zmq.LINGER, 0)
    for name, value in settings.items():
        made.set(getattr(zmq, name), value)
    if address:
        made.connect(address)
    return made


def recv(socket_, what, patience_s=PATIENCE_S):
    """The next message, as a list of frames."""
    if not socket_.poll(patience_s * 1000):
        raise Broken(f"nothing came within {patience_s} s: {what}")
    return socket_.recv_multipart()


class Raw:
    """A plain TCP socket that speaks ZMTP by hand: for what no library would send."""

    def __init__(self, port, receive_buffer=None, source=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:  # another of this machine's own addresses: 127.0.0.2
            self.socket.bind((source, 0))
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(("127.0.0.1", port))
        self._in = b""

    def send(self, wire):
        self.socket.sendall(wire)
        return self

    def greet(self, kind="PUSH", minor=0, identity=None):
        """The whole handshake as a socket of this kind."""
        self.send(greeting(minor)).send(ready(kind, identity))
        self.read(64)
        self.frame()
        return self

    def read(self, size):
        while len(self._in) < size:
            got = self.socket.recv(65536)
            if not got:
                raise EOFError
            self._in += got
        taken, self._in = self._in[:size], self._in[size:]
        return taken

    def frame(self):
        """(flags, body) of the next frame."""
        flags = self.read(1)[0]
        size = struct.unpack(">Q", self.read(8))[0] if flags & 2 else self.read(1)[0]
        return flags, self.read(size)

    def is_ended(self, patience_s=PATIENCE_S):
        """Whether the bridge ends the connection (what it still says is skipped)."""
        self.socket.settimeout(patience_s)
        try:
            while self.socket.recv(65536):
                pass
            return True
        except ConnectionError:
            return True
        except (TimeoutError, socket.timeout):
            return False

    def close(self):
        self.socket.close()


def greeting(minor=0, mechanism=b"NULL"):
    return b"\xff" + bytes(8) + b"\x7f\x03" + bytes([minor]) + mechanism.ljust(20, b"\0") + b"\0" + bytes(31)


def frame(body, more=False, command=False):
    flags = (1 if more else 0) | (4 if command else 0)
    if len(body) > 255:
        return struct.pack(">BQ", flags | 2, len(body)) + body
    return bytes([flags, len(body)]) + body


def prop(name, value):
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def ready(kind, identity=None):
    body = b"\x05READY" + prop(b"Socket-Type", kind.encode())
    if identity is not None:
        body += prop(b"Identity", identity)
    return frame(body, command=True)


def raise_descriptor_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def run(main, **options):
    """The end of each test's file: plays main(flow). Each of `options` is a number that the command line may change."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("bridge", type=Path, help="the zbridge to run")
    parser.add_argument("--sanitized", action="store_true", help="it was built with a sanitizer: memory is not judged")
    parser.add_argument("--durable", type=Path, help="the shared object that is the engine, in place of the linked-in one")
    for name, default in options.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    raise_descriptor_limit()
    began = time.monotonic()
    tmp = Path(tempfile.mkdtemp(prefix="zbridge-flow-"))
    flow = Flow(chosen, tmp)
    status = 1
    try:
        main(flow)
        for bridge in flow.bridges:
            log = bridge.log()
            check("Sanitizer" not in log and "CHECK" not in log, "the bridge found no fault in itself")
        print(f"kept, in {time.monotonic() - began:.1f} s", flush=True)
        status = 0
    except Exception as broken:  # whatever it is: shown with what the bridge says
        print(f"BROKEN: {broken}", flush=True)
        traceback.print_exc()
        for bridge in flow.bridges:
            print(f"-- status {bridge.process.poll()} of {bridge.file}")
            print("\n".join(bridge.log().splitlines()[-30:]), flush=True)
            if bridge.process.poll() is None:
                print(bridge.command("status", "--peers", "--at", bridge.data_dir).stdout[-6000:], flush=True)
    finally:
        flow.end()
        shutil.rmtree(tmp, ignore_errors=True)
    sys.exit(status)

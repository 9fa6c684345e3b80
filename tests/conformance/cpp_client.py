"""The runner of the C++ client (clients/cpp): it is in cpp_client.cc, a program that plays a step after the other."""
import struct
import subprocess

import msgpack

from harness import Broken
from runner import CannotDo, Runner, attributes_of, frames_of, shown

SHOWN = ("message", "reply")  # in a result: the frames of a message


class Program:
    def __init__(self, path):
        self._process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def play(self, action, client="", keep="", arguments=None):
        said = msgpack.packb([action, client, keep, arguments or {}])
        self._process.stdin.write(struct.pack(">I", len(said)) + said)
        self._process.stdin.flush()
        size = self._process.stdout.read(4)
        if len(size) < 4:
            raise Broken(f"the program has ended (status {self._process.wait()})")
        result = msgpack.unpackb(self._process.stdout.read(struct.unpack(">I", size)[0]), strict_map_key=False)
        if "wrong" in result:
            raise Broken(result["wrong"])
        return result

    def end(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.kill()
        self._process.wait()


class Cpp(Runner):
    def __init__(self, world, path):
        super().__init__(world)
        self._program = Program(path)
        self._actions = set(self._program.play("actions")["actions"])

    @staticmethod
    def actions_of(path):
        program = Program(path)
        try:
            return set(program.play("actions")["actions"])
        finally:
            program.end()

    def do(self, step):
        if step.action not in self._actions:
            raise CannotDo(step.action)
        if step.client not in self.clients or step.action == "connect":
            opened = self.connect(step.client, **(step.arguments if step.action == "connect" else {}))
            if step.action == "connect" or "refused" in opened:
                return opened
        if step.action in ("cut", "lose"):
            self.world.cut(step.client, for_good=step.action == "lose")
        result = self._program.play(step.action, step.client, step.keep or "", {name: told(name, value) for name, value in step.arguments.items()})
        for key in SHOWN:
            if key in result:
                result[key] = shown(result[key])
        if "messages" in result:
            result["messages"] = [shown(each) for each in result["messages"]]
        return result

    def connect(self, client, at=None, **arguments):
        self.clients[client] = client
        return self._program.play("connect", client, "", {"address": self.world.address(client, at), **arguments})

    def end(self):
        self._program.end()


def told(name, value):
    """Messages as [frames, attributes]."""
    if name == "message":
        return [frames_of(value), attributes_of(value)]
    return [told("message", each) for each in value] if name == "messages" else value

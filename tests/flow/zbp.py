"""A client of ZBP/1 by hand, from docs/PROTOCOL.md alone: raw frames, so that a test may also say what no client would."""
import struct

import msgpack
import zmq

from harness import Broken, PATIENCE_S, connected, recv


def token_behind(token, messages):
    high, low = struct.unpack(">QQ", token)
    return struct.pack(">QQ", high, low + messages)


def block(*messages):
    """Messages, each bytes or a list of frames."""
    wire = b""
    for message in messages:
        frames = [message] if isinstance(message, bytes) else message
        for number, body in enumerate(frames, 1):
            flags = 1 if number < len(frames) else 0
            wire += struct.pack(">BQ", flags | 2, len(body)) if len(body) > 255 else bytes([flags, len(body)])
            wire += body
    return wire


def messages_in(wire):
    messages, frames, at = [], [], 0
    while at < len(wire):
        flags = wire[at]
        size, at = (struct.unpack_from(">Q", wire, at + 1)[0], at + 9) if flags & 2 else (wire[at + 1], at + 2)
        frames.append(wire[at:at + size])
        at += size
        if not flags & 1:
            messages.append(frames)
            frames = []
    return messages


class Client:
    """One connection. What is not waited for stays in `heard`."""

    def __init__(self, context, address, **hello):
        self.socket = connected(context, zmq.DEALER, address, SNDHWM=0, RCVHWM=0)
        self.heard = []
        self.seq = 0
        if hello.pop("hello", True):
            self.say("HELLO", {"versions": [1], **hello})
            self.welcome = self.hear("WELCOME")[0]

    def say(self, name, fields, wire=None):
        self.socket.send_multipart([msgpack.packb([name, fields])] + ([wire] if wire is not None else []))

    def next(self, patience_s=PATIENCE_S):
        """(name, fields, block)"""
        header, *rest = recv(self.socket, "something of the bridge", patience_s)
        name, fields = msgpack.unpackb(header)
        return name, fields, rest[0] if rest else b""

    def hear(self, *names, patience_s=PATIENCE_S):
        """(fields, block) of the next of one of these names; with more than one the name first. REFUSED is a broken
        promise where it is not among them."""
        for number, (name, fields, wire) in enumerate(self.heard):
            if name in names:
                del self.heard[number]
                return (name, fields, wire) if len(names) > 1 else (fields, wire)
        while True:
            name, fields, wire = self.next(patience_s)
            if name in names:
                return (name, fields, wire) if len(names) > 1 else (fields, wire)
            if name == "REFUSED":
                raise Broken(f"refused: {fields}")
            self.heard.append((name, fields, wire))

    def publish(self, topic, *messages, **fields):
        """Returns the sequence number of the first."""
        first = fields.pop("seq", self.seq + 1)
        self.seq = max(self.seq, first + len(messages) - 1)
        self.say("PUBLISH", {"topic": topic, "seq": first, "count": len(messages), **fields}, block(*messages))
        return first

    def outcomes(self, count):
        """{seq: "stored" | "duplicate" | code} of so many messages, in their order."""
        told = {}
        while len(told) < count:
            receipt, _ = self.hear("RECEIPT")
            its = [(seq + i, "duplicate" if duplicate else "stored")
                   for seq, number, _id, duplicate in receipt["stored"] for i in range(number)]
            its += [(seq + i, code) for seq, number, code, _text in receipt["refused"] for i in range(number)]
            told.update(sorted(its))
        return told

    def delivered(self):
        """[(token, attempt, frames)] of the next DELIVER, and its fields."""
        fields, wire = self.hear("DELIVER")
        messages = iter(messages_in(wire))
        return [(token_behind(token, i), attempt, next(messages))
                for token, number, attempt, _id in fields["runs"] for i in range(number)], fields

    def take(self, count):
        """So many messages of DELIVERs."""
        taken = []
        while len(taken) < count:
            taken += self.delivered()[0]
        return taken

    def settle(self, group, tokens, verdict="ack", **fields):
        self.say("SETTLE", {"group": group, "verdict": verdict, "ranges": [[token, 1] for token in tokens], **fields})

    def settled(self, ref):
        answer, _ = self.hear("SETTLED")
        if answer["ref"] != ref:
            raise Broken(f"the answer to {ref} is {answer}")
        return answer

    def close(self):
        self.socket.close()

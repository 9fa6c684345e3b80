"""What the recovery tests share: a topic, who publishes into it and reads it, and a look at the journal's files from outside,
by what docs/JOURNAL.md says of them.
"""
import hashlib
import struct
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "flow"))
from harness import *  # noqa: E402

SECTOR = 512
SEGMENT_HEAD = 4096
BATCH_HEAD = 64
BATCH_MAGIC = 0x3142425A
SKIPPED = 77  # the exit status of a test that cannot be played here

# Small segments: a test has many of them soon.
TOPIC = """
plugins: { durable: { config: { segment_bytes: 1MiB } } }
endpoints:
  in: { bind: "${IN}" }
  out: { bind: "${OUT}" }
topics:
  orders: {}
routes:
  - { from: in, to: topic/orders }
  - { from: topic/orders, to: out, start: earliest }
"""


class Publisher:
    """A DEALER that publishes one-frame messages, many in flight, and takes their receipts in order."""

    IN_FLIGHT = 200

    def __init__(self, flow, address):
        self._socket = flow.socket(zmq.DEALER, address, SNDHWM=0, RCVHWM=0)
        self._number = 0

    def publish(self, bodies):
        """The receipt of each, as text: "OK <id>" or "ERR ..."."""
        receipts = []
        bodies = list(bodies)
        for sent, body in enumerate(bodies):
            self._socket.send_multipart([b"%d" % (self._number + sent), b"", body])
            if sent >= self.IN_FLIGHT:
                receipts.append(self._receipt(len(receipts)))
        while len(receipts) < len(bodies):
            receipts.append(self._receipt(len(receipts)))
        self._number += len(bodies)
        return receipts

    def _receipt(self, index):
        number, _, text = recv(self._socket, f"receipt {index}")
        equal(int(number), self._number + index, "whose receipt it is")
        return text.decode()

    def store(self, bodies):
        """All of them are accepted."""
        for receipt in self.publish(bodies):
            check(receipt.startswith("OK "), f"it is accepted: {receipt}")

    def close(self):
        self._socket.close()


def store(flow, bridge, bodies):
    publisher = Publisher(flow, bridge.address("IN"))
    publisher.store(bodies)
    publisher.close()


def read_until(flow, bridge, last, endpoint="OUT"):
    """The first frames of the topic's messages, from the oldest one to the one that begins with `last`."""
    sub = flow.socket(zmq.SUB, bridge.address(endpoint), RCVHWM=0)
    sub.subscribe(b"")
    found = []
    while not found or not found[-1].startswith(last):
        found.append(recv(sub, f"message {last}, after {len(found)}: {found[-1:]}")[0])
    sub.close()
    return found


def read_all(flow, bridge, end):
    """All that the topic has; `end`, which it has not yet, is published for it."""
    store(flow, bridge, [end])
    return read_until(flow, bridge, end)[:-1]


def journal(bridge):
    return bridge.data_dir / "journal"


def segments(bridge):
    """The oldest first."""
    return sorted(journal(bridge).glob("*.seg"))


def batches(segment):
    """(position, bytes with the header) of each batch of a segment that is whole."""
    content = segment.read_bytes()
    number = int(segment.stem, 16)
    position = SEGMENT_HEAD
    while position + BATCH_HEAD <= len(content):
        magic, = struct.unpack_from("<I", content, position)
        its_segment, = struct.unpack_from("<Q", content, position + 8)
        if magic != BATCH_MAGIC or its_segment != number:
            return
        size = BATCH_HEAD + struct.unpack_from("<I", content, position + 40)[0]
        yield position, size
        position += padded(size)


def padded(size):
    return (size + SECTOR - 1) // SECTOR * SECTOR


def change_byte(path, position):
    with open(path, "r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 0x10]))


def content(folder):
    """What is in a folder, to compare."""
    return {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in sorted(folder.iterdir()) if each.is_file()}


def refused_start(bridge):
    """Starts a bridge that does not come to be: what it says, and its exit status."""
    before = len(bridge.log())
    bridge.begin()
    status = bridge.process.wait(PATIENCE_S)
    return bridge.log()[before:], status

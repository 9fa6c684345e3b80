"""ZBP/1 in bytes: the header of a message, the block of application messages behind it, tokens and ids.

A token or an id is kept as a pair (its first 8 octets, its last 8 as a number): the n-th behind it has n added to the
number. docs/PROTOCOL.md, "Messages"; its golden bytes are checked in tests/clients/python.
"""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import msgpack  # type: ignore[import-untyped]

from .errors import Violation

Frames = List[bytes]
Fields = Dict[str, Any]

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LAST = (1 << 64) - 1


class MessageId(bytes):
    """The bridge's id of a message, 16 octets; printed as the bridge prints it, in 26 characters."""

    def __str__(self) -> str:
        number, text = int.from_bytes(self, "big"), ""
        for _ in range(26):
            text = _DIGITS[number & 31] + text
            number >>= 5
        return text

    def __repr__(self) -> str:
        return f"MessageId({self})"


class Place(NamedTuple):
    """A token or an id."""

    head: bytes
    tail: int

    @classmethod
    def read(cls, octets: Any) -> Place:
        if not isinstance(octets, bytes) or len(octets) != 16:
            raise Violation("a token or an id that is not 16 octets")
        return cls(octets[:8], int.from_bytes(octets[8:], "big"))

    def behind(self, count: int) -> Place:
        return Place(self.head, (self.tail + count) & _LAST)

    def octets(self) -> bytes:
        return self.head + self.tail.to_bytes(8, "big")


class Heard(NamedTuple):
    """One thing that the bridge said."""

    name: str
    fields: Fields
    block: Optional[bytes]


def encode(name: str, fields: Fields, block: Optional[bytes] = None) -> Frames:
    """The frames of a command; fields that are None are left out."""
    header = msgpack.packb([name, {key: value for key, value in fields.items() if value is not None}])
    return [header] if block is None else [header, block]


def decode(frames: Sequence[bytes]) -> Heard:
    if not 1 <= len(frames) <= 2:
        raise Violation(f"a message of {len(frames)} frames")
    try:
        value = msgpack.unpackb(frames[0], raw=False, strict_map_key=False, object_pairs_hook=_map)
    except Violation:
        raise
    except Exception as broken:  # msgpack has many of its own, and ValueError
        raise Violation(f"a header that is not msgpack: {broken}") from broken
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[0], str) or not isinstance(value[1], dict):
        raise Violation("a header that is not [name, fields]")
    return Heard(value[0], value[1], frames[1] if len(frames) == 2 else None)


def _map(pairs: List[Tuple[Any, Any]]) -> Fields:
    """nil for a field is the same as leaving it out."""
    try:
        made = {key: value for key, value in pairs if value is not None}
        if len(made) != len(pairs) and len({key for key, _ in pairs}) != len(pairs):
            raise Violation("a field that stands twice")
        return made
    except TypeError:  # a key that is a map: only in what is not known here
        return {}


def field(fields: Fields, name: str, kind: type) -> Any:
    """A required field of a kind."""
    value = fields.get(name)
    if not isinstance(value, kind) or (isinstance(value, int) and (isinstance(value, bool) or value < 0)):
        raise Violation(f"the field {name} is missing or not as it should be")
    return value


def body(frames: Sequence[bytes]) -> bytes:
    """One application message, as it stands in a block."""
    if len(frames) == 1:
        return part(frames[0], 0)
    return b"".join([*(part(each, 1) for each in frames[:-1]), part(frames[-1], 0)])


def part(frame: bytes, more: int) -> bytes:
    size = len(frame)
    if size < 256:
        return bytes((more, size)) + frame
    return bytes((more | 2,)) + size.to_bytes(8, "big") + frame


def bodies(block: bytes) -> List[Frames]:
    """The application messages of a block."""
    found: List[Frames] = []
    frames: Frames = []
    at, end = 0, len(block)
    while at < end:
        flags = block[at]
        if flags < 2:
            start = at + 2
            if start > end:
                raise Violation("a block that ends in a length")
            at = start + block[at + 1]
        elif flags < 4:
            start = at + 9
            at = start + int.from_bytes(block[at + 1:start], "big")
        else:
            raise Violation(f"a block with the flags {flags}")
        if start > end or at > end:
            raise Violation("a length that reaches beyond the block")
        frames.append(block[start:at])
        if not flags & 1:
            found.append(frames)
            frames = []
    if frames:
        raise Violation("a block that ends behind a part-more")
    return found


def publish(topic: str, seq: int, once: bool, messages: Sequence[bytes], attributes: Sequence[Optional[bytes]],
            verb: str = "PUBLISH") -> Frames:
    """A PUBLISH, or a PREPARE, of messages that are parts of a block already; attributes are msgpack, and left out if none has any."""
    pack = msgpack.packb
    some = any(each is not None for each in attributes)
    fields = [b"\x92", pack(verb), bytes((0x80 | (3 + once + some),)), b"\xa5topic", pack(topic), b"\xa3seq", pack(seq),
              b"\xa5count", pack(len(messages))]
    if once:
        fields.append(b"\xa4once\xc3")
    if some:
        fields += [b"\xaaattributes", msgpack.Packer().pack_array_header(len(messages))]
        fields += [b"\xc0" if each is None else each for each in attributes]
    return [b"".join(fields), b"".join(messages)]

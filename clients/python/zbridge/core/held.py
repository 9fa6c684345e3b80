"""What WELCOME lists: the messages that the new session holds, of those that were delivered on connections before it.

Flow:    WELCOME -> read() -> token_of() of what is known here, forget() it -> unknown(): what never came
Limits:  the bridge lists `limits.ranges` at most: `is_whole` says whether it is all.
"""
from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Tuple

from .. import wire
from ..errors import Violation

_OFFSET = (1 << 48) - 1  # of a token: the place of its message in the topic, the same in all its tokens
_Message = Tuple[str, bytes, int]


class Held:
    """By group and token."""

    def __init__(self, ranges: List[Tuple[str, wire.Place, int]], resumed: int) -> None:
        self._tokens: Dict[Tuple[str, wire.Place], None] = {}
        self._by_message: Dict[_Message, wire.Place] = {}
        for group, first, count in ranges:
            for n in range(count):
                place = first.behind(n)
                self._tokens[group, place] = None
                self._by_message[_message(group, place)] = place
        self.is_whole = len(self._tokens) == resumed

    @classmethod
    def read(cls, fields: wire.Fields) -> Optional[Held]:
        """None: this bridge does not list it."""
        if "held" not in fields:
            return None
        resumed = left = wire.field(fields, "resumed", int)
        ranges = []
        for entry in wire.field(fields, "held", list):
            group, first, count = _range(entry)
            left -= count
            if left < 0:
                raise Violation("WELCOME lists more than it resumes")
            ranges.append((group, first, count))
        return cls(ranges, resumed)

    def __contains__(self, token: Tuple[str, wire.Place]) -> bool:
        return token in self._tokens

    def token_of(self, group: str, place: wire.Place) -> Optional[wire.Place]:
        """Of the message that had this token: the one that it has now."""
        return place if (group, place) in self._tokens else self._by_message.get(_message(group, place))

    def unknown(self, known: Iterator[Tuple[str, wire.Place]]) -> Dict[str, List[wire.Place]]:
        """By group, what is none of these."""
        left = dict(self._tokens)
        for token in known:
            left.pop(token, None)
        found: Dict[str, List[wire.Place]] = {}
        for group, place in left:
            found.setdefault(group, []).append(place)
        return found


def _message(group: str, place: wire.Place) -> _Message:
    """The message in one attempt: an extended lease has another token of the same."""
    return group, place.head[:2], place.tail & _OFFSET


def _range(entry: Any) -> Tuple[str, wire.Place, int]:
    if not isinstance(entry, list) or len(entry) < 3 or not isinstance(entry[0], str):
        raise Violation("a range of what is held that is not as it should be")
    group, token, count = entry[:3]
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise Violation("a range of what is held that has no count")
    return group, wire.Place.read(token), count

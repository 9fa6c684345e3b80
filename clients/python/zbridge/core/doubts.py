"""What the session holds and never came here, where it may be what a fetch was answered with: that is asked again, and until
its answer is known none of it goes back.

Flow:    WELCOME lists it -> add() -> RECEIVE, of the same attempt ... DELIVER -> came() -> take(): what is left goes back
Limits:  what WELCOME lists bounds it.
"""
from __future__ import annotations

from typing import Collection, Dict, List, Sequence, Tuple

from .. import wire


class Doubts:
    def __init__(self) -> None:
        self._by_group: Dict[str, Dict[wire.Place, None]] = {}

    def add(self, group: str, places: Sequence[wire.Place]) -> None:
        self._by_group.setdefault(group, {}).update(dict.fromkeys(places))

    def came(self, group: str, places: Sequence[wire.Place]) -> None:
        mine = self._by_group.get(group, {})
        for place in places:
            mine.pop(place, None)
        if not mine:
            self._by_group.pop(group, None)

    def take(self, but_for: Collection[str]) -> List[Tuple[str, List[wire.Place]]]:
        """Of no fetch: those of all groups but these. They are in doubt no more."""
        going = [group for group in self._by_group if group not in but_for]
        return [(group, list(self._by_group.pop(group))) for group in going]

    def clear(self) -> None:
        self._by_group.clear()

    def __contains__(self, group: str) -> bool:
        return group in self._by_group

    def __bool__(self) -> bool:
        return bool(self._by_group)

"""A scenario: a file of steps and of what is expected of them. README.md is its language; what a file may say is checked here, before
anything is played, so that a word that is misspelt fails instead of saying nothing.
"""
from pathlib import Path

import yaml

FOLDER = Path(__file__).resolve().parent
RUNNERS = ("raw", "python", "cpp")

# What a step may ask of a client, with its arguments: `*` are required.
CLIENT_ACTIONS = {
    "connect": "at name resume heartbeat versions needs silent", "close": "", "cut": "", "lose": "",
    "publish": "topic* messages* once", "begin_publish": "topic* messages* once", "finish": "of*",
    "prepare": "topic* message*", "commit": "of*", "rollback": "of*", "checks": "topic* credit attributes", "check": "of*",
    "unknown": "of*",
    "receive": "group* count* lease attributes", "subscribe": "group* credit lease attributes", "take": "of* count*",
    "credit": "of* credit*", "unsubscribe": "of*", "read": "topic* start offset attributes credit",
    "settle": "of* pick verdict* delay reason", "extend": "of* pick lease",
    "call": "service* message* timeout", "begin_call": "service* message* timeout", "answer": "of*",
    "work": "service* credit", "task": "of*", "reply": "of* message error",
    "query": "topic* key id of since max", "recall": "of*", "reset": "group* to offset time", "admin": "call* args",
    # What only a runner that writes the frames itself can do.
    "say": "command* fields block times counts", "send": "frames*", "hear": "command*", "gone": "",
}
# What a step may ask of the world around the clients: the same for all runners.
WORLD_ACTIONS = {"restart": "", "bridge_ends": "", "bridge_ended": "", "status": ""}
# Expected where a step says nothing else: nothing is refused. These are the keys of the results.
USUAL = {"publish": {"outcomes": "stored"}, "finish": {"outcomes": "stored"}, "prepare": {"outcome": "prepared"}}


class Wrong(Exception):
    """The file of a scenario is not as README.md says."""


class Either(list):
    """Expected is one of these."""


class Step:
    def __init__(self, number, said):
        self.number = number
        self.keep, self.client = said.pop("as", None), said.pop("client", "it")
        self.expect = said.pop("expect", {}) or {}
        if len(said) != 1:
            raise Wrong(f"step {number}: one action, and not {sorted(said)}")
        (self.action, arguments), = said.items()
        self.arguments = arguments or {}
        known = {**CLIENT_ACTIONS, **WORLD_ACTIONS}.get(self.action)
        if known is None:
            raise Wrong(f"step {number}: no such action: {self.action}")
        names = {each.rstrip("*") for each in known.split()}
        if strange := set(self.arguments) - names:
            raise Wrong(f"step {number}, {self.action}: no such argument: {sorted(strange)}")
        if missing := {each[:-1] for each in known.split() if each.endswith("*")} - set(self.arguments):
            raise Wrong(f"step {number}, {self.action}: without {sorted(missing)}")

    @property
    def is_of_world(self):
        return self.action in WORLD_ACTIONS

    def __str__(self):
        return f"step {self.number} ({self.client}: {self.action})"


class Scenario:
    """`about`: what it shows. `needs`: its part of the bridge's file. `without`: {runner: why it cannot do it}."""

    def __init__(self, name, said):
        self.name = name
        if strange := set(said) - {"about", "needs", "without", "steps"}:
            raise Wrong(f"{name}: no such word: {sorted(strange)}")
        self.about, self.needs = said.get("about"), said.get("needs") or {}
        self.without = said.get("without") or {}
        if not isinstance(self.about, str) or not said.get("steps"):
            raise Wrong(f"{name}: it has no `about`, or no steps")
        for runner, why in self.without.items():
            if runner not in RUNNERS or not isinstance(why, str) or len(why) < 10:
                raise Wrong(f"{name}: `without` is a runner, and why it cannot do it")
        try:
            self.steps = [Step(number, each) for number, each in enumerate(said["steps"], 1)]
        except Wrong as wrong:
            raise Wrong(f"{name}: {wrong}") from None

    @property
    def client_actions(self):
        return {step.action for step in self.steps if not step.is_of_world}


class _Loader(yaml.SafeLoader):
    """With the tags of README.md."""


def _many(loader, node):
    times, value = loader.construct_sequence(node, deep=True)
    return [value] * times


def _long(loader, node):
    times, text = loader.construct_sequence(node)
    return text * times


_Loader.add_constructor("!hex", lambda loader, node: bytes.fromhex(loader.construct_scalar(node)))
_Loader.add_constructor("!many", _many)
_Loader.add_constructor("!long", _long)
_Loader.add_constructor("!either", lambda loader, node: Either(loader.construct_sequence(node, deep=True)))


def read(path):
    return Scenario(path.stem, yaml.load(path.read_text(), _Loader))


def all_of_them():
    return [read(path) for path in sorted(FOLDER.glob("*.yaml"))]


def compare(found, expected, where="the result"):
    """What is wrong, or None. A map has what is expected of it, and may have more; all else is equal."""
    if isinstance(expected, Either):
        return None if any(compare(found, each) is None for each in expected) else f"{where}: {found!r}, expected one of {list(expected)!r}"
    if isinstance(expected, dict) and isinstance(found, dict):
        for key, value in expected.items():
            if key not in found:
                return f"{where}: no {key} in {found!r}"
            if wrong := compare(found[key], value, f"{where}, {key}"):
                return wrong
        return None
    if isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        return next((wrong for n, each in enumerate(expected) if (wrong := compare(found[n], each, f"{where}, {n}"))), None)
    same = found == expected and isinstance(found, bool) == isinstance(expected, bool)
    return None if same else f"{where}: {found!r:.400}, expected {expected!r:.400}"


def judge(step, result):
    """What is wrong with the result of a step, or None."""
    if "refused" in result and "refused" not in step.expect:
        return f"refused: {result['refused']}"
    for key, usual in USUAL.get(step.action, {}).items():
        found = result.get(key)
        if key not in step.expect and "refused" not in step.expect and {*(found if isinstance(found, list) else [found])} != {usual}:
            return f"{key}: {found!r:.400}, expected {usual}"
    return compare(result, step.expect)

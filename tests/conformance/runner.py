"""What the runners have in common. A runner plays the steps of one scenario with clients of one kind: `do_ACTION(client, **arguments)`
returns what became of it, a map; what a step keeps (`as`) it keeps under that name for later ones (`of`).

Messages in scenarios are text (one frame), a list (its frames), or a map: `body` and attributes.
"""
import time


class CannotDo(Exception):
    """The runner has no such action: a scenario says so itself, with the reason, or the suite fails."""


class Refused(Exception):
    """By the bridge, or by the client itself."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Runner:
    """`world`: address(client, at), cut(client), context."""

    def __init__(self, world):
        self.world = world
        self.clients = {}
        self.kept = {}
        self._keep_as = None

    @classmethod
    def actions(cls):
        return {name[3:] for name in dir(cls) if name.startswith("do_")}

    def do(self, step):
        """The result of a step."""
        method = getattr(self, f"do_{step.action}", None)
        if method is None:
            raise CannotDo(step.action)
        self._keep_as = step.keep
        arguments = dict(step.arguments)
        if "of" in arguments:
            arguments["of"] = self.kept[arguments["of"]]
        try:
            if step.action == "connect":
                return self.connect(step.client, **arguments)
            if step.client not in self.clients:
                self.connect(step.client)
            return method(self.clients[step.client], **arguments)
        except Refused as refused:
            return {"refused": refused.code}

    def keep(self, thing, result):
        if self._keep_as is not None:
            self.kept[self._keep_as] = thing
        return result

    def connect(self, client, **arguments):
        raise NotImplementedError

    def do_connect(self):
        """It is connect(): the client is not there yet."""

    def end(self):
        raise NotImplementedError


def frames_of(message):
    """As bytes."""
    if isinstance(message, dict):
        message = message["body"]
    return [each if isinstance(each, bytes) else str(each).encode() for each in (message if isinstance(message, list) else [message])]


def attributes_of(message):
    """As in PUBLISH, or None. `delay` (ms) is a `deliver_at` from now on."""
    if not isinstance(message, dict):
        return None
    found = {key: value for key, value in message.items() if key not in ("body", "delay")}
    if "delay" in message:
        found["deliver_at"] = time.time_ns() // 1_000_000 + message["delay"]
    return found or None


def shown(frames):
    """A message as scenarios write it."""
    text = [each.decode(errors="backslashreplace") for each in frames]
    return text[0] if len(text) == 1 else text


def picked(things, pick):
    return things if pick is None else [things[n] for n in pick]


def delivered(deliveries):
    """What a step of one that is delivered something says of it; each has frames, attempt and attributes."""
    return {"messages": [shown(each.frames) for each in deliveries], "attempts": [each.attempt for each in deliveries],
            "attributes": [each.attributes for each in deliveries]}

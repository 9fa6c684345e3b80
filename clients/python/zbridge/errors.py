"""What can go wrong, one class a kind.

The codes are those of docs/PROTOCOL.md: `Error.of(code, text)` makes the class of a code. One that this
version does not know is a plain `Refused`, which is not worth another try. What is no word of the bridge (a timeout,
a client that is closed) has an empty code.
"""
from __future__ import annotations

from typing import Dict, Type


class Error(Exception):
    """The root of all of them."""

    code: str = ""
    worth_another_try: bool = False

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(f"{code or self.code}: {text}" if code or self.code else text)
        self.text = text
        if code:
            self.code = code

    @staticmethod
    def of(code: str, text: str) -> Refused:
        """The error of a code of the bridge."""
        kind = _KINDS.get(code)
        return kind(text) if kind is not None else Refused(text, code)


class Refused(Error):
    """The bridge said no; what was refused had no effect, but for StoreFailed."""


class Malformed(Refused):
    """Bytes, frames or fields that the protocol does not allow: a fault of this client."""
    code = "malformed"


class NoCommonVersion(Refused):
    code = "version"


class OutOfState(Refused):
    code = "out_of_state"


class Unsupported(Refused):
    """A command or a feature that this bridge does not serve."""
    code = "unsupported"


class NotFound(Refused):
    """No topic or group of that name."""
    code = "not_found"


class OutOfRange(Refused):
    code = "out_of_range"


class Denied(Refused):
    code = "denied"


class IdentityTaken(Refused):
    """Another user has a session of this name."""
    code = "identity_taken"


class Replaced(Refused):
    """A newer session has this name: this client does not connect again."""
    code = "replaced"


class SubscriptionsFull(Refused):
    code = "subscriptions_full"
    worth_another_try = True


class LineFull(Refused):
    code = "line_full"
    worth_another_try = True


class TooLarge(Refused):
    code = "too_large"


class TooManyFrames(Refused):
    code = "too_many_frames"


class TopicFull(Refused):
    code = "topic_full"
    worth_another_try = True


class StoreFull(Refused):
    code = "store_full"
    worth_another_try = True


class StoreFailed(Refused):
    """It is not known whether it is durable: as after a lost connection."""
    code = "store_failed"


class Unconfigured(Refused):
    code = "unconfigured"


class Unable(Refused):
    """The topic cannot do that: `once` without `dedup`."""
    code = "unable"


class ShuttingDown(Refused):
    code = "shutting_down"
    worth_another_try = True


class Busy(Refused):
    """The service has as many calls waiting as it may."""
    code = "busy"
    worth_another_try = True


class NoWorker(Refused):
    """Nobody took the call in time: it was not executed."""
    code = "no_worker"


class CallTimeout(Refused, TimeoutError):
    """No reply in time: the call may have been executed, or be yet."""
    code = "timeout"


class WorkerLost(Refused):
    """The worker went away with the call, which may have been executed."""
    code = "worker_lost"


class Failed(Refused):
    """The worker says that it could not be done: `text` is what it says."""
    code = "failed"


class OutboxFull(Refused):
    """This client does not read: the reply is lost."""
    code = "outbox_full"


class Unresumable(Refused):
    """The bridge was started again and cannot tell whether the call has been executed."""
    code = "unresumable"


class Stale(Refused):
    """No delivery was open under that token: somebody has settled the message, or is delivered it again.

    `certain` is False where the message may have been settled by this very call: it was sent twice over a lost
    connection, or the bridge told only how many of a range were stale.
    """
    code = "stale"

    def __init__(self, text: str, code: str = "", certain: bool = True) -> None:
        super().__init__(text, code)
        self.certain = certain


class Timeout(Error, TimeoutError):
    """It took longer than was asked for. What was published is still on its way; what was settled likewise."""


class CallLost(Error):
    """The connection was lost, and the bridge knows nothing of the call: it may have been executed."""


class InFlightFull(Timeout):
    """`Options.max_in_flight` messages (or `max_in_flight_bytes`) have no receipt yet: there is no room for more."""


class Closed(Error):
    """The client, or the subscription, is closed."""


class Unanswered(Error):
    """The connection was lost before the answer, and to ask again might do it twice: whether it was done is not known."""


class Forked(Error):
    """The client is that of the process before the fork: open one in each process."""


class WrongThread(Error):
    """A call from where this client does not allow it."""


class AlreadySettled(Error):
    """This delivery has had its verdict."""


class Violation(Error):
    """The bridge said something that the protocol does not allow; the connection is opened anew."""


def _codes(kind: Type[Refused]) -> Dict[str, Type[Refused]]:
    found = {kind.code: kind} if kind.code else {}
    for each in kind.__subclasses__():
        found.update(_codes(each))
    return found


_KINDS = _codes(Refused)

"""The client of zbridge's own protocol, ZBP/1: receipts, batches, leases, and to go on after a lost connection.

`Client` is for programs with threads, `zbridge.aio.Client` for asyncio. Both drive the same core (`zbridge.core`).
"""
from .client import Client
from .core.asking import Ask, Found
from .core.calls import Call, Task
from .core.checking import Check
from .core.delivery import Delivery
from .core.outbox import Prepared, Publication, Receipt, Receipts, Refusal
from .core.reading import Record
from .core.settling import Extension, Settlement
from .errors import (AlreadySettled, Busy, CallLost, CallTimeout, Closed, Denied, Error, Failed, Forked, IdentityTaken,
                     InFlightFull, LineFull, Malformed, NoCommonVersion, NotFound, NoWorker, OutboxFull, OutOfRange,
                     OutOfState, Refused, Replaced, ShuttingDown, Stale, StoreFailed, StoreFull, SubscriptionsFull,
                     Timeout, TooLarge, TooManyFrames, TopicFull, Unable, Unanswered, Unconfigured, Unresumable,
                     Unsupported, Violation, WorkerLost, WrongThread)
from .message import Message
from .options import Limits, Options
from .checks import Checks
from .reader import Reader
from .subscription import Server, Subscription
from .wire import MessageId
from .worker import Worker

__version__ = "0.1.0"
__all__ = [
    "AlreadySettled", "Ask", "Busy", "Call", "CallLost", "CallTimeout", "Check", "Checks", "Client", "Closed",
    "Delivery", "Denied", "Error", "Extension", "Failed", "Forked", "Found", "IdentityTaken", "InFlightFull",
    "Limits", "LineFull", "Malformed", "Message", "MessageId", "NoCommonVersion", "NotFound", "NoWorker", "Options",
    "OutboxFull", "OutOfRange", "OutOfState", "Prepared", "Publication", "Reader", "Receipt", "Receipts", "Record", "Refusal", "Refused",
    "Replaced", "Server", "Settlement", "ShuttingDown", "Stale", "StoreFailed", "StoreFull", "Subscription",
    "SubscriptionsFull", "Task", "Timeout", "TooLarge", "TooManyFrames", "TopicFull", "Unable", "Unanswered",
    "Unconfigured", "Unresumable", "Unsupported", "Violation", "Worker", "WorkerLost", "WrongThread",
]

"""The protocol without sockets, threads and clocks: what was heard and the time go in, what is to be said comes out.

Flow:    core.py (connection, HELLO, heartbeat) -> outbox.py (PUBLISH) | inbox.py (DELIVER) -> settling.py (SETTLE)
Thread:  none of its own, and no locks: whoever drives it calls it from one thread at a time.
Promise: what the driver does with it decides nothing: the two clients differ in how they wait, and in nothing else.
"""

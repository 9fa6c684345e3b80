"""Addresses for programs that are started together: of the examples, and of the tests in a source tree."""
import random
import socket


def free_addresses(names):
    """{name: tcp://127.0.0.1:port}: ports nobody uses, below those of outgoing connections."""
    addresses = {}
    while len(addresses) < len(names):
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        addresses[names[len(addresses)]] = f"tcp://127.0.0.1:{port}"
    return addresses

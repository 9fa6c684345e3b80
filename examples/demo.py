#!/usr/bin/python3
"""Runs the four scenarios of examples/ through one bridge, and tells what happens."""
import argparse
import importlib.util
import os
import sys
import time
from pathlib import Path

import harness

REPOSITORY = harness.EXAMPLES.parent

# folder, function of its run.py, sockets of its programs, what config/bridge.yaml binds for it
SCENARIOS = [
    ("bank-transfer", "at_least_once", "REQ and REP",
     {"CLIENTS": "tcp://127.0.0.1:5555", "WORKERS": "tcp://127.0.0.1:5556"}),
    ("team-matching", "matching", "REQ and REP",
     {"CLIENTS": "tcp://127.0.0.1:5565", "WORKERS": "tcp://127.0.0.1:5566"}),
    ("order-to-logistics", "logistics", "PUSH and PULL",
     {"ORDERS": "tcp://127.0.0.1:5551", "PACKERS": "tcp://127.0.0.1:5561"}),
    ("social-feed", "feed", "PUB and SUB",
     {"POSTS": "tcp://127.0.0.1:5571", "FOLLOWERS": "tcp://127.0.0.1:5572"}),
]


def scene_of(folder, function):
    file = harness.EXAMPLES / folder / "run.py"
    spec = importlib.util.spec_from_file_location(folder.replace("-", "_"), file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, function)


def with_free_ports(config, folder):
    """Writes a copy of the file with other ports; returns it, and what became of each address."""
    addresses = [address for *_, at in SCENARIOS for address in at.values()]
    other = harness.free_addresses(addresses)
    text = config.read_text()
    for address in addresses:
        text = text.replace(address, other[address])
    copy = folder / config.name
    copy.write_text(text)
    return copy, other


def play_all(account, options):
    with harness.Stage(".", account) as house:
        config = options.config.resolve()
        addresses = {address: address for *_, at in SCENARIOS for address in at.values()}
        if options.free_ports:
            config, addresses = with_free_ports(config, house.tmp)
        taken = [address for address in addresses.values() if harness.is_listening(address)]
        if taken:
            raise harness.Broken(f"something listens already on {', '.join(taken)}.\n"
                                 "Stop it, or let the bridge take other ports: --free-ports")

        bridge = house.start_bridge(options.bridge, config, addresses.values(), {})
        account.note(f"The bridge runs with {os.path.relpath(options.config)}, as process "
                     f"{bridge.process.pid}. What follows are plain pyzmq programs that know "
                     "nothing of it: they only connect to its addresses. `status` is what "
                     "`zbridge status` says meanwhile.")
        for number, (folder, function, sockets, at) in enumerate(SCENARIOS, 1):
            scene = scene_of(folder, function)
            account.title(f"{number}. {scene.__doc__}",
                          f"plain {sockets} sockets, examples/{folder}")
            try:
                with harness.Stage(folder, account, bridge) as stage:
                    scene(stage, {name: addresses[address] for name, address in at.items()})
            except harness.Broken as broken:
                account.failure(str(broken))
        bridge.end_in_order()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    harness.add_bridge_option(parser)
    parser.add_argument("--config", type=Path, default=REPOSITORY / "config" / "bridge.yaml")
    parser.add_argument("--free-ports", action="store_true",
                        help="run a copy of the file with ports that nobody uses")
    options = parser.parse_args()
    harness.stop_on_signals()

    account = harness.Account()
    began = time.monotonic()
    try:
        play_all(account, options)
    except harness.Broken as broken:
        account.failure(str(broken))
    account.end(time.monotonic() - began)
    if not account.broken:
        account.note("The programs, and how to run each by hand: examples/README.md")
    return 1 if account.broken else 0


if __name__ == "__main__":
    sys.exit(main())

"""Where an endpoint can be bound: an IPv4 address, an IPv6 address, every address (`*`), a port that the system chooses (0 or
`*`), and several of these at once; the status and the log say what it is.
"""
from harness import *

YAML = """
endpoints:
  in: { bind: [ "${IN}", "tcp://[::1]:0", "tcp://127.0.0.1:*" ] }
  everywhere: { bind: "tcp://*:0", accept: push }
  both: { bind: "tcp://[::]:0", accept: push }
  out: { bind: "${OUT}", accept: pull }
routes:
  - { from: [in, everywhere, both], to: out }
"""


def port_of(address):
    return int(address.rsplit(":", 1)[1])


def main(flow):
    bridge = flow.bridge(YAML)
    pull = flow.socket(zmq.PULL, bridge.address("OUT"))
    first, v6, chosen = bridge.endpoint("in")["addresses"]
    equal(first, bridge.address("IN"), "the address of the file")
    check(v6.startswith("tcp://[::1]:") and chosen.startswith("tcp://127.0.0.1:"), f"the others: {v6}, {chosen}")
    check(port_of(v6) > 0 and port_of(chosen) > 0 and port_of(v6) != port_of(chosen), "with the ports that the system chose")
    everywhere = port_of(bridge.endpoint("everywhere")["addresses"][0])
    both = port_of(bridge.endpoint("both")["addresses"][0])
    for address in first, v6, chosen:
        check(f"address={address}" in bridge.log(), f"the log says {address}:\n{bridge.log()}")

    addresses = [first, v6, chosen, f"tcp://127.0.0.1:{everywhere}", f"tcp://127.0.0.2:{everywhere}",
                 f"tcp://[::1]:{both}", f"tcp://127.0.0.1:{both}"]
    for address in addresses:
        push = flow.socket(zmq.PUSH, address, IPV6=1)
        push.send(address.encode())
        equal(recv(pull, f"a message over {address}"), [address.encode()], "the message")
        push.close()
    bridge.wait_for_peers("in", 0)
    peer = flow.socket(zmq.PUSH, v6, IPV6=1)
    bridge.wait_for_peers("in", 1)
    check(bridge.endpoint("in")["peers"][0]["address"].startswith("tcp://[::1]:"), "an IPv6 peer's address")
    peer.close()


if __name__ == "__main__":
    run(main)

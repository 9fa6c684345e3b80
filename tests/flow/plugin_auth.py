"""An endpoint with an auth takes whom the plugin lets in, as the user that it says; anybody else is refused at the
handshake, counted as denied, with the plugin's own words in the log. Other endpoints are not asked about.
"""
from harness import *

YAML = """
plugins:
  door: {{ use: "{plugins}/doorman.so", config: {{ guests: [staff, shop] }} }}
endpoints:
  in: {{ bind: "${{IN}}", auth: door }}
  open: {{ bind: "${{OPEN}}" }}
  out: {{ bind: "${{OUT}}", accept: pull }}
routes:
  - {{ from: [in, open], to: out }}
"""


def main(flow):
    bridge = flow.bridge(YAML.format(plugins=flow.options.plugins))
    pull = flow.socket(zmq.PULL, bridge.address("OUT"))

    def dealer(name, address="IN"):
        return flow.socket(zmq.DEALER, bridge.address(address), IDENTITY=name)

    def denied():
        return bridge.status()["endpoints"][0]["refused"].get("denied", 0)

    alice = dealer(b"staff-alice")
    alice.send_multipart([b"", b"from alice"])
    equal(recv(pull, "a guest's message"), [b"from alice"], "it goes through")
    peers = bridge.status()["endpoints"][0]["peers"]
    equal([peer["user"] for peer in peers], ["alice"], "the user is who the plugin says")

    red = dealer(b"staff-\x1b[31mred")
    red.send_multipart([b"", b"from red"])
    equal(recv(pull, "another guest's message"), [b"from red"], "a name may have any bytes")
    shown = bridge.command("status", "--peers", "--at", bridge.data_dir).stdout
    check("\\x1b[31mred" in shown and "\x1b" not in shown, f"a terminal that shows it does not obey it: {shown}")

    stranger = dealer(b"nobody")
    stranger.send_multipart([b"", b"from a stranger"])
    wait_until(lambda: denied() > 0, "the stranger is refused")
    wait_until(lambda: "not on the list" in bridge.log(), "the log has the plugin's words")
    broken = dealer(b"throws")
    broken.send_multipart([b"", b"from one that breaks the plugin"])
    wait_until(lambda: denied() > 1, "one that the plugin fails at is refused too")
    told = lambda: [line for line in bridge.log().splitlines() if "doorman.so) has failed: the guest book is gone" in line]
    failed = wait_until(told, "the log says which plugin has failed")[0]
    check("instance=door " in failed and "bridge.yaml:4:3" in failed, f"and where it stands: {failed}")

    elsewhere = dealer(b"nobody", "OPEN")
    elsewhere.send_multipart([b"", b"by the open door"])
    equal(recv(pull, "a message by the open door"), [b"by the open door"], "another endpoint asks nobody, and nothing of the refused came before")
    plugin = bridge.status()["plugins"][0]
    equal(plugin["is"], "auth", "status shows what the plugin is for")
    check(plugin["denied"] >= 2 and plugin["peers"] > plugin["denied"], f"status counts peers: {plugin}")
    equal(bridge.terminate(), 0, "it ends")


if __name__ == "__main__":
    run(main, plugins="")

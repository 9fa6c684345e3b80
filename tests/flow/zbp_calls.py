"""CALL and REPLY by raw frames, beside plain sockets of the same service: plain clients are answered by ZBP/1 workers, ZBP/1 callers by plain
workers. Workers are killed (kill -9): at_least_once another has it, at_most_once the caller is told. The bridge is killed: a caller with a
name has its answers all the same, each call executed once.
"""
from harness import *
from zbp import Client, block, messages_in

CALLS = 200
KILLS = 3
YAML = """
bridge:
  listen: "${ZBP}"
  drain_timeout: 5s
plugins: { durable: {} }
endpoints:
  asking: { bind: "${ASKING}" }
  working: { bind: "${WORKING}" }
services:
  mixed: { clients: asking, workers: working, timeout: 60s }
  least: { execute: at_least_once, timeout: 60s, resume_grace: 100ms }
  most: { timeout: 1s, resume_grace: 100ms }
  kept: { timeout: 60s, restart: resume, resume_grace: 10s }
"""


class Caller(Client):
    def call(self, ref, body, service="mixed", **fields):
        self.say("CALL", {"ref": ref, "service": service, **fields}, block(body))

    def answer(self, to=None):
        """(ref, the frames or the code); or these alone, of that one: what was answered before a kill may come again."""
        while True:
            name, fields, wire = self.hear("REPLY", "REFUSED")
            its = messages_in(wire)[0] if name == "REPLY" else fields["code"]
            if to is None:
                return fields["ref"], its
            if to == fields["ref"]:
                return its


class Worker(Client):
    def __init__(self, context, address, service="mixed", credit=1, **hello):
        super().__init__(context, address, **hello)
        self.say("SUBSCRIBE", {"sub": 1, "service": service, "credit": credit})
        self.hear("SUBSCRIBED")

    def given(self):
        fields, wire = self.hear("CALL")
        return fields, messages_in(wire)[0]

    def reply(self, call, body):
        self.say("REPLY", {"sub": 1, "call": call}, block(body))


def works(link, address, credit, service="mixed"):
    worker = Worker(zmq.Context(), address, service, credit)
    link.say("works")
    while True:
        fields, frames = worker.given()
        if frames[-1] == b"stop":
            link.say(frames[-1])
            link.hear()  # for ever: it is killed
        worker.reply(fields["call"], [b"zbp", *frames])


def plain_worker(link, address):
    replies = connected(zmq.Context(), zmq.REP, address, RECONNECT_IVL=10)
    while True:
        replies.send_multipart([b"plain", *replies.recv_multipart()])


def both_kinds(flow, bridge):
    """Both kinds of callers, both kinds of workers."""
    flow.start(plain_worker, bridge.address("WORKING"))
    flow.start(works, bridge.address("ZBP"), 4).hear()
    bridge.wait_for("both work", lambda _: bridge.service("mixed")["workers"] == 2)
    caller = Caller(flow.context, bridge.address("ZBP"))
    for ref in range(CALLS):
        caller.call(ref, [b"a", b"%d" % ref] if ref % 2 else b"%d" % ref)
    asking = flow.socket(zmq.REQ, bridge.address("ASKING"))
    by = set()
    for n in range(CALLS):
        asking.send(b"req %d" % n)
        who, body = recv(asking, "a reply")
        equal(body, b"req %d" % n, "the reply is to this request")
        by.add(who)
    answers = dict(caller.answer() for _ in range(CALLS))
    equal(sorted(answers), list(range(CALLS)), "each call is answered once")
    for ref, (who, *frames) in answers.items():
        equal(frames, [b"a", b"%d" % ref] if ref % 2 else [b"%d" % ref], "the reply is to this call")
        by.add(who)
    equal(by, {b"plain", b"zbp"}, "both kinds of workers had some")
    caller.close()


def killed_workers(flow, bridge):
    """With a call in hand: at_least_once another has it, at_most_once the caller is told so."""
    caller = Caller(flow.context, bridge.address("ZBP"))
    for service, answer in (("least", [b"zbp", b"go on"]), ("most", "worker_lost")):
        for n in range(KILLS):
            first = flow.start(works, bridge.address("ZBP"), 1, service)
            first.hear()
            caller.call(n, b"stop", service)
            equal(first.hear(), b"stop", "it has the call")
            first.kill()
            bridge.wait_for("it is seen to be gone", lambda _: bridge.service(service)["workers"] == 0)
            second = Worker(flow.context, bridge.address("ZBP"), service)
            if service == "least":
                fields, frames = second.given()
                equal((fields["attempt"], frames), (2, [b"stop"]), "another has it")
                second.reply(fields["call"], answer)
            equal(caller.answer(), (n, answer), f"the caller of {service} is told")
            second.close()
            bridge.wait_for("the second has gone", lambda _: bridge.service(service)["workers"] == 0)
    caller.close()


def killed_bridge(flow, bridge):
    """A named caller's call, in a worker's hands, is answered in the bridge's next life, and executed once."""
    address, executed = bridge.address("ZBP"), []
    caller = Caller(flow.context, address, name="till")
    worker = Worker(flow.context, address, "kept")
    for n in range(KILLS):
        for ref in (2 * n, 2 * n + 1):  # the second waits in the line
            caller.call(ref, b"%d" % ref, "kept")
        fields, frames = worker.given()
        executed += frames
        bridge.wait_for("the other waits", lambda _: bridge.service("kept")["waiting"] == 1)
        bridge.kill()
        caller.close()
        worker.close()
        bridge.start()
        caller = Caller(flow.context, address, name="till", resume=True)
        check({2 * n, 2 * n + 1} <= set(caller.welcome["calls"]), f"they are listed: {caller.welcome['calls']}")
        worker = Worker(flow.context, address, "kept")
        worker.reply(fields["call"], b"late " + frames[0])
        equal(caller.answer(2 * n), [b"late %d" % (2 * n)], "the late reply is taken")
        fields, frames = worker.given()
        executed += frames
        worker.reply(fields["call"], frames)
        equal(caller.answer(2 * n + 1), [b"%d" % (2 * n + 1)], "the other is executed now")
    equal(executed, [b"%d" % n for n in range(2 * KILLS)], "each was executed once")


def bad_input(flow, bridge):
    """The session goes on after a refusal, and ends after what is malformed."""
    its = Worker(flow.context, bridge.address("ZBP"), "most")
    for name, fields, wire, code in (
            ("CALL", {"ref": 1, "service": "nothing"}, block(b"x"), "not_found"),
            ("CALL", {"ref": 1, "service": "most", "timeout": 0}, block(b"x"), "out_of_range"),
            ("CALL", {"ref": 1, "service": "most"}, block([b""] * 65), "too_many_frames"),
            ("SUBSCRIBE", {"sub": 1, "service": "most", "credit": 1}, None, "out_of_state"),
            ("SUBSCRIBE", {"sub": 2, "service": "nothing", "credit": 1}, None, "not_found"),
            ("SUBSCRIBE", {"sub": 2, "service": "most", "credit": 100_001}, None, "out_of_range"),
            ("CREDIT", {"sub": 9, "credit": 1}, None, "not_found"),
            ("UNSUBSCRIBE", {"sub": 9}, None, "not_found")):
        its.say(name, fields, wire)
        fields, _ = its.hear("REFUSED")
        equal((fields["re"], fields["code"], fields["fatal"]), (name, code, False), f"{name} {fields}")
    its.say("CALL", {"ref": 1, "service": "most"}, block(b"echo"))
    call = its.given()[0]["call"]
    its.say("REPLY", {"sub": 9, "call": call}, block(b"x"))
    equal(its.hear("REFUSED")[0]["code"], "not_found", "a subscription that is not there")
    its.say("REPLY", {"sub": 1, "call": call, "error": "never"})
    equal(its.hear("REFUSED")[0]["code"], "failed", "the worker's error")
    its.close()
    for name, fields, wire in (
            ("CALL", {"ref": 1, "service": "most"}, None),
            ("CALL", {"ref": 1, "service": "most"}, block(b"x", b"y")),
            ("CALL", {"ref": 1, "service": "most"}, b""),
            ("CALL", {"ref": 1, "service": "most"}, b"\1\1x"),
            ("CALL", {"ref": -1, "service": "most"}, block(b"x")),
            ("CALL", {"service": "most"}, block(b"x")),
            ("CALL", {"ref": 1}, block(b"x")),
            ("CALL", {"ref": 1, "service": b"most"}, block(b"x")),
            ("CALL", {"ref": 1, "service": "most", "timeout": 1.5}, block(b"x")),
            ("REPLY", {"sub": 1, "call": call}, None),
            ("REPLY", {"sub": 1, "call": call, "error": "x"}, block(b"x")),
            ("REPLY", {"sub": 1, "call": call, "error": "x" * 1001}, None),
            ("REPLY", {"sub": 1, "call": call[:15]}, block(b"x")),
            ("REPLY", {"sub": 1, "call": bytes(16)}, block(b"x")),
            ("REPLY", {"call": call}, block(b"x")),
            ("SUBSCRIBE", {"sub": 1, "service": "most", "group": "g", "credit": 1}, None)):
        its = Caller(flow.context, bridge.address("ZBP"))
        its.say(name, fields, wire)
        told, _ = its.hear("REFUSED")
        equal((told["code"], told["fatal"]), ("malformed", True), f"{name} {fields} {wire}")
        its.close()
    caller = Caller(flow.context, bridge.address("ZBP"))
    caller.call(1, b"x", "most", timeout=1)
    equal(caller.answer(), (1, "no_worker"), "the bridge goes on")


def main(flow):
    bridge = flow.bridge(YAML)
    both_kinds(flow, bridge)
    killed_workers(flow, bridge)
    killed_bridge(flow, bridge)
    bad_input(flow, bridge)


if __name__ == "__main__":
    run(main)

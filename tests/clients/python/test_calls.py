"""What the client's core promises of calls: in virtual time, against what the bridge would say."""
import random
import unittest

from virtual import wire
from zbridge import base, errors
from zbridge.core.core import CLOSING, FAILED, OPEN, Core
from zbridge.core.calls import ANSWER_MS, REPLIES_MS, Call
from zbridge.options import Limits, Options


class Owner:
    def later(self, call):
        call()


def corr(number):
    return b"\x01\x01" + bytes(13) + bytes([number])


class Program:
    """A core, and what it says: the test is the bridge."""

    def __init__(self, **options):
        self.now_ms = 0
        self.core = Core(Options(**options), 0, 1, random.Random(1))
        self.core.owner = Owner()

    def said(self):
        """What goes out now, as (name, fields), heartbeats left out."""
        self.core.tick(self.now_ms)
        heard = [wire.decode(frames) for frames in self.core.take_output(self.now_ms)]
        return [(each.name, each.fields) for each in heard if each.name != "HEARTBEAT"]

    def hear(self, name, block=None, **fields):
        self.core.received(wire.encode(name, fields, block), self.now_ms)

    def welcome(self, *calls, features=("calls", "resume")):
        """The next connection is there."""
        while True:
            self.core.tick(self.now_ms)
            (hello,) = self.said() or [None]
            if hello is not None:
                break
            self.now_ms += 10
        fields = {"calls": list(calls)} if calls else {}
        self.hear("WELCOME", version=1, bridge="b", epoch=1, features=list(features), heartbeat=2000, resumed=0, held=[],
                  limits=Limits().__dict__, **fields)
        assert self.core.state in (OPEN, FAILED), self.core.state
        return hello[1]

    def lose(self):
        self.core.lost("cut", self.now_ms)

    def call(self, body=b"x", timeout_ms=None, service="work"):
        made = Call(self.core.owner, service, wire.body([body]), None if timeout_ms is None else self.now_ms + timeout_ms)
        self.core.call(made)
        return made

    def give(self, work, number, body=b"x", **fields):
        self.hear("CALL", wire.body([body]), sub=work.sub, call=corr(number), attempt=1, **fields)

    def reply(self, task, body=b"y", error=None):
        self.core.reply(task, None if error is not None else wire.body([body]), error, self.now_ms)

    def take(self, work):
        return self.core.calls.take(work, self.now_ms)


def opened(**options):
    program = Program(**options)
    program.welcome()
    return program


class Calling(unittest.TestCase):
    def test_many_are_answered_in_any_order(self):
        program = opened()
        first, second = program.call(b"a"), program.call(b"b", timeout_ms=500)
        self.assertEqual(program.said(), [("CALL", {"ref": 1, "service": "work"}),
                                          ("CALL", {"ref": 2, "service": "work", "timeout": 500})])
        program.hear("REPLY", wire.body([b"B", b"2"]), ref=2)
        self.assertEqual((first.done, second.outcome()), (False, [b"B", b"2"]))
        program.hear("REPLY", wire.body([b"A"]), ref=1)
        self.assertEqual(first.outcome(), [b"A"])
        self.assertTrue(program.core.calls.is_idle)

    def test_what_it_was_refused_with_is_raised(self):
        program = opened()
        for code, kind in (("busy", errors.Busy), ("no_worker", errors.NoWorker), ("timeout", errors.CallTimeout),
                           ("worker_lost", errors.WorkerLost), ("failed", errors.Failed), ("not_found", errors.NotFound)):
            call = program.call()
            (_, fields), = program.said()
            program.hear("REFUSED", re="CALL", ref=fields["ref"], code=code, text="why", fatal=False)
            with self.assertRaises(kind) as raised:
                call.outcome()
            self.assertEqual((raised.exception.code, raised.exception.text), (code, "why"))

    def test_it_goes_when_there_is_a_connection(self):
        program = Program()
        call, late = program.call(timeout_ms=60_000), program.call(timeout_ms=1)
        program.now_ms += 10
        program.welcome()
        self.assertEqual(program.said()[0][1]["timeout"], 60_000 - program.now_ms)
        self.assertFalse(call.done)
        self.assertRaises(errors.CallTimeout, late.outcome)

    def test_no_more_wait_for_answers_than_may(self):
        program = opened()
        program.core.calls.limits = Limits(calls=2)
        calls = [program.call() for _ in range(3)]
        self.assertEqual([fields["ref"] for _, fields in program.said()], [1, 2])
        program.hear("REPLY", wire.body([b""]), ref=1)
        self.assertEqual([fields["ref"] for _, fields in program.said()], [3])
        self.assertEqual([each.done for each in calls], [True, False, False])

    def test_a_bridge_that_does_not_answer_is_not_waited_for(self):
        program = opened(heartbeat=3600)
        call = program.call(timeout_ms=100)
        program.said()
        self.assertEqual(program.core.next_deadline(), 100 + program.now_ms)
        program.now_ms += 100 + ANSWER_MS - 1
        program.said()
        self.assertFalse(call.done, "its word may be on the way")
        program.now_ms += 1
        program.said()
        self.assertRaises(errors.CallTimeout, call.outcome)
        program.hear("REPLY", wire.body([b"late"]), ref=1)
        self.assertEqual(program.core.state, OPEN)

    def test_without_a_name_a_lost_connection_ends_them(self):
        program = opened()
        call = program.call()
        program.said()
        waiting = program.call()
        program.lose()
        self.assertRaises(errors.CallLost, call.outcome)
        self.assertIsNone(program.welcome().get("resume"))
        self.assertEqual([name for name, _ in program.said()], ["CALL"], "the one that was never said")
        self.assertFalse(waiting.done)

    def test_with_a_name_those_that_the_bridge_knows_go_on(self):
        program = opened(name="till")
        calls = [program.call(), program.call()]
        program.said()
        program.lose()
        self.assertEqual([each.done for each in calls], [False, False])
        self.assertIs(program.welcome(2)["resume"], True)
        self.assertRaises(errors.CallLost, calls[0].outcome)
        self.assertEqual(program.said(), [], "it is not said again")
        program.hear("REPLY", wire.body([b"two"]), ref=2)
        self.assertEqual(calls[1].outcome(), [b"two"])

    def test_a_bridge_without_services_says_so(self):
        program = Program()
        early = program.call()
        work = program.core.work("work", 1)
        program.welcome(features=["resume"])
        self.assertRaises(errors.Unsupported, early.outcome)
        self.assertIsInstance(work.error, errors.Unsupported)
        self.assertRaises(errors.Unsupported, program.call)

    def test_closing_waits_for_answers(self):
        program = opened()
        call = program.call()
        program.said()
        program.core.close(program.now_ms)
        self.assertEqual(program.said(), [])
        self.assertRaises(errors.Closed, program.call)
        program.hear("REPLY", wire.body([b"y"]), ref=1)
        self.assertEqual(program.said(), [("BYE", {})])
        self.assertEqual((program.core.state, call.outcome()), (CLOSING, [b"y"]))

    def test_when_the_bridge_ends_the_answers_are_waited_for(self):
        program = opened()
        call = program.call()
        program.said()
        program.hear("BYE", code="shutting_down", text="")
        later = program.call()
        self.assertEqual(program.said(), [])
        program.hear("REPLY", wire.body([b"y"]), ref=1)
        self.assertEqual(program.said(), [("BYE", {})])
        self.assertTrue(call.done)
        program.lose()
        program.welcome()
        self.assertEqual([name for name, _ in program.said()], ["CALL"])
        self.assertFalse(later.done)

    def test_what_is_no_reply_loses_the_connection(self):
        for block in (None, b"", wire.body([b"a"]) + wire.body([b"b"]), b"\x05"):
            program = opened()
            program.call()
            program.said()
            program.hear("REPLY", block, ref=1)
            self.assertNotEqual(program.core.state, OPEN, block)

    def test_arguments(self):
        self.assertRaises(ValueError, base.call, None, "work", b"", 0)
        self.assertRaises(TypeError, base.call, None, "work", "text", 1)
        self.assertRaises(TypeError, base.call, None, b"work", b"", 1)
        self.assertRaises(ValueError, base.credit, -1)


class Working(unittest.TestCase):
    def working(self, credit=2, **options):
        program = opened(**options)
        work = program.core.work("work", credit)
        self.assertEqual(program.said(), [("SUBSCRIBE", {"sub": work.sub, "service": "work", "credit": credit})])
        program.hear("SUBSCRIBED", sub=work.sub)
        return program, work

    def test_each_call_has_a_reply(self):
        program, work = self.working()
        program.give(work, 1, b"a")
        program.give(work, 2, b"b", timeout=50)
        first, second = program.take(work), program.take(work)
        self.assertEqual((first.body, first.attempt, second.body, program.take(work)), (b"a", 1, b"b", None))
        program.reply(second)
        program.reply(first, error="no " + "ü" * 1000)
        (_, reply), (_, error) = program.said()
        self.assertEqual(reply, {"sub": work.sub, "call": corr(2)})
        self.assertEqual((error["call"], len(error["error"].encode())), (corr(1), 999), "cut where a letter ends")

    def test_what_nobody_waits_for_is_not_done(self):
        program, work = self.working()
        program.give(work, 1, timeout=50)
        program.now_ms += 50
        self.assertIsNone(program.take(work))
        self.assertEqual([(name, fields["error"]) for name, fields in program.said()], [("REPLY", "too late")])

    def test_replies_go_over_the_next_connection(self):
        program, work = self.working()
        for number in (1, 2):
            program.give(work, number)
        done, doing = program.take(work), program.take(work)
        program.reply(done)
        program.said()  # it may never have come there
        program.lose()
        program.reply(doing)
        program.welcome()
        subscribe, *replies = program.said()
        self.assertEqual(subscribe, ("SUBSCRIBE", {"sub": work.sub, "service": "work", "credit": 2}))
        self.assertEqual([fields["call"] for _, fields in replies], [corr(1), corr(2)])
        program.lose()
        program.now_ms += REPLIES_MS
        program.welcome()
        self.assertEqual([name for name, _ in program.said()], ["SUBSCRIBE"], "they have been said long ago")

    def test_an_ended_work_does_what_it_has(self):
        program, work = self.working()
        program.give(work, 1)
        program.core.calls.end(work)
        self.assertEqual(program.said(), [("UNSUBSCRIBE", {"sub": work.sub})])
        program.hear("UNSUBSCRIBED", sub=work.sub)
        program.core.close(program.now_ms)
        self.assertEqual(program.said(), [], "there is a task")
        program.reply(program.take(work))
        self.assertEqual([name for name, _ in program.said()], ["REPLY", "BYE"])

    def test_an_ended_work_replies_over_the_next_connection_too(self):
        program, work = self.working()
        program.give(work, 1)
        task = program.take(work)
        program.lose()
        program.core.calls.end(work)
        program.welcome()
        self.assertEqual(program.said(), [("SUBSCRIBE", {"sub": work.sub, "service": "work", "credit": 0})])
        program.reply(task)
        self.assertEqual([name for name, _ in program.said()], ["REPLY", "UNSUBSCRIBE"])
        program.hear("UNSUBSCRIBED", sub=work.sub)
        self.assertTrue(program.core.calls.is_idle)

    def test_one_that_is_ended_with_tasks_of_before_goes_on_until_they_are_done(self):
        program, work = self.working()
        program.give(work, 1)
        task = program.take(work)
        program.lose()
        program.welcome()
        program.said()
        program.core.calls.end(work)
        self.assertEqual(program.said(), [("CREDIT", {"sub": work.sub, "credit": 0})])
        program.reply(task)
        self.assertEqual([name for name, _ in program.said()], ["REPLY", "UNSUBSCRIBE"])

    def test_when_the_bridge_ends_it_finishes_and_comes_back(self):
        program, work = self.working()
        program.give(work, 1)
        task = program.take(work)
        program.hear("BYE", code="shutting_down", text="")
        self.assertEqual(program.said(), [("UNSUBSCRIBE", {"sub": work.sub})])
        program.give(work, 2)  # was on its way
        program.hear("UNSUBSCRIBED", sub=work.sub)
        program.reply(task)
        self.assertEqual([name for name, _ in program.said()], ["REPLY"])
        program.reply(program.take(work))
        self.assertEqual([name for name, _ in program.said()], ["REPLY", "BYE"])
        program.lose()
        program.welcome()
        self.assertEqual(program.said()[0][0], "SUBSCRIBE")

    def test_a_refused_work_says_why(self):
        program, work = self.working()
        program.hear("REFUSED", re="SUBSCRIBE", sub=work.sub, code="not_found", text="", fatal=False)
        self.assertIsInstance(work.error, errors.NotFound)
        program, work = self.working()
        program.hear("REFUSED", re="REPLY", sub=work.sub, code="not_found", text="", fatal=False)
        self.assertIsNone(work.error)

    def test_a_session_that_held_a_call_for_too_long_begins_anew(self):
        program, work = self.working()
        program.hear("REFUSED", re="", code="timeout", text="", fatal=True)
        program.welcome()
        self.assertEqual(program.said()[0][0], "SUBSCRIBE")

    def test_a_call_for_nobody_loses_the_connection(self):
        program, work = self.working()
        program.hear("CALL", wire.body([b"x"]), sub=work.sub + 1, call=corr(1), attempt=1)
        self.assertNotEqual(program.core.state, OPEN)


if __name__ == "__main__":
    unittest.main()

"""What the client's core promises, in virtual time against a fake bridge."""
import random
import re
import unittest
from pathlib import Path

from virtual import FakeBridge, Program, wire
from zbridge import errors
from zbridge.core.core import FAILED, GREETING, OPEN
from zbridge.core.settling import Extension


def said(program):
    """What goes out now, as (name, fields)."""
    program.turn()
    found = [wire.decode(frames) for frames in program.to_bridge]
    program.to_bridge.clear()
    return [(each.name, each.fields) for each in found]


class Case(unittest.TestCase):
    def opened(self, dedup=True, **options):
        bridge = FakeBridge({"orders": dedup})
        program = Program(bridge, **options)
        program.carry_all()
        self.assertEqual(program.core.state, OPEN)
        return bridge, program

    def consuming(self, count=3, lease_ms=3000, auto_extend_ms=0, **options):
        """With `count` messages handed out to it."""
        bridge, program = self.opened(**options)
        program.submit("orders", *(b"%d" % n for n in range(count)))
        program.core.flush(bridge.now_ms)
        program.carry_all()
        bridge.commit()
        subscription = program.core.subscribe("orders", 100, lease_ms, auto_extend_ms)
        program.carry_all()
        return bridge, program, subscription, [program.core.inbox.take(subscription) for _ in range(count)]


class Publishing(Case):
    def test_a_batch_goes_when_it_is_full_or_has_waited(self):
        bridge, program = self.opened(batch_messages=3, linger=0.05)
        for n in range(4):
            program.submit("orders", b"%d" % n)
        self.assertEqual([fields["count"] for _, fields in said(program)], [3])
        self.assertEqual(program.core.next_deadline(), bridge.now_ms + 50)
        bridge.advance(50)
        self.assertEqual([(fields["seq"], fields["count"]) for _, fields in said(program)], [(1_000_003, 1)])

    def test_a_batch_goes_when_it_has_enough_bytes(self):
        _, program = self.opened(batch_bytes=100, linger=10)
        program.submit("orders", b"x" * 60)
        self.assertEqual(said(program), [])
        program.submit("orders", b"x" * 60)
        self.assertEqual([fields["count"] for _, fields in said(program)], [1], "two are too much for one")

    def test_what_is_flushed_does_not_wait(self):
        _, program = self.opened(linger=10)
        program.submit("orders", b"1")
        program.core.flush(0)
        self.assertEqual(len(said(program)), 1)

    def test_a_batch_has_one_topic_and_numbers_without_gaps(self):
        _, program = self.opened(name="a", linger=0)
        program.submit("orders", b"1")
        program.submit("orders", b"2", once=True)
        program.submit("orders", b"3", seq=2_000_000)
        self.assertEqual([fields["seq"] for _, fields in said(program)], [1_000_000, 1_000_001, 2_000_000])

    def test_no_more_than_max_in_flight(self):
        bridge, program = self.opened(max_in_flight=5)
        program.submit("orders", *[b"x"] * 5)
        with self.assertRaises(errors.InFlightFull):
            program.submit("orders", b"x")
        program.core.flush(0)
        program.carry_all()
        bridge.commit()
        program.carry_all()
        program.submit("orders", b"x")

    def test_no_more_than_max_in_flight_bytes(self):
        _, program = self.opened(max_in_flight_bytes=100)
        program.submit("orders", b"x" * 90)
        with self.assertRaises(errors.InFlightFull):
            program.submit("orders", b"x" * 20)

    def test_no_more_on_the_wire_than_the_bridge_takes(self):
        _, program = self.opened(batch_messages=50)
        program.submit("orders", *[b"x"] * 300)
        program.core.flush(0)
        self.assertEqual([fields["count"] for _, fields in said(program)], [50, 50, 20], "limits.receipts is 120")

    def test_one_too_large_is_refused_here(self):
        bridge, program = self.opened()
        with self.assertRaises(errors.TooLarge):
            program.submit("orders", b"x" * (16 << 20))
        first = program.submit("orders", b"1", b"x" * 5000, b"2")
        program.core.outbox.limits = program.core.outbox.limits.__class__(message_bytes=4096)
        for _ in range(3):
            program.core.flush(0)
            program.carry_all()
            bridge.commit()
        program.carry_all()
        self.assertEqual([each.code for each in first.outcomes], ["", "too_large", ""])

    def test_what_would_be_malformed_is_refused_here(self):
        _, program = self.opened()
        for topic in ("", "a b", "a/b", "x" * 128):
            with self.assertRaises(ValueError):
                program.submit(topic, b"1")
        with self.assertRaises(ValueError):
            program.submit("orders", b"1", once=True)  # without a name
        with self.assertRaises(TypeError):
            program.submit("orders", "text")
        program.submit("orders", b"1", seq=2_000_000)
        with self.assertRaises(ValueError):
            program.submit("orders", b"1", seq=2_000_000)
        program.core.flush(0)
        self.assertEqual([name for name, _ in said(program)], ["PUBLISH"])

    def test_sent_again_with_the_same_numbers_until_there_is_a_receipt(self):
        bridge, program = self.opened(name="a", linger=0)
        program.submit("orders", b"1", b"2", once=True)
        program.turn()
        program.cut(1)  # it got there
        bridge.commit()
        program.notice()
        bridge.advance(100)
        program.carry_all()
        bridge.commit()
        program.carry_all()
        self.assertEqual(program.core.outbox.messages, 0)
        self.assertEqual([each.frames for each in bridge.topics["orders"].stored], [[b"1"], [b"2"]])

    def test_what_comes_too_late_for_an_ending_bridge_goes_to_the_next(self):
        bridge, program = self.opened(linger=0)
        bridge.bye()
        made = program.submit("orders", b"1")
        program.turn()
        program.carry_out()
        bridge.commit()  # shutting_down
        program.carry_in()
        program.carry_in()
        self.assertFalse(made.done)
        bridge.kill()
        program.notice()
        bridge.advance(500)
        program.carry_all()
        bridge.commit()
        program.carry_all()
        self.assertEqual(made.outcome().stored, 1)

    def test_a_refusal_is_told_with_its_code(self):
        bridge, program = self.opened(linger=0)
        bridge.refused = "topic_full"
        made = program.submit("orders", b"1")
        program.carry_all()
        bridge.commit()
        program.carry_all()
        error = made.outcome().refused[0].error
        self.assertIsInstance(error, errors.TopicFull)
        self.assertTrue(error.worth_another_try)

    def test_a_receipt_out_of_order_is_a_violation(self):
        _, program = self.opened(linger=0)
        program.submit("orders", b"1", b"2")
        program.turn()
        with self.assertLogs("zbridge"):
            program.core.received(wire.encode("RECEIPT", {"stored": [[1_000_001, 1, bytes(16), False]]}), 0)
        self.assertNotEqual(program.core.state, OPEN)


class Connecting(Case):
    def test_only_hello_before_welcome(self):
        program = Program(FakeBridge({"orders": True}), linger=0)
        program.submit("orders", b"1")
        program.core.subscribe("orders", 1, None, 0)
        self.assertEqual([name for name, _ in said(program)], ["HELLO"])
        self.assertEqual(program.core.state, GREETING)

    def test_no_welcome_is_no_connection(self):
        bridge, program = FakeBridge({}), None
        program = Program(bridge, connect_timeout=1)
        program.turn()
        bridge.advance(1000)
        program.turn()
        self.assertEqual(program.core.link_number, 0)
        bridge.advance(100)
        program.turn()
        self.assertEqual(program.core.link_number, 2)

    def test_attempts_come_later_and_later(self):
        bridge = FakeBridge({})
        program = Program(bridge, backoff_min=0.1, backoff_max=2)
        waits = []
        for _ in range(10):
            program.turn()
            program.core.lost("cut", bridge.now_ms)
            waits.append(program.core.next_deadline() - bridge.now_ms)
            bridge.advance(waits[-1])
        for n, wait in enumerate(waits):
            whole = min(2000, 100 * 2 ** n)
            self.assertTrue(whole / 2 <= wait <= whole, waits)

    def test_silence_is_a_lost_connection_and_said_against(self):
        bridge, program = self.opened(heartbeat=1)
        bridge.advance(700)
        self.assertEqual(said(program), [("HEARTBEAT", {})])
        bridge.advance(2300)
        program.turn()
        self.assertEqual((program.core.link_number, program.core.losses), (0, 1))

    def test_replaced_is_for_good(self):
        bridge, program = self.opened(name="a")
        other = Program(bridge, name="a")
        made = program.submit("orders", b"1")
        other.turn()
        other.carry_out()
        program.carry_in()
        self.assertEqual(program.core.state, FAILED)
        self.assertIsInstance(made.error, errors.Replaced)
        with self.assertRaises(errors.Replaced):
            program.submit("orders", b"1")
        self.assertIsNone(program.core.next_deadline())

    def test_out_of_state_begins_anew(self):
        _, program = self.opened()
        program.core.received(wire.encode("REFUSED", {"re": "X", "code": "out_of_state", "text": "", "fatal": True}), 0)
        self.assertEqual((program.core.state, program.core.link_number), ("idle", 0))

    def test_what_is_not_known_is_ignored(self):
        _, program = self.opened()
        for frames in (wire.encode("NEWS", {"a": [1]}), wire.encode("NEWS", {}, b"x"), wire.encode("HEARTBEAT", {"new": 1})):
            program.core.received(frames, 0)
        self.assertEqual(program.core.state, OPEN)

    def test_garbage_never_does_more_than_end_the_connection(self):
        chance = random.Random(5)
        names = ["WELCOME", "RECEIPT", "DELIVER", "SUBSCRIBED", "UNSUBSCRIBED", "SETTLED", "BYE", "REFUSED", "HEARTBEAT"]
        values = [0, 1, -1, 1 << 63, "x", b"x", bytes(16), [], [[]], [[1, 1, bytes(16), 0]], [[bytes(16), 1, 1, bytes(16)]], {}, True, 1.5]
        fields = ["sub", "ref", "stored", "refused", "runs", "stale", "tokens", "code", "text", "fatal", "epoch", "limits"]
        with self.assertLogs("zbridge"):
            for _ in range(3000):
                _, program = self.opened()
                program.core.subscribe("orders", 1, None, 0)
                program.submit("orders", b"1")
                program.core.flush(0)
                program.turn()
                frames = wire.encode(chance.choice(names), {chance.choice(fields): chance.choice(values) for _ in range(4)},
                                     chance.choice([None, None, b"\x00\x01x", b"\x07"]))
                if chance.random() < 0.3:
                    frames[0] = frames[0][:chance.randrange(len(frames[0]))]
                program.core.received(frames, 0)

    def test_every_code_of_the_page_has_its_class(self):
        page = (Path(__file__).resolve().parents[3] / "docs/PROTOCOL.md").read_text()
        table = page[page.index(". Codes\n"):].split("\n## ")[0]
        codes = {code for row in re.findall(r"^\| (`.*?) \|", table, re.M) for code in re.findall(r"`(\w+)`", row)}
        for code in codes - {"heartbeat_timeout", "handshake_timeout"}:  # counted by the bridge, never said
            error = errors.Error.of(code, "x")
            self.assertEqual(error.code, code)
            self.assertIsNot(type(error), errors.Refused, code)
        again = set(re.findall(r"`(\w+)`", re.search(r"Worth another try, after a while: (.*?)\.\n", table, re.S).group(1)))
        self.assertEqual({code for code in codes if errors.Error.of(code, "").worth_another_try}, again)
        self.assertEqual(errors.Error.of("new_code", "x").code, "new_code")
        self.assertFalse(errors.Error.of("new_code", "x").worth_another_try)

    def test_close_gives_back_says_bye_and_ends(self):
        bridge, program, subscription, given = self.consuming(3)
        settlement = program.settle(given[:1], "ack", None, None)
        program.core.close(bridge.now_ms)
        for _ in range(3):
            program.carry_all()
            bridge.commit()
        program.carry_all()
        self.assertEqual(program.core.state, FAILED)
        self.assertIsNone(settlement.outcome())
        self.assertIsInstance(subscription.error, errors.Closed)
        self.assertEqual([(each.state, each.attempt) for each in bridge.topics["orders"].stored],
                         [("settled", 1), ("ready", 0), ("ready", 0)])


class Consuming(Case):
    def test_neighbours_are_settled_in_one_range(self):
        bridge, program, _, given = self.consuming(5)
        for delivery in (given[2], given[0], given[1], given[4]):
            program.settle([delivery], "ack", None, None)
        bridge.advance(5)
        (name, fields), = said(program)
        self.assertEqual([count for _, count in fields["ranges"]], [3, 1])

    def test_a_settle_keeps_the_limits_of_the_bridge(self):
        bridge, program, _, given = self.consuming(45, linger=0)
        program.settle(given[::2], "ack", None, None)  # 23 ranges; 5 a command
        bridge.advance(5)
        self.assertEqual([len(fields["ranges"]) for _, fields in said(program)], [5, 5, 5, 5, 3])

    def test_one_verdict_each(self):
        _, program, _, given = self.consuming(2)
        program.settle(given[:1], "ack", None, None)
        for deliveries in (given[:1], given, [given[1], given[1]]):
            with self.assertRaises(errors.AlreadySettled):
                program.settle(deliveries, "retry", None, None)
        self.assertFalse(given[1].is_settled)

    def test_what_is_being_extended_is_settled_under_its_new_token(self):
        bridge, program, _, given = self.consuming(1, auto_extend_ms=60_000)
        bridge.advance(1500)
        program.turn()
        settlement = program.settle(given, "ack", None, None)
        for _ in range(3):
            bridge.advance(5)
            program.carry_all()
            bridge.commit()
        program.carry_all()
        self.assertIsNone(settlement.outcome())
        self.assertEqual(bridge.topics["orders"].stored[0].grant, 2, "it was extended")

    def test_leases_go_on_until_auto_extend_is_over(self):
        bridge, program, _, given = self.consuming(1, lease_ms=1000, auto_extend_ms=10_000)
        for _ in range(80):
            bridge.advance(100)
            program.carry_all()
            bridge.commit()
        stored = bridge.topics["orders"].stored[0]
        self.assertEqual((stored.state, stored.attempt), ("leased", 1))
        for _ in range(40):
            bridge.advance(100)
            program.carry_all()
        self.assertEqual(stored.attempt, 2)

    def test_stale_is_told(self):
        bridge, program, subscription, given = self.consuming(1)
        bridge.advance(3100)  # the lease is over, and it is delivered again
        program.carry_all()
        self.assertIsNotNone(program.core.inbox.take(subscription))
        settlement = program.settle(given, "ack", None, None)
        bridge.advance(5)
        program.carry_all()
        bridge.commit()
        program.carry_all()
        with self.assertRaises(errors.Stale) as raised:
            settlement.outcome()
        self.assertTrue(raised.exception.certain)

    def test_delivered_again_and_not_yet_seen_it_is_settled_by_its_newest_token(self):
        bridge, program, subscription, given = self.consuming(1)
        bridge.advance(3100)
        program.carry_all()
        self.assertEqual(len(subscription.buffer), 1)
        settlement = program.settle(given, "ack", None, None)
        self.assertIsNone(program.core.inbox.take(subscription))
        bridge.advance(5)
        program.carry_all()
        bridge.commit()
        program.carry_all()
        self.assertIsNone(settlement.outcome())
        self.assertEqual(bridge.connections[0].used, {}, "its places of the credit are free")

    def test_what_was_acked_here_is_not_handed_out_again(self):
        bridge, program, subscription, given = self.consuming(1)
        program.settle(given, "ack", None, None)
        bridge.advance(5)
        program.turn()
        program.cut(0)
        program.notice()
        bridge.advance(9000)  # it is anybody's now
        for _ in range(4):
            program.carry_all()
            bridge.commit()
            bridge.advance(10)
        self.assertIsNone(program.core.inbox.take(subscription))
        self.assertEqual(bridge.topics["orders"].stored[0].state, "settled")

    def test_the_answer_to_an_earlier_retry_does_not_make_it_forget(self):
        bridge, program, subscription, given = self.consuming(1)
        program.settle(given, "retry", None, None)
        bridge.advance(5)
        program.turn()
        program.carry_out()
        answer = program.connection.out  # SETTLED comes with the next commit
        bridge.advance(200)
        program.carry_in()
        again = program.core.inbox.take(subscription)
        self.assertEqual(again.attempt, 2)
        program.settle([again], "ack", None, None)
        bridge.commit()
        self.assertEqual([wire.decode(frames).name for frames in answer], ["SETTLED"])
        program.carry_in()
        program.cut(0)
        program.notice()
        bridge.advance(9000)
        for _ in range(4):
            program.carry_all()
            bridge.commit()
            bridge.advance(10)
        self.assertIsNone(program.core.inbox.take(subscription))
        self.assertEqual(bridge.topics["orders"].stored[0].state, "settled")

    def resumes(self, name, away_ms):
        bridge, program, subscription, given = self.consuming(1, name=name, linger=0)
        program.submit("orders", b"unseen")
        program.carry_all()
        bridge.commit()
        program.carry_all()
        bridge.advance(0)
        program.carry_all()
        self.assertEqual(len(subscription.buffer), 1)
        program.cut(0)
        bridge.advance(away_ms)
        program.notice()
        bridge.advance(100)
        program.turn()
        program.carry_out()
        program.carry_in()
        return bridge, program, subscription, given

    def test_a_session_with_a_name_goes_on_with_what_it_holds(self):
        bridge, program, subscription, given = self.resumes("a", 500)
        self.assertEqual(program.core.welcome["resumed"], 2)
        unseen = program.core.inbox.take(subscription)
        program.settle([*given, unseen], "ack", None, None)
        bridge.advance(5)
        program.carry_all()
        bridge.commit()
        self.assertEqual([(each.state, each.attempt) for each in bridge.topics["orders"].stored], [("settled", 1)] * 2)

    def test_what_nobody_has_seen_goes_back_when_it_is_no_longer_this_clients(self):
        for name, away_ms in ((None, 0), ("a", 6000)):
            bridge, program, subscription, _ = self.resumes(name, away_ms)
            self.assertEqual(len(subscription.buffer), 0)

    def with_one_that_never_came(self, held_ranges=None):
        """One is in hand, and a second was on its way when the connection was lost."""
        bridge, program, subscription, given = self.consuming(1, lease_ms=60_000, name="a", linger=0)
        bridge.held_ranges = held_ranges
        program.submit("orders", b"unseen", once=True)
        program.turn()
        program.carry_out()
        bridge.commit()
        bridge.advance(0)
        self.assertEqual(bridge.topics["orders"].stored[1].state, "leased")
        program.cut(0)
        program.notice()
        bridge.advance(100)
        program.carry_all()
        bridge.commit()
        program.carry_all()
        return bridge, program, subscription, given

    def test_what_never_came_is_given_back_where_the_bridge_lists_it(self):
        bridge, program, subscription, given = self.with_one_that_never_came(held_ranges=10)
        self.assertEqual(program.core.welcome["resumed"], 2)
        for _ in range(3):
            bridge.advance(50)
            program.carry_all()
            bridge.commit()
        delivery = program.core.inbox.take(subscription)
        self.assertEqual((delivery.body, delivery.attempt), (b"unseen", 1))
        self.assertEqual(program.core.losses, 1, "in the same session")
        self.assertIsNone(self.acked(bridge, program, given))

    def acked(self, bridge, program, deliveries):
        settlement = program.settle(deliveries, "ack", None, None)
        for _ in range(3):
            bridge.advance(50)
            program.carry_all()
            bridge.commit()
        program.carry_all()
        return settlement.outcome()

    def extended(self, reached, held_ranges=10):
        """One is in hand, and the connection was lost when it was extended: before the bridge knew, or after."""
        bridge, program, _, given = self.consuming(1, lease_ms=60_000, name="a", linger=0)
        bridge.held_ranges = held_ranges
        extension = Extension(program, given, 60_000)
        before = given[0].token
        program.core.extend(extension)
        program.turn()
        program.cut(reached)
        program.notice()
        bridge.advance(100)
        return bridge, program, given, extension, before

    def test_the_new_token_of_a_lost_answer_to_extend_is_in_the_list(self):
        bridge, program, given, extension, before = self.extended(1)
        program.carry_all()
        self.assertIsNone(extension.outcome())
        self.assertNotEqual(given[0].token, before)
        self.assertIsNone(self.acked(bridge, program, given))

    def test_an_extend_that_the_bridge_has_not_heard_goes_again(self):
        bridge, program, given, extension, before = self.extended(0)
        program.carry_all()
        self.assertIsNone(extension.outcome())
        self.assertNotEqual(given[0].token, before)
        self.assertIsNone(self.acked(bridge, program, given))

    def test_a_verdict_that_waited_for_a_lost_answer_goes_under_the_new_token(self):
        for reached in (0, 1):
            bridge, program, given, _, _ = self.extended(reached)
            self.assertIsNone(self.acked(bridge, program, given))
            self.assertEqual([each.state for each in bridge.topics["orders"].stored], ["settled"])

    def test_two_of_one_name_that_are_not_told_do_not_replace_each_other_for_ever(self):
        bridge = FakeBridge({"orders": True})
        programs = [Program(bridge, seed, name="a", backoff_max=0.5) for seed in (1, 2)]
        for _ in range(200):
            for program in programs:
                if program.connection not in bridge.connections:  # what it was told last is lost
                    program.notice()
                bridge.advance(100)
                for _ in range(5):
                    program.turn()
                    program.carry_out()
                    if program.connection in bridge.connections:
                        program.carry_in()
        self.assertEqual(sorted(each.core.state for each in programs), [FAILED, OPEN])
        self.assertEqual([each.core.error.code for each in programs if each.core.error], ["replaced"])
        self.assertLess(sum(each.core.losses for each in programs), 30)

    def test_what_was_extended_and_settled_without_a_connection_is_known(self):
        bridge, program, _, given = self.consuming(1, lease_ms=60_000, name="a", linger=0)
        program.cut(0)
        program.notice()
        program.core.extend(Extension(program, given, 60_000))
        settlement = program.settle(given, "ack", None, None)
        for _ in range(4):
            bridge.advance(100)
            program.carry_all()
            bridge.commit()
        program.carry_all()
        self.assertIsNone(settlement.outcome())

    def test_what_never_came_is_given_back_by_a_new_session(self):
        bridge, program, subscription, given = self.with_one_that_never_came()
        self.assertEqual(program.core.welcome["resumed"], 2)
        settlement = program.settle(given, "ack", None, None)
        for _ in range(5):
            bridge.advance(50)
            program.notice()
            program.carry_all()
            bridge.commit()
        self.assertIsNone(settlement.outcome())
        delivery = program.core.inbox.take(subscription)
        self.assertEqual((delivery.body, delivery.attempt), (b"unseen", 1))

    def test_it_waits_for_its_lease_where_something_stays_in_hand(self):
        bridge, program, subscription, given = self.with_one_that_never_came()
        self.assertEqual([each[1] for each in bridge.connections[0].subs.values()], [0])
        bridge.advance(2000)
        program.carry_all()
        self.assertEqual([each[1] for each in bridge.connections[0].subs.values()], [100])
        program.submit("orders", b"3")
        for _ in range(2):
            program.carry_all()
            bridge.commit()
            bridge.advance(0)
        program.carry_all()
        self.assertEqual(program.core.inbox.take(subscription).body, b"3")
        self.assertFalse(given[0].is_settled)

    def test_a_subscription_that_is_closed_is_ended_once(self):
        bridge, program, subscription, _ = self.consuming(1)
        program.core.inbox.unsubscribe(subscription, bridge.now_ms)
        program.core.inbox.pause(bridge.now_ms)
        program.core.inbox.go_on()
        self.assertEqual([name for name, _ in said(program)], ["UNSUBSCRIBE"])

    def test_fetches_wait_their_turn_and_are_asked_again(self):
        bridge, program = self.opened()
        fetches = [program.fetch("orders", 1, 10_000) for _ in range(3)]
        self.assertEqual([name for name, _ in said(program)], ["RECEIVE"] * 2, "limits.receives is 2")
        program.cut(0)
        program.notice()
        bridge.advance(4000)
        program.turn()
        program.carry_out()
        program.carry_in()
        self.assertEqual([fields["wait"] for _, fields in said(program)], [6000] * 2)
        for _ in range(3):
            program.cut(0)
            bridge.advance(3000)
            program.notice()
            program.turn()
        self.assertEqual([fetch.outcome() for fetch in fetches], [[]] * 3, "without a bridge they end empty")

    def test_the_bridges_bye_gives_back_what_is_unseen_and_waits_for_what_is_in_hand(self):
        bridge, program, subscription, given = self.consuming(1, linger=0)
        program.submit("orders", b"unseen")
        program.carry_all()
        bridge.commit()
        program.carry_all()
        bridge.advance(0)
        program.carry_all()
        connection, = bridge.connections
        bridge.bye()
        program.carry_all()
        self.assertEqual(bridge.topics["orders"].stored[1].state, "ready")
        self.assertFalse(connection.said_bye)
        program.settle(given, "ack", None, None)
        for _ in range(3):
            bridge.advance(5)
            program.carry_all()
            bridge.commit()
        self.assertTrue(connection.said_bye)
        self.assertTrue(bridge.topics["orders"].stored[0].acked_durably)

    def test_a_subscription_that_is_refused_says_why(self):
        _, program = self.opened()
        made = program.core.subscribe("orders", 1, None, 0)
        program.core.received(wire.encode("REFUSED", {"re": "SUBSCRIBE", "sub": made.sub, "code": "not_found", "text": "no",
                                                      "fatal": False}), 0)
        self.assertIsInstance(made.error, errors.NotFound)

    def test_callbacks_are_called_in_no_call_of_the_core(self):
        _, program, _, given = self.consuming(1)
        called = []
        settlement = program.settle(given, "ack", None, None)
        settlement.add_done_callback(called.append)
        program.core.fail(errors.Closed("closed"))
        self.assertEqual(called, [])
        program.turn()
        self.assertEqual(called, [settlement])
        settlement.add_done_callback(called.append)
        program.turn()
        self.assertEqual(len(called), 2)


if __name__ == "__main__":
    unittest.main()

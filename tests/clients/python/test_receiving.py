"""Fetches over lost connections: what one was answered with, and never came, comes to it."""
import unittest

from virtual import FakeBridge, Program, wire
from zbridge import errors


class Shop:
    def __init__(self, stored=0, name="a"):
        self.bridge = FakeBridge({"orders": True})
        self.program = Program(self.bridge, name=name, linger=0)
        self.receive = {}  # the fields of the last one that was said
        if stored:
            self.program.submit("orders", *(b"%d" % n for n in range(stored)))
        self.settle_down()

    @property
    def stored(self):
        return self.bridge.topics["orders"].stored

    def states(self):
        return [(each.state, each.attempt) for each in self.stored]

    def lose_answers(self):
        """What is said now gets to the bridge, and what the bridge says of it never comes."""
        self.program.turn()
        self.program.cut(len(self.program.to_bridge))
        self.program.notice()

    def return_after(self, ms):
        """A connection, up to WELCOME."""
        self.bridge.advance(ms)
        self.program.turn()
        self.program.carry_out()
        self.program.carry_in()
        assert self.program.core.state == "open"

    def say(self):
        """What goes out now: the names of the commands."""
        self.program.turn()
        heard = [wire.decode(frames) for frames in self.program.to_bridge]
        for each in heard:
            if each.name == "RECEIVE":
                self.receive = each.fields
        return [each.name for each in heard]

    def settle_down(self):
        for _ in range(3):
            self.program.carry_all()
            self.bridge.commit()
            self.bridge.advance(5)
        self.program.carry_all()


class Receiving(unittest.TestCase):
    def lost(self, stored=1, wait_ms=10_000, name="a"):
        """A fetch whose answer never came."""
        shop = Shop(stored, name)
        fetch = shop.program.fetch("orders", 2, wait_ms)
        self.assertEqual(shop.say(), ["RECEIVE"])
        shop.lose_answers()
        self.assertEqual(shop.stored[0].state, "leased" if name else "ready")
        return shop, fetch

    def test_each_fetch_has_an_attempt_of_its_own(self):
        shop = Shop()
        for number in (1, 2):
            fetch = shop.program.fetch("orders", 1, 50)
            self.assertEqual(shop.say(), ["RECEIVE"])
            self.assertEqual(shop.receive["attempt"], number)
            shop.program.carry_all()
            shop.bridge.advance(50)
            shop.program.carry_all()
            self.assertTrue(fetch.done)

    def test_a_lost_answer_comes_again_to_the_fetch_that_it_was_for(self):
        for losses in (1, 2):
            shop, fetch = self.lost(3)
            before = shop.receive
            for n in range(losses):
                if n:
                    shop.lose_answers()
                shop.return_after(100)
                self.assertEqual(shop.say(), ["RECEIVE"], "and nothing is given back")
                self.assertEqual(shop.receive["attempt"], before["attempt"])
                self.assertNotEqual(shop.receive["ref"], before["ref"])
            shop.program.carry_all()
            self.assertEqual([(each.body, each.attempt) for each in fetch.outcome()], [(b"0", 1), (b"1", 1)])
            self.assertEqual(shop.states()[2], ("ready", 0))
            settlement = shop.program.settle(fetch.outcome(), "ack", None, None)
            shop.settle_down()
            self.assertIsNone(settlement.outcome())
            self.assertEqual(shop.states()[:2], [("settled", 1)] * 2)

    def test_what_was_lost_of_a_subscription_goes_back_when_the_fetches_have_theirs(self):
        shop = Shop(3)
        fetch = shop.program.fetch("orders", 2, 10_000)
        subscription = shop.program.core.subscribe("orders", 100, None, 0)
        self.assertEqual(shop.say(), ["SUBSCRIBE", "RECEIVE"])
        shop.program.to_bridge.reverse()  # the fetch has the first two
        shop.lose_answers()
        shop.return_after(100)
        self.assertEqual(sorted(shop.say()), ["RECEIVE", "SUBSCRIBE"], "nothing is given back yet")
        self.assertEqual(shop.receive["wait"], 0, "to know soon whose the rest is")
        shop.settle_down()
        self.assertEqual([each.body for each in fetch.outcome()], [b"0", b"1"])
        rest = shop.program.core.inbox.take(subscription)
        self.assertEqual((rest.body, rest.attempt), (b"2", 1))

    def test_a_fetch_that_had_no_answer_gives_back_what_was_not_its_and_waits_on(self):
        shop = Shop(1)
        subscription = shop.program.core.subscribe("orders", 100, None, 0)
        fetch = shop.program.fetch("orders", 1, 10_000)
        shop.lose_answers()
        self.assertEqual(shop.states(), [("leased", 1)])
        shop.return_after(100)
        self.assertEqual(shop.say(), ["SUBSCRIBE", "RECEIVE"])
        self.assertEqual((shop.receive["attempt"], shop.receive["wait"]), (1, 0))
        for _ in range(2):
            shop.program.carry_out()
        while shop.program.connection.out:
            shop.program.carry_in()
        self.assertFalse(fetch.done)
        self.assertEqual(shop.say(), ["SETTLE", "RECEIVE"])
        self.assertEqual((shop.receive["attempt"], shop.receive["wait"]), (2, 9_900))
        shop.settle_down()
        self.assertEqual(shop.program.core.inbox.take(subscription).attempt, 1)
        self.assertFalse(fetch.done)

    def gone_back(self, shop):
        shop.settle_down()
        self.assertEqual(shop.states(), [("ready", 0)])

    def test_its_wait_was_over_before_there_was_a_connection(self):
        shop, fetch = self.lost(wait_ms=1_000)
        shop.bridge.advance(1_000)
        shop.program.core.tick(shop.bridge.now_ms)
        self.assertEqual(fetch.outcome(), [])
        shop.return_after(100)
        self.assertEqual(shop.say(), ["SETTLE"])
        self.gone_back(shop)

    def test_what_a_refused_fetch_may_have_been_given_goes_back(self):
        shop, fetch = self.lost()
        shop.return_after(100)
        self.assertEqual(shop.say(), ["RECEIVE"])
        shop.program.core.received(wire.encode("REFUSED", {"re": "RECEIVE", "ref": shop.receive["ref"], "code": "not_found",
                                                           "text": "", "fatal": False}), shop.bridge.now_ms)
        self.assertIsInstance(fetch.error, errors.NotFound)
        shop.program.to_bridge.clear()
        self.assertEqual(shop.say(), ["SETTLE"])
        self.gone_back(shop)

    def test_what_one_that_was_cancelled_may_have_been_given_goes_back(self):
        for asked in (False, True):
            shop, fetch = self.lost()
            shop.return_after(100)
            if asked:
                self.assertEqual(shop.say(), ["RECEIVE"])
            fetch.finish(errors.Closed("cancelled"))
            self.gone_back(shop)

    def test_closing_gives_it_back(self):
        for asked in (False, True):
            shop, _ = self.lost()
            shop.return_after(100)
            if asked:
                self.assertEqual(shop.say(), ["RECEIVE"])
            shop.program.core.close(shop.bridge.now_ms)
            self.gone_back(shop)

    def test_the_end_of_the_bridge_gives_it_back(self):
        shop, _ = self.lost()
        shop.return_after(100)
        shop.bridge.bye()
        shop.program.carry_in()
        self.assertEqual(shop.say(), ["SETTLE"])
        self.gone_back(shop)

    def test_without_a_name_a_lost_answer_counts_and_comes_as_any(self):
        shop, fetch = self.lost(name=None)
        shop.return_after(100)
        self.assertEqual(shop.say(), ["RECEIVE"])
        self.assertEqual(shop.receive["wait"], 9_900)
        shop.program.carry_all()
        self.assertEqual([each.attempt for each in fetch.outcome()], [2])


if __name__ == "__main__":
    unittest.main()

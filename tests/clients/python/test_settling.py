"""When verdicts go: with others, and for how long they wait for them."""
import unittest

from virtual import FakeBridge, Program, wire


class Hands:
    """A program that has been delivered so many messages, and has taken the first few."""

    def __init__(self, delivered, taken, **options):
        self.bridge = FakeBridge({"orders": True})
        self.program = Program(self.bridge, linger=0, **options)
        self.program.submit("orders", *(b"%d" % n for n in range(delivered)))
        self.subscription = self.program.core.subscribe("orders", delivered, None, 0)
        for _ in range(4):
            self.program.carry_all()
            self.bridge.commit()
            self.bridge.advance(5)
        self.program.carry_all()
        assert self.program.core.inbox.held == delivered
        self.mine = [self.program.core.inbox.take(self.subscription) for _ in range(taken)]
        self.acked = 0

    def ack(self):
        """The next one's verdict is said."""
        self.program.settle([self.mine[self.acked]], "ack", None, None)
        self.acked += 1

    def settles(self):
        """So many messages are named by the SETTLEs that go out now."""
        self.program.turn()
        said = [wire.decode(frames) for frames in self.program.to_bridge]
        self.program.to_bridge.clear()
        assert all(each.name == "SETTLE" for each in said), said
        return [sum(count for _, count in each.fields["ranges"]) for each in said]


class Settling(unittest.TestCase):
    def test_a_quarter_of_what_is_in_hand_is_settled_without_waiting(self):
        for taken in (8, 2):  # in hand is what waits in the inbox, what the program has, and what has its verdict
            hands = Hands(8, taken)
            hands.ack()
            self.assertEqual(hands.settles(), [])
            self.assertEqual(hands.program.core.next_deadline(), hands.bridge.now_ms + 5)
            hands.ack()
            self.assertEqual(hands.program.core.settles_at_ms, 0)
            self.assertEqual(hands.settles(), [2])

    def test_what_was_sent_and_has_no_answer_yet_is_in_hand_no_more(self):
        hands = Hands(8, 8)
        for together in (2, 2, 1, 1, 1, 1):
            for _ in range(together):
                self.assertEqual(hands.settles(), [])
                hands.ack()
            self.assertEqual(hands.settles(), [together])

    def test_the_only_one_and_all_at_once_are_settled_without_waiting(self):
        one = Hands(1, 1)
        one.ack()
        self.assertEqual(one.settles(), [1])
        all_ = Hands(20, 20)
        all_.program.settle(all_.mine, "ack", None, None)
        self.assertEqual(all_.settles(), [20])

    def test_less_than_a_quarter_waits_for_others_as_long_as_settle_linger_says(self):
        hands = Hands(100, 30, settle_linger=0.05)
        for _ in range(24):
            hands.ack()
        hands.bridge.advance(49)
        self.assertEqual(hands.settles(), [])
        hands.bridge.advance(1)
        self.assertEqual(hands.settles(), [20, 4], "no more at a time than the bridge takes")

    def test_settle_messages_are_enough_however_small_a_part_they_are(self):
        hands = Hands(100, 3, settle_messages=3)
        for _ in range(2):
            hands.ack()
        self.assertEqual(hands.settles(), [])
        hands.ack()
        self.assertEqual(hands.settles(), [3])


if __name__ == "__main__":
    unittest.main()

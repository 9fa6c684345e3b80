"""The client's bytes are those of docs/PROTOCOL.md: each block marked `hex` there is made, or understood, here."""
import random
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "clients/python"))
from zbridge import Message, MessageId, base, wire  # noqa: E402
from zbridge.core.calls import Call  # noqa: E402
from zbridge.core.core import Core  # noqa: E402
from zbridge.core.delivery import Delivery  # noqa: E402
from zbridge.errors import Unanswered  # noqa: E402
from zbridge.core.settling import Extension, Settlement, verdict_of  # noqa: E402
from zbridge.options import Limits, Options  # noqa: E402


def golden():
    """Each block of the page by its name, as frames."""
    text = (ROOT / "docs/PROTOCOL.md").read_text()
    return {name: [bytes.fromhex(line) for line in block.replace("\\\n", "").strip().splitlines()]
            for name, block in re.findall(r"^```hex (\S+)\n(.*?)^```", text, re.M | re.S)}


PAGE = golden()
TOKEN = bytes.fromhex("02010001000000010000000000000028")


class Owner:
    def later(self, call):
        call()


def new_core(**options):
    core = Core(Options(**options), 0, 0, random.Random(1))
    core.owner = Owner()
    return core


def opened(**options):
    core = new_core(**options)
    core.tick(0)
    core.take_output(0)
    heard = wire.decode(PAGE["welcome"])
    core.received(wire.encode("WELCOME", {**heard.fields, "resumed": 0, "held": []}), 0)  # nothing was before
    return core


def delivery(place, attempt=1):
    made = Delivery(Owner(), "logistics", wire.Place.read(place), attempt, wire.Place.read(bytes(16)), [b"x"])
    return made


class Said(unittest.TestCase):
    def test_hello(self):
        core = new_core(name="till-7", client="example 1.0")
        core.inbox._held["something"] = delivery(TOKEN)  # so that it resumes
        core.tick(0)
        self.assertEqual(core.take_output(0), [PAGE["hello"]])

    def test_publish(self):
        self.assertEqual(wire.publish("orders", 1, False, [wire.body([b"hello"]), wire.body([b"a", b""])], [None, None]),
                         PAGE["publish"])

    def test_publish_once_with_attributes(self):
        properties = {"region": "EU", "amount": 120, "vip": True, "rate": 0.5}
        fields = wire.decode(PAGE["publish-once"][:1]).fields["attributes"][1]
        message = Message(b"2", keys=fields["keys"], order_key=fields["order_key"], tag=fields["tag"],
                          deliver_at=fields["deliver_at"],
                          properties={key: fields["properties"][key] for key in fields["properties"]})
        self.assertEqual(set(fields["properties"]), {"region", "amount", "vip", "rate"}, properties)
        core = opened(name="till-7")
        core._closing = False
        made = base.many(Owner(), "orders", [b"1", message], True)
        core.outbox._next_seq = 3
        core.publish(made, None, 0)
        core.flush(0)
        self.assertEqual(core.take_output(0), [PAGE["publish-once"]])

    def test_subscribe_credit_unsubscribe(self):
        core = opened()
        made = core.subscribe("logistics", 512, None, 0)
        self.assertEqual(core.take_output(0), [PAGE["subscribe"]])
        core.received(PAGE["subscribed"], 0)
        self.assertTrue(made.is_open)
        core.inbox.set_credit(made, 0)
        self.assertEqual(core.take_output(0), [PAGE["credit"]])
        core.inbox.unsubscribe(made, 0)
        self.assertEqual(core.take_output(0), [PAGE["unsubscribe"]])
        core.received(PAGE["unsubscribed"], 0)
        self.assertEqual(core.inbox.subscriptions, [])

    def test_receive(self):
        core = opened()
        core._refs = 8
        core.fetch(base.fetch(Owner(), "logistics", 10, 0, 60, None))
        asked = wire.decode(core.take_output(0)[0])
        expected = wire.decode(PAGE["receive"])
        asked.fields["wait"] = expected.fields["wait"]
        self.assertEqual(wire.encode(*asked), PAGE["receive"])

    def test_settle_merges_neighbours(self):
        core = opened()
        core._refs = 4
        places = [wire.Place.read(TOKEN).behind(n).octets() for n in (1, 0, 2)]
        count = wire.decode(PAGE["settle"]).fields["ranges"][0][1]
        deliveries = [delivery(place) for place in places][:count]
        core.settling.add(deliveries, verdict_of("logistics", "ack", None, None), Settlement(Owner(), count), 0)
        core.settling.flush(0)
        self.assertEqual(core.take_output(0), [PAGE["settle"]])

    def test_settle_retry(self):
        core = opened()
        place = wire.decode(PAGE["settle-retry"]).fields["ranges"][0][0]
        core.settling.add([delivery(place, 2)], verdict_of("logistics", "retry", 10, "no stock"), Settlement(Owner(), 1), 0)
        core.settling.flush(0)
        said = wire.decode(core.take_output(0)[0])
        del said.fields["ref"]  # this client asks to be told always
        self.assertEqual(wire.encode(*said), PAGE["settle-retry"])

    def test_extend(self):
        core = opened()
        core._refs = 5
        wanted = [delivery(wire.Place.read(TOKEN).behind(n).octets()) for n in range(2)]
        core.extend(Extension(Owner(), wanted, 60_000))
        self.assertEqual(core.take_output(0), [PAGE["extend"]])
        core.received(PAGE["settled-extend"], 0)
        new = wire.decode(PAGE["settled-extend"]).fields["tokens"][0]
        self.assertEqual([each.token for each in wanted], [new, wire.Place.read(new).behind(1).octets()])

    def call(self):
        core = opened()
        core._refs = 6
        made = Call(Owner(), "accounts", wire.body([b"hello"]), 2000)
        core.call(made)
        return core, made, core.take_output(0)

    def test_call(self):
        core, made, said = self.call()
        self.assertEqual(said, [PAGE["call"]])
        core.received(PAGE["reply"], 0)
        self.assertEqual(made.outcome(), [b"ok"])

    def test_call_refused(self):
        core, made, _ = self.call()
        core.received(PAGE["refused-call"], 0)
        self.assertEqual((made.error.code, made.error.text), ("failed", "no such account"))

    def test_work(self):
        for error, reply in ((None, PAGE["reply-worker"]), ("no such account", PAGE["reply-error"])):
            core = opened()
            core.inbox._next_sub = 3
            work = core.work("accounts", 8)
            self.assertEqual(core.take_output(0), [PAGE["subscribe-service"]])
            core.received(PAGE["subscribed-service"], 0)
            core.received(PAGE["call-worker"], 0)
            task = core.calls.take(work, 1999)
            self.assertEqual((task.frames, task.attempt, task.ends_ms), ([b"hello"], 1, 2000))
            core.reply(task, None if error else wire.body([b"ok"]), error, 0)
            self.assertEqual(core.take_output(0), [reply])

    def test_heartbeat(self):
        core = opened()
        self.assertEqual(core.take_output(core.next_deadline()), [PAGE["heartbeat"]])

    def test_bye(self):
        core = opened()
        core.close(0)
        self.assertEqual(core.take_output(0), [PAGE["bye"]])
        core.received(PAGE["bye"], 0)
        self.assertEqual(core.state, "failed")


class Asked(unittest.TestCase):
    """What is asked once, and its answer."""

    def asks(self, block, ask, feature):
        """Of a core that says this block: it, and what is asked."""
        core = opened()
        core.welcome["features"] = [feature]
        core._refs = wire.decode(PAGE[block][:1]).fields.get("ref", 1) - 1
        core.ask(ask, feature)
        return core, core.take_output(0)

    def test_query(self):
        ask = base.query(Owner(), "orders", "A-7", None, None, None, 2)
        core, said = self.asks("query", ask, "query")
        self.assertEqual(said, [PAGE["query"]])
        core.received(PAGE["found"], 0)
        found, = ask.outcome()
        self.assertEqual((found.offset, found.stored_ms, found.attributes, found.body),
                         (40, 1_700_000_000_000, {"keys": ["A-7"], "tag": "new"}, b"hello"))

    def test_query_by_id_that_finds_nothing(self):
        id_ = wire.decode(PAGE["query-id"]).fields["id"]
        ask = base.query(Owner(), "orders", None, id_, None, None, 20)
        core, said = self.asks("query-id", ask, "query")
        asked = wire.decode(said[0])
        self.assertEqual(asked.fields.pop("max"), 20)
        self.assertEqual(wire.encode(*asked), PAGE["query-id"])
        core.received(PAGE["found-nothing"], 0)
        self.assertEqual(ask.outcome(), [])

    def test_recall(self):
        ask = base.recall(Owner(), wire.decode(PAGE["recall"]).fields["id"])
        core, said = self.asks("recall", ask, "recall")
        self.assertEqual(said, [PAGE["recall"]])
        core.received(PAGE["done"], 0)
        self.assertTrue(ask.done and ask.error is None)

    def test_reset(self):
        for block, arguments in (("reset", ("earliest", None, None)), ("reset-time", (None, None, 1_700_000_000_000))):
            _, said = self.asks(block, base.reset(Owner(), "logistics", *arguments), "reset")
            self.assertEqual(said, [PAGE["reset"] if block == "reset" else PAGE["reset-time"]])

    def test_prepare_and_commit(self):
        core = opened()
        core.welcome["features"] += ["transactions"]
        core.outbox._next_seq = 5
        made = base.preparation(Owner(), "orders", b"hello", id=None, keys=(), order_key=None, tag=None, properties=None)
        core.publish(made, None, 0)
        core.flush(0)
        self.assertEqual(core.take_output(0), [PAGE["prepare"]])
        core.received(PAGE["receipt-prepared"], 0)
        prepared = made.outcome()
        self.assertEqual(prepared.token, wire.decode(PAGE["rollback"]).fields["tokens"][0])
        ask = base.resolution(Owner(), "COMMIT", prepared.token)
        core, said = self.asks("commit", ask, "transactions")
        asked, expected = wire.decode(said[0]), wire.decode(PAGE["commit"])
        self.assertEqual((asked.name, asked.fields), (expected.name, expected.fields))
        core.received(wire.encode("RESOLVED", {"ref": 6, "ids": [None], "refused": [[0, "stale", "it was rolled back"]]}), 0)
        self.assertEqual((ask.error.code, ask.error.certain), ("stale", True))

    def test_checks(self):
        core = opened()
        core.welcome["features"] += ["transactions"]
        core.inbox._next_sub = 3
        checks = core.check("orders", 8, False)
        self.assertEqual(core.take_output(0), [PAGE["subscribe-checks"]])
        core.received(PAGE["check"], 0)
        check = core.checking.take(checks)
        self.assertEqual((check.body, check.number, check.of, check.topic), (b"hello", 1, 15, "orders"))
        self.assertEqual(check.token, wire.decode(PAGE["rollback"]).fields["tokens"][0])
        core.checking.unknown(check.token)
        self.assertEqual(core.take_output(0), [PAGE["unknown"]])
        core.received(PAGE["check"], 0)
        core.lost("cut", 0)
        self.assertIsNone(core.checking.take(checks), "the bridge asks again")
        core.tick(10_000)
        core.take_output(10_000)
        core.received(wire.encode("WELCOME", {**wire.decode(PAGE["welcome"]).fields, "resumed": 0, "held": []}), 10_000)
        self.assertEqual(core.take_output(10_000), [PAGE["subscribe-checks"]])
        core.checking.unsubscribe(checks)
        self.assertEqual([wire.decode(each).name for each in core.take_output(10_000)], ["UNSUBSCRIBE"])

    def test_reading(self):
        core = opened()
        core.inbox._next_sub = 2
        reading = core.read(*base.reading("prices", "latest", 4100, None, 1000, False))
        self.assertEqual(core.take_output(0), [PAGE["subscribe-topic"]])
        core.received(PAGE["subscribed-topic"], 0)
        core.received(PAGE["deliver-topic"], 0)
        records = [core.readings.take(reading), core.readings.take(reading)]
        self.assertEqual([(each.offset, each.frames) for each in records], [(4100, [b"hello"]), (4101, [b"a", b""])])
        self.assertEqual(core.take_output(0), [])
        core.received(wire.encode("DELIVER", {"sub": 2, "offset": 4599, "count": 1}, wire.body([b"b"])), 0)
        core.readings.take(reading)
        self.assertEqual(core.take_output(0), [PAGE["credit-topic"]], "half of its credit is used")

    def test_a_reader_goes_on_behind_what_was_taken_not_behind_what_had_come(self):
        core = opened()
        reading = core.read(*base.reading("prices", "earliest", None, None, 10, False))
        sub = reading.sub
        self.assertEqual(wire.decode(core.take_output(0)[0]).fields["start"], "earliest")
        core.received(wire.encode("SUBSCRIBED", {"sub": sub, "offset": 7}), 0)
        deliver = wire.encode("DELIVER", {"sub": sub, "offset": 7, "count": 3}, b"".join(map(wire.body, ([b"a"], [b"b"], [b"c"]))))
        core.received(deliver, 0)
        self.assertEqual(core.readings.take(reading).offset, 7)
        core.lost("cut", 0)
        self.assertIsNone(core.readings.take(reading))
        core.tick(10_000)
        core.take_output(10_000)
        core.received(wire.encode("WELCOME", {**wire.decode(PAGE["welcome"]).fields, "resumed": 0, "held": []}), 10_000)
        self.assertEqual(wire.decode(core.take_output(10_000)[0]).fields, {"sub": sub, "topic": "prices", "credit": 10, "offset": 8})
        core.readings.close(reading)
        self.assertEqual([wire.decode(each).name for each in core.take_output(10_000)], ["UNSUBSCRIBE"])
        core.received(deliver, 10_000)  # on its way yet
        core.received(wire.encode("UNSUBSCRIBED", {"sub": sub}), 10_000)
        self.assertFalse(core.readings.has(sub))

    def test_admin(self):
        core, said = self.asks("admin", base.admin(Owner(), "topic show", {"topic": "orders"}, False), "admin")
        self.assertEqual(said, [PAGE["admin"]])
        ask, = core.asking._open.values()
        core.received(PAGE["answer"], 0)
        self.assertEqual(ask.outcome()["messages"], 3)

    def test_resolved_of_two(self):
        """This client resolves one at a time: what the page has is of two."""
        heard = wire.decode(PAGE["resolved"])
        self.assertEqual((len(heard.fields["ids"]), heard.fields["refused"][0][1]), (2, "stale"))


class Lost(unittest.TestCase):
    """Over a lost connection what may be asked twice is asked again; what may not ends."""

    def test_asked_again_or_not(self):
        core = opened()
        core.welcome["features"] += ["query", "recall", "transactions"]
        query = base.query(Owner(), "orders", "A-7", None, None, None, 2)
        recall = base.recall(Owner(), bytes(16))
        commit = base.resolution(Owner(), "COMMIT", b"\x03" + bytes(15))
        for ask, feature in ((query, "query"), (recall, "recall"), (commit, "transactions")):
            core.ask(ask, feature)
        self.assertEqual(len(core.take_output(0)), 3)
        core.lost("cut", 0)
        self.assertEqual(type(recall.error), Unanswered)
        core.tick(10_000)
        core.take_output(10_000)
        core.received(wire.encode("WELCOME", {**wire.decode(PAGE["welcome"]).fields, "resumed": 0, "held": []}), 10_000)
        said = [wire.decode(frames) for frames in core.take_output(10_000)]
        self.assertEqual([each.name for each in said], ["QUERY", "COMMIT"])
        core.received(wire.encode("RESOLVED", {"ref": said[1].fields["ref"], "ids": [None], "refused": [[0, "stale", "x"]]}), 10_000)
        self.assertEqual((commit.error.code, commit.error.certain), ("stale", False))

    def test_so_many_wait_and_no_more(self):
        core = opened()
        core.welcome["features"] += ["query"]
        for _ in range(core.asking.limits.asks + 3):
            core.ask(base.query(Owner(), "orders", "A-7", None, None, None, 2), "query")
        self.assertEqual(len(core.take_output(0)), core.asking.limits.asks)
        core.received(wire.encode("FOUND", {"ref": 1, "messages": []}), 0)
        self.assertEqual(len(core.take_output(0)), 1)

    def test_an_answer_to_nothing_is_a_violation(self):
        for said in (("FOUND", {"ref": 7, "messages": []}), ("DONE", {"ref": 1}), ("DONE", {}), ("FOUND", {"ref": 1, "messages": [[1]]})):
            core = opened()
            core.welcome["features"] += ["query"]
            core.ask(base.query(Owner(), "orders", "A-7", None, None, None, 2), "query")
            core.take_output(0)
            core.received(wire.encode(*said), 0)
            self.assertEqual(core.state, "idle", said)


class Heard(unittest.TestCase):
    def test_welcome(self):
        core = opened()
        self.assertEqual(core.state, "open")
        self.assertEqual(core.outbox.limits, Limits())

    def test_welcome_lists_what_never_came_here(self):
        core = new_core(name="till-7")
        core.tick(0)
        core.take_output(0)
        core.received(PAGE["welcome"], 0)
        said, = (wire.decode(each) for each in core.take_output(0))
        self.assertEqual((said.fields["verdict"], said.fields["group"], said.fields["ranges"]),
                         ("release", "logistics", [[TOKEN, 2]]))

    def test_receipt(self):
        heard = wire.decode(PAGE["receipt"]).fields
        core = opened()
        core.outbox._next_seq = heard["stored"][0][0]
        made = base.many(Owner(), "orders", [b"1", b"2", b"3", b"4"], False)
        core.publish(made, None, 0)
        core.flush(0)
        core.take_output(0)
        core.received(PAGE["receipt"], 0)
        self.assertTrue(made.done)
        self.assertEqual([(each.seq, each.code) for each in made.outcomes], [(1, ""), (3, ""), (4, "topic_full")])
        receipts = list(made.value())
        self.assertEqual(receipts[1].id, wire.Place.read(receipts[0].id).behind(1).octets())
        self.assertTrue(receipts[2].duplicate)
        self.assertEqual(made.value().refused[0].error.code, "topic_full")

    def test_deliver(self):
        core = opened()
        made = core.subscribe("logistics", 512, None, 0)
        core.received(PAGE["deliver"], 0)
        first, second = core.inbox.take(made), core.inbox.take(made)
        self.assertEqual((first.frames, second.frames), ([b"hello"], [b"a", b""]))
        self.assertEqual((first.token, first.attempt), (TOKEN, 1))
        self.assertEqual(second.token, wire.Place.read(TOKEN).behind(1).octets())
        self.assertEqual(second.id[-1], first.id[-1] + 1)

    def test_deliver_with_attributes(self):
        core = opened()
        made = core.subscribe("logistics", 512, None, 0, True)
        self.assertTrue(wire.decode(core.take_output(0)[0]).fields["attributes"])
        core.received(PAGE["deliver-attributes"], 0)
        its = {"keys": ["A-7"], "tag": "new", "properties": {"region": "EU"}}
        self.assertEqual([core.inbox.take(made).attributes for _ in range(2)], [its, its])

    def test_deliver_nothing(self):
        core = opened()
        core._refs = wire.decode(PAGE["deliver-nothing"]).fields["ref"] - 1
        made = base.fetch(Owner(), "logistics", 1, 0, None, None)
        made.deadline_ms = 0
        core.fetch(made)
        core.take_output(0)
        core.received(PAGE["deliver-nothing"], 0)
        self.assertEqual(made.outcome(), [])

    def test_settled(self):
        core = opened()
        core._refs = wire.decode(PAGE["settled"]).fields["ref"] - 1
        settlement = Settlement(Owner(), 1)
        core.settling.add([delivery(TOKEN)], verdict_of("logistics", "ack", None, None), settlement, 0)
        core.settling.flush(0)
        core.take_output(0)
        core.received(PAGE["settled"], 0)
        self.assertTrue(settlement.done and settlement.error is None)

    def test_refused(self):
        core = opened()
        made = core.subscribe("logistics", 1, None, 0)
        core.take_output(0)
        made.sub = wire.decode(PAGE["refused"]).fields["sub"]
        core.inbox._subscriptions = {made.sub: made}
        core.received(PAGE["refused"], 0)
        self.assertEqual(made.error.code, "not_found")

    def test_the_bridge_says_bye(self):
        core = opened()
        core.received(PAGE["bye-bridge"], 0)
        self.assertEqual(core.take_output(0), [PAGE["bye"]])

    def test_every_block_of_the_page_is_here(self):
        source = Path(__file__).read_text()
        self.assertEqual([name for name in PAGE if f'PAGE["{name}"]' not in source], [])
        self.assertGreater(len(PAGE), 15)


class Bytes(unittest.TestCase):
    def test_a_block_is_read_as_it_was_written(self):
        chance = random.Random(1)
        for _ in range(200):
            messages = [[chance.randbytes(chance.choice([0, 1, 255, 256, 300])) for _ in range(chance.randint(1, 4))]
                        for _ in range(chance.randint(0, 4))]
            self.assertEqual(wire.bodies(b"".join(map(wire.body, messages))), messages)

    def test_a_block_that_is_cut_or_spoiled_is_a_violation_or_other_messages(self):
        chance = random.Random(2)
        block = b"".join(map(wire.body, [[b"a", b"b" * 300], [b""], [b"c"]]))
        for n in range(len(block)):
            for spoiled in (block[:n], block[:n] + bytes([chance.randrange(256)]) + block[n + 1:]):
                try:
                    wire.bodies(spoiled)
                except wire.Violation:
                    pass

    def test_a_header_that_is_no_header_is_a_violation(self):
        for header in (b"", b"\x93", b"\xc1", b"\x91\xa1A", b"\x92\xa1A\x90", b"\x92\x01\x80", b"\x92\xa1A\x80\x00",
                       b"\x92\xa1A\x82\xa1a\x01\xa1a\x02", b"\x92\xa1\xff\x80", b"\xdd\xff\xff\xff\xff"):
            with self.assertRaises(wire.Violation, msg=header):
                wire.decode([header])

    def test_nil_is_left_out_and_unknown_fields_may_be_anything(self):
        header = b"\x92\xa1A\x83\xa1a\xc0\xa1b\x01\xa1c\x81\x81\x01\x02\x03"
        self.assertEqual({key: value for key, value in wire.decode([header]).fields.items() if key != "c"}, {"b": 1})

    def test_an_id_is_printed_as_the_bridge_does(self):
        self.assertEqual(str(MessageId(bytes(16))), "0" * 26)
        self.assertEqual(str(MessageId(b"\xff" * 16)), "7" + "Z" * 25)

    def test_places_are_counted_in_their_last_octets(self):
        place = wire.Place.read(b"\x01" * 8 + b"\xff" * 8)
        self.assertEqual(place.behind(1).octets(), b"\x01" * 8 + bytes(8))


if __name__ == "__main__":
    unittest.main()

"""A bridge in a hundred lines, for tests of the client's core: in memory, in virtual time, with crashes to order.

It takes the commands as docs/PROTOCOL.md has them, and keeps what a real one keeps: topics with dedup, one group over
each topic, leases, what a session of a name held. What is stored or settled is durable, and told, with commit().
"""
import itertools
import sys
from pathlib import Path

import msgpack

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "clients/python"))
from zbridge import wire  # noqa: E402

GRACE_MS = 2000
RESUME_MS = 5000
LEASE_MS = 10_000
LIMITS = {"header_bytes": 1 << 20, "message_bytes": 16 << 20, "frames": 64, "batch_messages": 50, "receipts": 120,
          "subscriptions": 10, "receives": 2, "credit": 1000, "ranges": 5, "settle_messages": 20, "resume_ms": RESUME_MS}
FEATURES = ["publish", "once", "groups", "resume"]


class Stored:
    def __init__(self, offset, frames, id_):
        self.offset, self.frames, self.id = offset, frames, id_
        self.state = "ready"  # leased, settled
        self.attempt = self.grant = 0
        self.due_ms = self.lease_ends_ms = 0
        self.holder = None  # a Connection, a name that may come back, or None: of before a crash
        self.fetched_by = None  # the attempt of the RECEIVE that it was given to
        self.acked_durably = False

    def free(self, counted=True, due_ms=0):
        self.state, self.holder, self.fetched_by, self.due_ms = "ready", None, None, due_ms
        if not counted:
            self.attempt -= 1


class Topic:
    def __init__(self, number, dedup):
        self.number, self.dedup = number, dedup
        self.stored, self.ids = [], {}


class Connection:
    def __init__(self):
        self.name = None
        self.is_open = self.said_bye = False
        self.out = []  # encoded
        self.subs = {}  # sub -> [topic, credit, lease]
        self.fetches = {}  # ref -> [topic, max, until, lease, attempt]
        self.seq = 0
        self.used = {}  # the token of what was delivered under a subscription and not settled -> its number

    def say(self, name, block=None, **fields):
        self.out.append(wire.encode(name, fields, block))


class FakeBridge:
    def __init__(self, topics):
        self.topics = {name: Topic(number, dedup) for number, (name, dedup) in enumerate(topics.items())}
        self.epoch = 1
        self.now_ms = 0
        self.connections = []
        self.lost_names = {}  # name -> until
        self._commits = []  # (do, told)
        self.held_ranges = 1000  # that WELCOME lists at most; None: it has no list
        self.refused = None  # a code that PUBLISH gets now

    # --- its life ---

    def connect(self):
        made = Connection()
        self.connections.append(made)
        return made

    def disconnect(self, connection):
        if connection not in self.connections:
            return
        self.connections.remove(connection)
        for each in self._held(connection):
            if connection.name is None or connection.said_bye:
                each.free(counted=not connection.said_bye)
            else:
                each.holder = connection.name
        if connection.name is not None and not connection.said_bye:
            self.lost_names[connection.name] = self.now_ms + RESUME_MS

    def kill(self, keeps=0):
        """kill -9: of what was not committed the first `keeps` had reached the disk, and nobody was told."""
        for do, _ in self._commits[:keeps]:
            do()
        self._commits.clear()
        self.connections.clear()
        self.lost_names.clear()
        self.epoch += 1
        for each in self._all():
            if each.state in ("leased", "settling"):
                each.state = "leased"
                each.holder, each.fetched_by, each.lease_ends_ms = None, None, self.now_ms + GRACE_MS

    def bye(self):
        for each in filter(lambda each: each.is_open, self.connections):
            each.ending = True
            each.say("BYE", code="shutting_down", text="")

    def commit(self):
        commits, self._commits = self._commits, []
        told = [(tell, do()) for do, tell in commits]
        for tell, outcome in told:
            tell(outcome)

    def advance(self, ms):
        self.now_ms += ms
        for each in self._all():
            if each.state == "leased" and self.now_ms >= each.lease_ends_ms:
                each.free()
        for name, until in list(self.lost_names.items()):
            if self.now_ms >= until:
                del self.lost_names[name]
                for each in self._held(name):
                    each.free()
        self.deliver()

    # --- commands ---

    def hear(self, connection, frames):
        name, fields = msgpack.unpackb(frames[0], strict_map_key=False)
        assert connection.is_open != (name == "HELLO"), f"{name} comes when it may"
        assert not connection.said_bye or name == "HEARTBEAT", f"{name} after BYE"
        assert (len(frames) == 2) == (name == "PUBLISH"), "a block where there is one"
        getattr(self, "_on_" + name.lower())(connection, fields, *frames[1:])
        self.deliver()

    def _on_hello(self, connection, fields):
        assert 1 in fields["versions"]
        connection.is_open, connection.name = True, fields.get("name")
        replaced = None
        for other in [each for each in self.connections if each.name == connection.name and each is not connection]:
            if connection.name is not None:
                replaced = True
                other.say("REFUSED", re="HELLO", code="replaced", text="", fatal=True)
                self.disconnect(other)
        resumed = 0
        if self.lost_names.pop(connection.name, None) is not None:
            for each in self._held(connection.name):
                if fields.get("resume"):
                    each.holder, resumed = connection, resumed + 1
                else:
                    each.free()
        connection.say("WELCOME", version=1, bridge="fake", epoch=self.epoch, features=FEATURES,
                       heartbeat=fields["heartbeat"], resumed=resumed, held=self._list_held(connection), replaced=replaced, limits=LIMITS)

    def _list_held(self, connection):
        if self.held_ranges is None:
            return None
        ranges = []
        for name, topic in self.topics.items():
            for each in [each for each in topic.stored if each.state == "leased" and each.holder is connection]:
                token = self._token(topic, each)
                last = ranges[-1] if ranges else None
                if last and last[0] == name and wire.Place.read(last[1]).behind(last[2]).octets() == token:
                    last[2] += 1
                else:
                    ranges.append([name, token, 1])
        return ranges[:self.held_ranges]

    def _on_heartbeat(self, connection, fields):
        pass

    def _on_bye(self, connection, fields):
        connection.said_bye = True
        self.commit()
        connection.say("BYE")

    def _on_publish(self, connection, fields, block):
        bodies = wire.bodies(block)
        seq, count = fields["seq"], fields["count"]
        assert seq > connection.seq, f"seq {seq} rises above {connection.seq}"
        assert count == len(bodies) <= LIMITS["batch_messages"]
        connection.seq = seq + count - 1
        topic = self.topics[fields["topic"]]
        for number, frames in enumerate(bodies, seq):
            id_ = f"{connection.name}:{number}" if fields.get("once") else None
            if getattr(connection, "ending", False):
                self._refuse(connection, number, "shutting_down")
            elif self.refused:
                self._refuse(connection, number, self.refused)
            else:
                self._commits.append((lambda topic=topic, frames=frames, id_=id_: self._store(topic, frames, id_),
                                      lambda outcome, number=number: connection.say("RECEIPT", stored=[[number, 1, *outcome]])))

    def _refuse(self, connection, number, code):
        self._commits.append((lambda: None, lambda _: connection.say("RECEIPT", refused=[[number, 1, code, "no"]])))

    def _store(self, topic, frames, id_):
        if topic.dedup and id_ in topic.ids:
            return topic.ids[id_].id, True
        made = Stored(len(topic.stored), frames, bytes([topic.number]) * 8 + (len(topic.stored) + 1).to_bytes(8, "big"))
        topic.stored.append(made)
        if topic.dedup and id_ is not None:
            topic.ids[id_] = made
        return made.id, False

    def _on_subscribe(self, connection, fields):
        assert fields["sub"] not in connection.subs
        connection.subs[fields["sub"]] = [self.topics[fields["group"]], fields["credit"], fields.get("lease", LEASE_MS)]
        connection.say("SUBSCRIBED", sub=fields["sub"], lease=fields.get("lease", LEASE_MS))

    def _on_unsubscribe(self, connection, fields):
        del connection.subs[fields["sub"]]
        connection.say("UNSUBSCRIBED", sub=fields["sub"])

    def _on_credit(self, connection, fields):
        connection.subs[fields["sub"]][1] = fields["credit"]

    def _on_receive(self, connection, fields):
        assert len(connection.fetches) < LIMITS["receives"]
        assert fields["attempt"] > 0
        connection.fetches[fields["ref"]] = [self.topics[fields["group"]], fields["max"], self.now_ms + fields["wait"],
                                             fields.get("lease", LEASE_MS), fields["attempt"]]
        if getattr(connection, "ending", False):
            self._answer(connection, fields["ref"], [])

    def _on_settle(self, connection, fields):
        assert len(fields["ranges"]) <= LIMITS["ranges"]
        assert sum(count for _, count in fields["ranges"]) <= LIMITS["settle_messages"]
        topic = self.topics[fields["group"]]
        stale = []
        for first, count in fields["ranges"]:
            tokens = [wire.Place.read(first).behind(n).octets() for n in range(count)]
            for token in tokens:
                connection.used.pop(token, None)
            found = [self._open(topic, token) for token in tokens]
            stale.append(found.count(None))
            for each in filter(None, found):
                self._settle(each, fields)
        self._commits.append((lambda: None, lambda _: connection.say("SETTLED", ref=fields["ref"], stale=stale)))

    def _settle(self, each, fields):
        verdict = fields["verdict"]
        if verdict in ("ack", "reject"):
            each.state = "settling"  # until it is durable; a crash forgets it

            def do():
                each.state, each.acked_durably = "settled", True
            self._commits.append((do, lambda _: None))
        elif verdict == "retry":
            each.free(due_ms=self.now_ms + fields.get("delay", 100))
        else:
            each.free(counted=False)

    def _on_extend(self, connection, fields):
        topic = self.topics[fields["group"]]
        stale, tokens = [], []
        for first, count in fields["ranges"]:
            found = [self._open(topic, wire.Place.read(first).behind(n).octets()) for n in range(count)]
            grant = 1 + max((each.grant for each in found if each), default=0)
            for each in filter(None, found):
                sub = connection.used.pop(self._token(topic, each), None)
                each.grant, each.lease_ends_ms = grant, self.now_ms + fields.get("lease", LEASE_MS)
                if sub is not None:
                    connection.used[self._token(topic, each)] = sub
            stale.append(found.count(None))
            at, one = next(((n, each) for n, each in enumerate(found) if each), (0, None))
            tokens.append(one and wire.Place.read(self._token(topic, one)).behind(-at).octets())
        connection.say("SETTLED", ref=fields["ref"], stale=stale, tokens=tokens)

    # --- delivering ---

    def deliver(self):
        for connection in self.connections:
            if not connection.is_open or connection.said_bye or getattr(connection, "ending", False):
                continue
            for sub, (topic, credit, lease) in connection.subs.items():
                room = credit - list(connection.used.values()).count(sub)
                given = self._give(connection, topic, room, lease)
                if given:
                    connection.used.update((self._token(topic, each), sub) for each in given)
                    self._deliver(connection, given, topic, sub=sub)
            for ref, (topic, most, until, lease, attempt) in list(connection.fetches.items()):
                given = self._give_again(connection, topic, lease, attempt) or self._give(connection, topic, most, lease)
                for each in given:
                    each.fetched_by = attempt
                if given or self.now_ms >= until:
                    self._answer(connection, ref, given)

    def _answer(self, connection, ref, given):
        topic = connection.fetches.pop(ref)[0]
        self._deliver(connection, given, topic, ref=ref)

    def _give(self, connection, topic, most, lease):
        ready = [each for each in topic.stored if each.state == "ready" and each.due_ms <= self.now_ms]
        given = ready[:max(0, most)]
        for each in given:
            each.state, each.holder = "leased", connection
            each.attempt += 1
            each.grant += 1
            each.lease_ends_ms = self.now_ms + lease
        return given

    def _give_again(self, connection, topic, lease, attempt):
        """What it was given for this before, and holds yet."""
        given = [each for each in topic.stored if each.state == "leased" and each.holder is connection and each.fetched_by == attempt]
        for each in given:
            each.lease_ends_ms = self.now_ms + lease
        return given

    def _deliver(self, connection, given, topic, **to):
        runs = []
        for _, run in itertools.groupby(enumerate(given), lambda it: (it[1].offset - it[0], it[1].attempt, it[1].grant)):
            run = [each for _, each in run]
            runs.append([self._token(topic, run[0]), len(run), run[0].attempt, run[0].id])
        connection.say("DELIVER", b"".join(wire.body(each.frames) for each in given) if given else None, runs=runs, **to)

    def _token(self, topic, each):
        return (b"\x02" + bytes([each.attempt & 255]) + topic.number.to_bytes(2, "big") + (7).to_bytes(4, "big")
                + each.grant.to_bytes(2, "big") + each.offset.to_bytes(6, "big"))

    def _open(self, topic, token):
        offset = int.from_bytes(token[10:], "big")
        each = topic.stored[offset] if offset < len(topic.stored) else None
        return each if each is not None and each.state == "leased" and self._token(topic, each) == token else None

    def _held(self, holder):
        return [each for each in self._all() if each.state == "leased" and each.holder == holder]

    def _all(self):
        return [each for topic in self.topics.values() for each in topic.stored]

"""The runner that writes each frame itself, from docs/PROTOCOL.md alone: it can also say what no client would."""
import msgpack
import zmq
from zmq.utils.monitor import recv_monitor_message

from harness import Broken, PATIENCE_S, connected
from runner import Refused, Runner, attributes_of, delivered, frames_of, picked, shown
from zbp import block, messages_in, token_behind

PATIENCE_MS = PATIENCE_S * 1000
ANSWERED_BY_REF = ("FOUND", "DONE", "ANSWER", "RESOLVED", "SETTLED", "REPLY")


class Lent:
    def __init__(self, group, token, attempt, frames, attributes):
        self.group, self.token, self.attempt, self.frames, self.attributes = group, token, attempt, frames, attributes


class Published:
    """Of one PUBLISH or PREPARE: outcomes, ids and tokens by number."""

    def __init__(self, client, verb, fields, wire, count):
        self.client, self.verb, self.fields, self.wire, self.count = client, verb, fields, wire, count
        self.outcomes, self.ids, self.token = {}, {}, None

    def said(self):
        self.client.say(self.verb, self.fields, self.wire)

    def result(self):
        seqs = range(self.fields["seq"], self.fields["seq"] + self.count)
        return {"outcomes": [self.outcomes[seq] for seq in seqs]}

    @property
    def id(self):
        return next(iter(self.ids.values()))


class Sub:
    def __init__(self, client, number, fields):
        self.client, self.number, self.fields = client, number, fields
        self.ready, self.done = [], 0  # what was delivered, and nobody has taken


class Session:
    """One connection, and what a client knows over several."""

    def __init__(self, context, address, **hello):
        self.context, self.address, self.hello = context, address, hello
        self.heard, self.number, self.seq = [], 0, 0
        self.subs, self.published = {}, []
        self.socket = None
        self.open(**hello)

    def open(self, **hello):
        self.socket = connected(self.context, zmq.DEALER, None, SNDHWM=0, RCVHWM=0, RECONNECT_IVL=3_600_000)
        self.monitor = self.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        self.socket.connect(self.address)
        if hello.pop("silent", False):
            return
        self.say("HELLO", {"versions": [1], **hello})
        self.welcome = self.hear("WELCOME")[0]

    def next_number(self):
        self.number += 1
        return self.number

    def say(self, name, fields, wire=None):
        self.send([msgpack.packb([name, {key: value for key, value in fields.items() if value is not None}])]
                  + ([wire] if wire is not None else []))

    def send(self, frames):
        self.socket.send_multipart(frames)

    def hear(self, *names, **these):
        """(fields, block) of the next of one of these names that has these fields. REFUSED of it is raised."""
        def fits(name, fields):
            if name == "REFUSED":  # of something else, it is for another step
                told = {key: fields[key] for key in ("ref", "sub", "seq") if key in fields}
                return names == ("REFUSED",) or fields["fatal"] or all(these.get(key, value) == value for key, value in told.items())
            return name in names and all(fields.get(key) == value for key, value in these.items())

        while True:
            for at, (name, fields, wire) in enumerate(self.heard):
                if fits(name, fields):
                    del self.heard[at]
                    if name == "REFUSED" and "REFUSED" not in names:
                        raise Refused(fields["code"])
                    return fields, wire
            self.listen(" or ".join(names))

    def listen(self, what):
        if not self.socket.poll(PATIENCE_MS):
            raise Broken(f"nothing came: {what}; heard {self.heard!r:.300}")
        header, *rest = self.socket.recv_multipart()
        name, fields = msgpack.unpackb(header, strict_map_key=False)
        wire = rest[0] if rest else b""
        if name == "DELIVER" and fields.get("sub") in self.subs:
            return self.subs[fields["sub"]].ready.extend(read_delivered(self.subs[fields["sub"]], fields, wire))
        if name == "RECEIPT" and self.of_seq((fields["stored"] + fields["refused"] + fields.get("prepared", []))[0][0]):
            return self.on_receipt(fields)
        return self.heard.append((name, fields, wire))

    def on_receipt(self, fields):
        told = [(seq + n, "duplicate" if duplicate else "stored", token_behind(id_, n), None)
                for seq, count, id_, duplicate in fields["stored"] for n in range(count)]
        told += [(seq + n, code, None, None) for seq, count, code, _ in fields["refused"] for n in range(count)]
        told += [(seq, "prepared", id_, token) for seq, id_, token in fields.get("prepared", [])]
        for seq, outcome, id_, token in told:
            its = self.of_seq(seq)
            its.outcomes[seq], its.ids[seq], its.token = outcome, id_, token or its.token

    def of_seq(self, seq):
        """Which of its own; none of what a scenario has said itself."""
        return next((each for each in self.published if each.fields["seq"] <= seq < each.fields["seq"] + each.count), None)

    def ask(self, name, answer, wire=None, **fields):
        ref = self.next_number()
        self.say(name, {"ref": ref, **fields}, wire)
        return self.hear(answer, ref=ref)

    def close(self):
        self.socket.disable_monitor()
        self.monitor.close(0)
        self.socket.close(0)


def read_delivered(sub, fields, wire):
    """What a DELIVER brings: of a group, or of a topic that is read."""
    messages = messages_in(wire)
    if "runs" not in fields:
        attributes = (fields.get("attributes") or [None])[0]  # for all of them
        sub.done = fields["offset"] + len(messages)
        sub.client.say("CREDIT", {"sub": sub.number, "credit": sub.fields["credit"], "offset": sub.done})
        return [Lent(None, None, fields["offset"] + n, frames, attributes) for n, frames in enumerate(messages)]
    return list(lent(sub.fields["group"], fields, messages))


def lent(group, fields, messages):
    at = 0
    for (token, count, attempt, _), attributes in zip(fields["runs"], fields.get("attributes") or [None] * len(fields["runs"])):
        for n in range(count):
            yield Lent(group, token_behind(token, n), attempt, messages[at], attributes)
            at += 1


def ranges_of(deliveries):
    """Neighbours as one."""
    found = []
    for token in (each.token for each in deliveries):
        if found and token_behind(found[-1][0], found[-1][1]) == token:
            found[-1][1] += 1
        else:
            found.append([token, 1])
    return found


class Raw(Runner):
    def connect(self, client, at=None, versions=None, **hello):
        if versions is not None:
            hello["versions"] = versions
        made = Session(self.world.context, self.world.address(client, at, direct=True), **hello)
        self.clients[client] = made
        welcome = made.welcome if hasattr(made, "welcome") else {}
        return {"open": bool(welcome), **{key: welcome[key] for key in ("version", "features", "resumed", "calls") if key in welcome}}

    def do_close(self, client):
        client.say("BYE", {})
        client.hear("BYE")
        self.forget(client)
        return {}

    def forget(self, client):
        client.close()
        self.clients = {name: each for name, each in self.clients.items() if each is not client}

    def do_cut(self, client):
        """docs/PROTOCOL.md, "Losing a connection": HELLO, PUBLISH again, SUBSCRIBE again."""
        client.close()
        client.heard.clear()
        client.open(**{**client.hello, "resume": bool(client.hello.get("name")) or None})
        for each in client.published:
            if len(each.outcomes) < each.count:
                each.said()
        for sub in client.subs.values():
            if sub.done:
                sub.fields = {**sub.fields, "start": None, "offset": sub.done}
            client.say("SUBSCRIBE", sub.fields)
            client.hear("SUBSCRIBED", sub=sub.number)
        return {}

    def do_lose(self, client):
        self.forget(client)
        return {}

    # --- publishing

    def _publish(self, client, verb, topic, messages, once=None):
        attributes = [attributes_of(each) for each in messages]
        fields = {"topic": topic, "seq": client.seq + 1, "count": len(messages), "once": once,
                  "attributes": attributes if any(attributes) else None}
        client.seq += len(messages)
        made = Published(client, verb, fields, block(*map(frames_of, messages)), len(messages))
        client.published.append(made)
        made.said()
        return made

    def do_begin_publish(self, client, topic, messages, once=None):
        return self.keep(self._publish(client, "PUBLISH", topic, messages, once), {})

    def do_finish(self, client, of):
        while len(of.outcomes) < of.count:
            refused = [fields["code"] for name, fields, _ in client.heard if name == "REFUSED"]
            if refused:
                raise Refused(refused[0])
            client.listen("RECEIPT")
        return of.result()

    def do_publish(self, client, topic, messages, once=None):
        made = self._publish(client, "PUBLISH", topic, messages, once)
        return self.keep(made, self.do_finish(client, made))

    def do_prepare(self, client, topic, message):
        made = self._publish(client, "PREPARE", topic, [message])
        outcome, = self.do_finish(client, made)["outcomes"]
        if outcome != "prepared":
            raise Refused(outcome)
        return self.keep(made, {"outcome": outcome})

    def _resolve(self, client, verb, of):
        fields, _ = client.ask(verb, "RESOLVED", tokens=[of.token])
        if fields.get("refused"):
            raise Refused(fields["refused"][0][1])
        return {}

    def do_commit(self, client, of):
        return self._resolve(client, "COMMIT", of)

    def do_rollback(self, client, of):
        return self._resolve(client, "ROLLBACK", of)

    def do_unknown(self, client, of):
        client.say("UNKNOWN", {"tokens": [of.token]})
        return {}

    def do_checks(self, client, topic, credit=64, attributes=None):
        return self._subscribe(client, checks=topic, credit=credit, attributes=attributes)

    def do_check(self, client, of):
        fields, wire = client.hear("CHECK", sub=of.number)
        made = Lent(None, fields["token"], None, messages_in(wire)[0], fields.get("attributes"))
        return self.keep(made, {"message": shown(made.frames), "attributes": made.attributes, "first": fields["number"] == 1})

    # --- consuming

    def _subscribe(self, client, **fields):
        sub = Sub(client, client.next_number(), {})
        sub.fields = {"sub": sub.number, **fields}
        client.subs[sub.number] = sub
        client.say("SUBSCRIBE", sub.fields)
        try:
            client.hear("SUBSCRIBED", sub=sub.number)
        except Refused:
            del client.subs[sub.number]
            raise
        return self.keep(sub, {})

    def do_subscribe(self, client, group, credit=256, lease=None, attributes=None):
        return self._subscribe(client, group=group, credit=credit, lease=lease, attributes=attributes)

    def do_read(self, client, topic, start=None, offset=None, attributes=None, credit=256):
        return self._subscribe(client, topic=topic, start=start, offset=offset, attributes=attributes, credit=credit)

    def do_take(self, client, of, count):
        while len(of.ready) < count:
            client.listen("DELIVER")
        taken, of.ready = of.ready[:count], of.ready[count:]
        result = delivered(taken)
        if "topic" in of.fields:
            result["offsets"] = result.pop("attempts")
        return self.keep(taken, result)

    def do_receive(self, client, group, count, lease=None, attributes=None):
        taken = []
        while True:
            wait = PATIENCE_MS if count else 0
            ref = client.next_number()
            client.say("RECEIVE", {"ref": ref, "group": group, "max": count - len(taken) or 1, "wait": wait, "lease": lease,
                                   "attributes": attributes})
            fields, wire = client.hear("DELIVER", ref=ref)
            taken += lent(group, fields, messages_in(wire))
            if len(taken) >= count:
                return self.keep(taken, delivered(taken))

    def do_credit(self, client, of, credit):
        client.say("CREDIT", {"sub": of.number, "credit": credit})
        return {}

    def do_unsubscribe(self, client, of):
        client.say("UNSUBSCRIBE", {"sub": of.number})
        client.hear("UNSUBSCRIBED", sub=of.number)
        del client.subs[of.number]
        if "group" in of.fields and of.ready:  # nobody has looked at it
            self.do_settle(client, of.ready, "release")
        return {}

    def do_settle(self, client, of, verdict, pick=None, delay=None, reason=None):
        its = picked(of, pick)
        fields, _ = client.ask("SETTLE", "SETTLED", group=its[0].group, verdict=verdict, ranges=ranges_of(its), delay=delay,
                               reason=reason)
        if any(fields["stale"]):
            raise Refused("stale")
        return {}

    def do_extend(self, client, of, pick=None, lease=None):
        its = picked(of, pick)
        fields, _ = client.ask("EXTEND", "SETTLED", group=its[0].group, ranges=[[each.token, 1] for each in its], lease=lease)
        for each, token in zip(its, fields["tokens"]):
            if token is None:
                raise Refused("stale")
            each.token = token
        return {}

    # --- services

    def do_begin_call(self, client, service, message, timeout=None):
        ref = client.next_number()
        client.say("CALL", {"ref": ref, "service": service, "timeout": timeout}, block(frames_of(message)))
        return self.keep(ref, {})

    def do_answer(self, client, of):
        _, wire = client.hear("REPLY", ref=of)
        return {"reply": shown(messages_in(wire)[0])}

    def do_call(self, client, service, message, timeout=None):
        self.do_begin_call(client, service, message, timeout)
        return self.do_answer(client, client.number)

    def do_work(self, client, service, credit=1):
        return self._subscribe(client, service=service, credit=credit)

    def do_task(self, client, of):
        fields, wire = client.hear("CALL", sub=of.number)
        return self.keep((of, fields["call"]), {"message": shown(messages_in(wire)[0]), "attempt": fields["attempt"]})

    def do_reply(self, client, of, message=None, error=None):
        sub, call = of
        client.say("REPLY", {"sub": sub.number, "call": call, "error": error}, None if message is None else block(frames_of(message)))
        return {}

    # --- asking

    def do_query(self, client, topic, key=None, id=None, of=None, since=None, max=None):
        fields, wire = client.ask("QUERY", "FOUND", topic=topic, key=key, id=id if of is None else of.id, max=max, **{"from": since})
        return {"messages": [shown(frames) for frames in messages_in(wire)], "attributes": [each[3] for each in fields["messages"]]}

    def do_recall(self, client, of):
        client.ask("RECALL", "DONE", id=of.id)
        return {}

    def do_reset(self, client, group, **to):
        client.ask("RESET", "DONE", group=group, **to)
        return {}

    def do_admin(self, client, call, args=None):
        return {"report": client.ask("ADMIN", "ANSWER", call=call, args=args)[0]["report"]}

    # --- what no client would

    def do_say(self, client, command, fields=None, block=None, times=1, counts=None):
        """`block`: messages, or the bytes themselves. `times`: so often, the field `counts` being one more each time."""
        wire = block if block is None or isinstance(block, bytes) else _block(block)
        for n in range(times):
            client.say(command, {**(fields or {}), **({counts: fields[counts] + n} if counts else {})}, wire)
        return {}

    def do_send(self, client, frames):
        client.send(frames_of(frames))
        return {}

    def do_hear(self, client, command):
        return client.hear(command)[0]

    def do_gone(self, client):
        """The bridge has ended the connection."""
        if not client.monitor.poll(PATIENCE_MS):
            raise Broken("the bridge does not end the connection")
        recv_monitor_message(client.monitor)
        self.forget(client)
        return {}

    def end(self):
        for each in list(self.clients.values()):
            each.close()


def _block(messages):
    return block(*map(frames_of, messages))

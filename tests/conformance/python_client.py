"""The runner of the Python client (clients/python)."""
import queue

import zbridge

from harness import Broken, PATIENCE_S
from runner import Runner, attributes_of, delivered, frames_of, picked, shown

SECOND_MS = 1000


def seconds(ms):
    return None if ms is None else ms / SECOND_MS


def code_of(error):
    """The protocol's code; of what is this client's own the class's name: `already_settled`."""
    name = type(error).__name__
    return error.code or "".join("_" + each.lower() if each.isupper() else each for each in name).lstrip("_")


class Worked:
    """What a worker's handler was given, and waits for the reply to."""

    def __init__(self, task):
        self.task, self.replies = task, queue.Queue()


class Python(Runner):
    def do(self, step):
        try:
            return super().do(step)
        except (zbridge.Error, ValueError) as error:
            return {"refused": code_of(error) if isinstance(error, zbridge.Error) else "invalid"}

    def connect(self, client, at=None, name=None, heartbeat=2000):
        options = zbridge.Options(name=name, heartbeat=seconds(heartbeat), backoff_max=0.2)
        made = zbridge.Client(self.world.address(client, at), options=options)
        self.clients[client] = made
        made.wait_open(PATIENCE_S)
        return {"open": True}

    def do_close(self, client):
        client.close(PATIENCE_S)
        self.clients = {name: each for name, each in self.clients.items() if each is not client}
        return {}

    def do_cut(self, client):
        self.world.cut(self.name_of(client))
        client.wait_open(PATIENCE_S)
        return {}

    def do_lose(self, client):
        self.world.cut(self.name_of(client), for_good=True)
        return {}

    def name_of(self, client):
        return next(name for name, each in self.clients.items() if each is client)

    # --- publishing

    def _submit(self, client, topic, messages, once):
        return [client.submit(topic, zbridge.Message(frames_of(each), **attributes_of(each) or {}), once=once) for each in messages]

    def do_begin_publish(self, client, topic, messages, once=False):
        return self.keep(self._submit(client, topic, messages, once), {})

    def do_finish(self, client, of):
        outcomes = []
        for each in of:
            try:
                outcomes.append("duplicate" if each.result(PATIENCE_S).duplicate else "stored")
            except zbridge.Refused as refused:
                outcomes.append(refused.code)
        return {"outcomes": outcomes}

    def do_publish(self, client, topic, messages, once=False):
        made = self._submit(client, topic, messages, once)
        return self.keep(made, self.do_finish(client, made))

    def do_prepare(self, client, topic, message):
        made = client.prepare(topic, zbridge.Message(frames_of(message), **attributes_of(message) or {}), timeout=PATIENCE_S)
        return self.keep(made, {"outcome": "prepared"})

    def do_commit(self, client, of):
        client.resolve("COMMIT", of.token).result(PATIENCE_S)
        return {}

    def do_rollback(self, client, of):
        client.resolve("ROLLBACK", of.token).result(PATIENCE_S)
        return {}

    def do_unknown(self, client, of):
        of.unknown()
        return {}

    def do_checks(self, client, topic, credit=64, attributes=False):
        return self.keep(client.checks(topic, credit=credit, attributes=attributes), {})

    def do_check(self, client, of):
        made = of.next(PATIENCE_S)
        return self.keep(made, {"message": shown(made.frames), "attributes": made.attributes, "first": made.number == 1})

    # --- consuming

    def do_subscribe(self, client, group, credit=256, lease=None, attributes=False):
        return self.keep(client.subscribe(group, credit=credit, lease=seconds(lease), attributes=attributes), {})

    def do_take(self, client, of, count):
        taken = []
        while len(taken) < count:
            one = of.next(PATIENCE_S)
            if one is None:
                raise Broken(f"{len(taken)} of {count} came")
            taken.append(one)
        if isinstance(of, zbridge.Reader):
            return {"messages": [shown(each.frames) for each in taken], "offsets": [each.offset for each in taken],
                    "attributes": [each.attributes for each in taken]}
        return self.keep(taken, delivered(taken))

    def do_read(self, client, topic, start="latest", offset=None, attributes=False, credit=256):
        return self.keep(client.read(topic, start=start, offset=offset, attributes=attributes, credit=credit), {})

    def do_receive(self, client, group, count, lease=None, attributes=False):
        taken = []
        while True:
            taken += client.receive(group, count - len(taken) or 1, wait=PATIENCE_S if count else 0, lease=seconds(lease),
                                    attributes=attributes)
            if len(taken) >= count:
                return self.keep(taken, delivered(taken))

    def do_credit(self, client, of, credit):
        of.set_credit(credit)
        return {}

    def do_unsubscribe(self, client, of):
        of.close()
        return {}

    def do_settle(self, client, of, verdict, pick=None, delay=None, reason=None):
        client.settle(picked(of, pick), verdict, seconds(delay), reason).result(PATIENCE_S)
        return {}

    def do_extend(self, client, of, pick=None, lease=None):
        client.extend(picked(of, pick), seconds(lease)).result(PATIENCE_S)
        return {}

    # --- services

    def do_begin_call(self, client, service, message, timeout=None):
        return self.keep(client.begin_call(service, frames_of(message), PATIENCE_S if timeout is None else seconds(timeout)), {})

    def do_answer(self, client, of):
        return {"reply": shown(of.result(PATIENCE_S))}

    def do_call(self, client, service, message, timeout=None):
        return {"reply": shown(client.call(service, frames_of(message), PATIENCE_S if timeout is None else seconds(timeout)))}

    def do_work(self, client, service, credit=1):
        given = queue.Queue()

        def handler(task):
            worked = Worked(task)
            given.put(worked)
            message, error = worked.replies.get(timeout=PATIENCE_S)
            if error is not None:
                raise RuntimeError(error)
            return frames_of(message)

        given.close = client.work(service, handler, credit=credit, threads=credit).close
        return self.keep(given, {})

    def do_task(self, client, of):
        worked = of.get(timeout=PATIENCE_S)
        return self.keep(worked, {"message": shown(worked.task.frames), "attempt": worked.task.attempt})

    def do_reply(self, client, of, message=None, error=None):
        of.replies.put((message, error))
        return {}

    # --- asking

    def do_query(self, client, topic, key=None, id=None, of=None, since=None, max=20):
        found = client.query(topic, key=key, id=id if of is None else of[0].result(0).id, since=since, max=max, timeout=PATIENCE_S)
        return {"messages": [shown(each.frames) for each in found], "attributes": [each.attributes or None for each in found]}

    def do_recall(self, client, of):
        client.recall(of[0].result(0).id, timeout=PATIENCE_S)
        return {}

    def do_reset(self, client, group, to=None, offset=None, time=None):
        client.reset(group, to=to, offset=offset, time=time, timeout=PATIENCE_S)
        return {}

    def do_admin(self, client, call, args=None):
        return {"report": client.admin(call, args, timeout=PATIENCE_S)}

    def end(self):
        for each in self.clients.values():
            each.close(0.1)

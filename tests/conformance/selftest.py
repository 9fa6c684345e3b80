"""The suite itself, without a bridge: what is not as expected breaks it, a runner that leaves something out without a word does, and so does
a file that says what nobody understands.
"""
import contextlib
import io
import re
from pathlib import Path

import scenario
import suite
from harness import Broken, check, equal
from runner import Runner

PAGE = Path(__file__).resolve().parents[2] / "docs/PROTOCOL.md"
# Codes of the page that no scenario provokes, and where they are.
ELSEWHERE = {
    "store_failed": "a disk that fails: recovery.sync_fails",
    "store_full": "a disk that is full: recovery.full_disk",
    "unconfigured": "a topic that is not in the file of the bridge any more: unit/plugins/durable/retention_test.cc",
    "identity_taken": "a second user: flow.identities has it for plain sockets",
    "outbox_full": "a client that does not read for long: flow.limits",
    "unresumable": "a restart that nobody can be told apart after: flow.rpc_resume_clients",
}


class Fake(Runner):
    """Says what it was told to say."""
    results = {}

    def connect(self, client):
        self.clients[client] = self
        return {}

    def do_publish(self, client, topic, messages, once=None):
        return dict(self.results)

    def end(self):
        pass


def one(text, **settings):
    said = scenario.yaml.load(text, scenario._Loader)
    return scenario.Scenario("made", {"about": "a scenario", "steps": said, **settings})


def failures(made, name="python"):
    with contextlib.redirect_stdout(io.StringIO()) as told:
        failed = suite.play_all([made], name, Fake, Fake.actions(), None)
    return failed, told.getvalue()


def refused(text, **settings):
    try:
        one(text, **settings)
    except scenario.Wrong as wrong:
        return str(wrong)
    raise Broken(f"it is taken: {text}")


def expectations():
    publish = "- publish: { topic: t, messages: [a] }\n"
    Fake.results = {"outcomes": ["stored"]}
    equal(failures(one(publish))[0], 0, "as it usually is")
    equal(failures(one(publish + "  expect: { outcomes: [duplicate] }"))[0], 1, "expected is another outcome")
    equal(failures(one(publish + "  expect: { refused: denied }"))[0], 1, "expected is a refusal")
    equal(failures(one(publish + "  expect: { outcomes: [stored, stored] }"))[0], 1, "expected are more")
    Fake.results = {"outcomes": ["topic_full"]}
    equal(failures(one(publish))[0], 1, "it is refused, and nothing is said of that")
    Fake.results = {"refused": "denied"}
    equal(failures(one(publish))[0], 1, "likewise, the whole of it")
    equal(failures(one(publish + "  expect: { refused: !either [denied, unable] }"))[0], 0, "one of several")


def runners_leave_nothing_out():
    recall = "- recall: { of: x }\n"
    failed, told = failures(one(recall))
    check(failed == 1 and "`without` does not say so" in told or "KeyError" in told, told)
    failed, told = failures(one(recall, without={"python": "it knows no RECALL"}))
    check(failed == 0 and "left out: it knows no RECALL" in told, told)
    Fake.results = {"outcomes": ["stored"]}
    failed, told = failures(one("- publish: { topic: t, messages: [a] }\n", without={"python": "it is too much work"}))
    check(failed == 1 and "has all of its actions" in told, told)


def words():
    check("no such action" in refused("- publsh: { topic: t }"), "an action that is misspelt")
    check("no such argument" in refused("- publish: { topic: t, messages: [], onec: true }"), "an argument")
    check("without ['messages']" in refused("- publish: { topic: t }"), "one that is missing")
    check("one action" in refused("- { publish: {}, close: {} }"), "two at once")
    check("why it cannot" in refused("- close:", without={"python": ""}), "without a reason")


def words_of(expected):
    if isinstance(expected, dict):
        return {word for key, value in expected.items() for word in {key} | words_of(value)}
    return {word for each in expected for word in words_of(each)} if isinstance(expected, list) else {expected}


def codes():
    """Each code of the page is expected by a scenario, or stands above."""
    table = PAGE.read_text().split("## 10. Codes")[1].split("## 11.")[0]
    of_page = {code for line in table.splitlines() if line.startswith("| `") for code in re.findall(r"`(\w+)`", line.split("|")[1])}
    expected = {word for each in scenario.all_of_them() for step in each.steps for word in words_of(step.expect)}
    equal(of_page - expected, set(ELSEWHERE), "codes of the page that no scenario provokes")
    check(len(of_page) > 20, "the page has codes")


def main():
    expectations()
    runners_leave_nothing_out()
    words()
    codes()
    suite.bridge_file(scenario.all_of_them())


main()

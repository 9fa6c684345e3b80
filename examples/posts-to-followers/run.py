#!/usr/bin/python3
"""Plays posts to followers: couriers share the posts, each author's posts arrive in order, each once."""
import signal
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import harness

POSTS = 60


def of(program, author):
    return [line for line in program.lines if line.startswith(f"{author}: ")]


def posts(stage, at):
    """Posts to followers: couriers share them, one is killed, every inbox is in order"""
    tell, promise = stage.account.tell, stage.account.promise

    def courier(name, *arguments):
        program = stage.start(name, "courier", "--connect", at["COURIERS"], "--inboxes", at["INBOXES_IN"], "--name", name, *arguments)
        program.wait_for("is there")
        return program

    def author():
        return stage.start("the authors", "author", "--connect", at["POSTS"])

    slow = courier("otto", "--pause", "3600")
    authors = author()
    authors.type("ada: post 001")
    slow.wait_for("otto told mia: ada: post 001")
    for number in range(2, POSTS + 1):
        authors.type(f"ada: post {number:03}")
        authors.type(f"linus: post {number:03}")
    authors.wait_for(": OK ", 2 * POSTS - 1)
    tell("authors", f"have posted {2 * POSTS - 1} times, each time with a receipt")
    tell("otto", "has told mia of ada's first post, and not yet noah")

    quick = [courier("petra"), courier("quinn")]
    inboxes = {name: stage.start(name, "inbox", "--connect", at["INBOXES"], "--name", name) for name in ("mia", "noah")}
    inboxes["mia"].wait_for(f"linus: post {POSTS:03}")
    promise("while ada's first post is under way her others wait, and linus' do not",
            len(of(inboxes["mia"], "linus")) == POSTS - 1 and len(of(inboxes["mia"], "ada")) == 1)

    slow.signal(signal.SIGKILL)
    slow.wait_for_end()
    tell("otto", "is killed (SIGKILL): his post goes to another courier")
    for inbox in inboxes.values():
        inbox.wait_for(f"ada: post {POSTS:03}")
    shares = [program.count(" told ") for program in quick]
    tell("couriers", f"petra and quinn have filled {shares[0]} and {shares[1]} places in inboxes")
    whole = [f"ada: post {number:03}" for number in range(1, POSTS + 1)]
    promise("both followers have every post of ada, in her order, each once", all(of(inbox, "ada") == whole for inbox in inboxes.values()))
    promise("noah, who does not follow linus, has none of his", not of(inboxes["noah"], "linus"))

    stage.bridge.kill_and_start()
    tell("bridge", "is killed (SIGKILL) and started again")
    feed = stage.start("feed", "feed", "--connect", at["FEED"])
    last = author()
    last.type("ada: good night")
    last.wait_for(": OK ")
    feed.wait_for("ada: good night")
    promise("the public feed has all, in order, from the first post on", of(feed, "ada") == [*whole, "ada: good night"])
    harness.wait_until(lambda: sum(program.count("ada: good night") for program in quick) == 2, "the couriers did not go on")
    tell("couriers", "went on by themselves")
    for program in (authors, last):
        program.end_of_input()
        program.wait_for_end()


if __name__ == "__main__":
    names = ["POSTS", "FEED", "COURIERS", "INBOXES_IN", "INBOXES"]
    sys.exit(harness.run_scenes("posts-to-followers", [(posts, names, {})]))

#!/usr/bin/python3
"""Plays the social feed: one follower stalls, the others do not notice."""
import signal
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import harness

POSTS = 300  # with a picture of 32 KiB each: more than the wire to a follower holds
AT_ONCE = 10


def post_until_all_have_seen(publisher, post, followers):
    """A PUB drops what it sends before somebody is there for it, so the post is repeated."""
    deadline = time.monotonic() + harness.PATIENCE_S
    while not all(follower.count(post) for follower in followers):
        if time.monotonic() > deadline:
            missing = [follower.name for follower in followers if not follower.count(post)]
            raise harness.Broken(f"no post came through to {', '.join(missing)}")
        publisher.type(post)
        time.sleep(0.05)


def feed(stage, at):
    """Social feed: a post goes to every follower; one that stalls holds nobody"""
    tell, promise = stage.account.tell, stage.account.promise
    address = ["--connect", at["FOLLOWERS"]]
    mia = stage.start("mia", "follower", *address, "--follow", "ada", "--follow", "linus")
    noah = stage.start("noah", "follower", *address, "--follow", "ada")
    zoe = stage.start("zoe", "follower", *address, "--follow", "ada")
    followers = [mia, noah, zoe]
    publisher = stage.start("ada's and linus' publisher", "publisher", "--connect", at["POSTS"],
                            "--picture-kib", "32")
    tell("followers", "mia follows ada and linus; noah and zoe follow ada")
    post_until_all_have_seen(publisher, "ada: hello", followers)
    tell("ada", "says hello, and all three see it")

    publisher.type("linus: only for those who follow me")
    publisher.type("ada: and one from me")
    for follower in followers:
        follower.wait_for("ada: and one from me")
    promise("a post goes to those who follow its author, and to nobody else",
            [f.count("linus: ") for f in followers] == [1, 0, 0])

    zoe.signal(signal.SIGSTOP)
    tell("zoe", "stalls (SIGSTOP): her program reads nothing any more")
    began = time.monotonic()
    for first in range(1, POSTS + 1, AT_ONCE):
        for number in range(first, first + AT_ONCE):
            publisher.type(f"ada: picture {number:03}")
        mia.wait_for(f"ada: picture {first + AT_ONCE - 1:03}")
        noah.wait_for(f"ada: picture {first + AT_ONCE - 1:03}")
    tell("ada", f"posts {POSTS} pictures of 32 KiB; mia and noah have the last one after "
                f"{time.monotonic() - began:.1f} s")
    dropped = stage.bridge.endpoint("followers")["delivery"]["dropped_peer"]
    tell("status", f"{dropped} posts dropped, beyond the 1 MiB that may wait for a follower")
    promise(f"mia and noah got all {POSTS}, each once, in order, while zoe stood still",
            all(pictures(f) == list(range(1, POSTS + 1)) for f in (mia, noah)))

    zoe.signal(signal.SIGCONT)
    post_until_all_have_seen(publisher, "ada: good night", followers)
    seen = pictures(zoe)
    tell("zoe", f"goes on, finds {len(seen)} pictures waiting, then what is new")
    promise(f"what she missed is what the bridge has counted: {POSTS - len(seen)} posts",
            POSTS - len(seen) == dropped)
    promise("she is in the feed again; nothing came twice or out of order",
            zoe.count("ada: good night") and seen == sorted(set(seen)))
    publisher.end_of_input()
    publisher.wait_for_end()


def pictures(follower):
    return [int(line.split()[2]) for line in follower.lines if "ada: picture " in line]


if __name__ == "__main__":
    sys.exit(harness.run_scenes("social-feed", [(feed, ["POSTS", "FOLLOWERS"], {})]))

#!/usr/bin/python3
"""Plays the team matching: a slow matcher and a fast one."""
import sqlite3
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import harness

PLAYERS = 24
SLOW_SECONDS, FAST_SECONDS = "2", "0.01"


def matching(stage, at):
    """Team matching: 24 players wait, one matcher is 200 times slower than the other"""
    tell, promise = stage.account.tell, stage.account.promise
    for name, seconds in ("slow", SLOW_SECONDS), ("fast", FAST_SECONDS):
        matcher = stage.start(name, "matcher", "--connect", at["WORKERS"], "--name", name,
                              "--teams", "teams.db", "--seconds", seconds)
        matcher.wait_for("waits for players")
    tell("slow", f"thinks {SLOW_SECONDS} s about a player")
    tell("fast", f"thinks {FAST_SECONDS} s")
    players = stage.start("players", "players", "--connect", at["CLIENTS"], "--players", PLAYERS)
    tell("players", f"{PLAYERS} at once ask for a seat in a team of four of their league, and wait")
    players.wait_for("given by", times=PLAYERS - 1)
    service, matchers = stage.bridge.service("matching"), stage.bridge.endpoint("matchers")["peers"]
    tell("status", f"one player left: {service['waiting']} in the line, in the matchers' hands "
                   + " and ".join(str(matcher["held"]) for matcher in matchers))
    players.wait_for_end()

    seated_by = [line.rsplit("given by ", 1)[1] for line in players.lines if "given by " in line]
    waits = sorted(float(line.split(" waited ")[1].split(" s:")[0]) for line in players.lines)
    slow, fast = seated_by.count("slow"), seated_by.count("fast")
    tell("bridge", f"gives each matcher one player at a time: fast seats {fast}, slow {slow}; half "
                   f"of the players wait less than {waits[len(waits) // 2]:.2f} s, the last "
                   f"{waits[-1]:.2f} s")

    promise(f"each of the {PLAYERS} players got one answer",
            sorted(line.split()[0] for line in players.lines)
            == [f"player-{n:02}" for n in range(PLAYERS)])
    # When fast has nobody left to seat, slow can have one more in hand, and none behind that one.
    promise("the slow matcher never had a second player waiting behind the one it thought about",
            fast > 0 and seated_by[-2:] != ["slow", "slow"])
    promise("the fast matcher did most of the work", fast > 2 * slow)
    with sqlite3.connect(stage.tmp / "teams.db") as db:
        sizes = [size for size, in db.execute("SELECT count(*) FROM seats GROUP BY league, team")]
    promise(f"{len(sizes)} teams, each of four players of one league",
            sizes == [4] * (PLAYERS // 4))


if __name__ == "__main__":
    sys.exit(harness.run_scenes("team-matching", [(matching, ["CLIENTS", "WORKERS"], {})]))

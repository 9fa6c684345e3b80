"""Gives each player a seat in a team of four of the same league."""
import argparse
import sqlite3
import time

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5566")
parser.add_argument("--name", default="matcher")
parser.add_argument("--teams", default="teams.db", help="a SQLite file all matchers share")
parser.add_argument("--seconds", type=float, default=0.01, help="how long I think about a player")
options = parser.parse_args()

db = sqlite3.connect(options.teams, timeout=60, isolation_level=None)
db.execute("CREATE TABLE IF NOT EXISTS seats (player TEXT PRIMARY KEY, league, team, matcher)")


def seat(player, league):
    db.execute("BEGIN IMMEDIATE")
    taken = db.execute("SELECT count(*) FROM seats WHERE league = ?", [league]).fetchone()[0]
    team = taken // 4 + 1
    db.execute("INSERT INTO seats VALUES (?, ?, ?, ?)", [player, league, team, options.name])
    db.execute("COMMIT")
    return f"{league} team {team}, given by {options.name}"


players = zmq.Context().socket(zmq.REP)
players.connect(options.connect)
print(f"{options.name} waits for players")

while True:
    _, player, league = players.recv_string().split()
    print(f"{player} asks")
    time.sleep(options.seconds)
    players.send_string(seat(player, league))

#!/usr/bin/env python3
"""Measures zbridge beside libzmq's zmq_proxy: in every round both, one after the other, in alternating order.

  bench/run.py                          everything, 5 rounds
  bench/run.py --only queue-100,rpc-8   some scenarios; --list names them
  bench/run.py --noise                  proxy against proxy: what the ratio's spread is worth
Exit 0: all runs were good (each message whole and in order, queues and requests complete); 1: one was not; 2: usage.
With --strict also 1 when a goal is not reached.
"""
import argparse
import json
import os
import pathlib
import shlex
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import harness  # noqa: E402
import report  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
DISTURBED_ROUNDS_MAX = 3


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="measured window of a run")
    parser.add_argument("--warmup", type=float, default=0.5, help="seconds before the window")
    parser.add_argument("--calm", type=float, default=0, metavar="PROCESSORS",
                        help="run a round again while other programs took more than this, at most three times")
    parser.add_argument("--only", default="", help="scenarios, separated by commas")
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    parser.add_argument("--noise", action="store_true", help="proxy against proxy")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="CMake build folder")
    parser.add_argument("--bridge", type=pathlib.Path, help="the zbridge program, if not the build folder's")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    parser.add_argument("--write-results", action="store_true", help="append the table to bench/RESULTS.md")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a goal is not reached")
    return parser.parse_args()


def chosen(only):
    by_name = {scenario.name: scenario for scenario in harness.SCENARIOS}
    names = [name for name in only.split(",") if name] or list(by_name)
    unknown = [name for name in names if name not in by_name]
    if unknown:
        sys.exit(f"no scenario named {', '.join(unknown)}; there are {', '.join(by_name)}")
    return [by_name[name] for name in names]


def find_programs(args):
    build = args.build.resolve()
    zbridge = (args.bridge or build / "zbridge").resolve()
    wanted = [build / "bench/bench_proxy"] + ([] if args.noise else [zbridge])
    for program in wanted:
        if not os.access(program, os.X_OK):
            print(f"{program} is not there. Build it: cmake --preset release -DZBRIDGE_BENCH=ON && ninja -C {build}",
                  file=sys.stderr)
            sys.exit(2)
    return harness.Settings(build=build, bridge=zbridge, seconds=args.seconds, warmup=args.warmup)


def run_round(number, sides, scenario, settings):
    """Both sides once; B first in every other round. Returns (measures of A, measures of B)."""
    order = (0, 1) if number % 2 == 0 else (1, 0)
    pair = [None, None]
    for which in order:
        pair[which] = harness.run_once(sides[which], scenario, settings)
        shown = {key: round(value, 3) for key, value in pair[which].items()}
        print(f"  {scenario.name} round {number + 1} {sides[which]}: {shown}", file=sys.stderr, flush=True)
    return tuple(pair)


def run_calm_round(number, sides, scenario, settings, calm):
    """The round, or a repetition of it that other programs did not disturb; the last one counts as it is."""
    for _ in range(DISTURBED_ROUNDS_MAX):
        pair = run_round(number, sides, scenario, settings)
        if calm == 0 or max(one["others"] for one in pair) <= calm:
            return pair
        print(f"  {scenario.name} round {number + 1} was disturbed: again", file=sys.stderr, flush=True)
    return run_round(number, sides, scenario, settings)


def run_rounds(sides, scenario, settings, args):
    """The good rounds' pairs, and whether all were good."""
    pairs, good = [], True
    for number in range(args.rounds if scenario.measure == "traffic" else 1):
        try:
            pairs.append(run_calm_round(number, sides, scenario, settings, args.calm))
        except harness.RunFailed as failure:
            good = False
            print(f"  {scenario.name} round {number + 1} FAILED: {failure}", file=sys.stderr, flush=True)
    return pairs, good


def main():
    args = arguments()
    if args.list:
        for scenario in harness.SCENARIOS:
            print(f"{scenario.name:12} {scenario.title}")
        return 0
    scenarios = chosen(args.only)
    settings = find_programs(args)
    sides = ("proxy", "proxy again") if args.noise else ("zbridge", "proxy")

    table, all_good = [], True
    for scenario in scenarios:
        pairs, good = run_rounds(sides, scenario, settings, args)
        all_good = all_good and good
        if pairs:
            table.append((scenario, report.summary(scenario, pairs, with_goals=not args.noise)))
    if args.json:
        print(json.dumps([row for _, rows in table for row in rows], indent=1))
    else:
        print(report.as_text(sides, table))
    if args.write_results:
        command = shlex.join(["bench/run.py"] + sys.argv[1:])
        report.append_results(ROOT / "bench/RESULTS.md", ROOT, command, sides, table)
    reached = all(row["reached"] is not False for _, rows in table for row in rows)
    return 0 if all_good and (reached or not args.strict) else 1


if __name__ == "__main__":
    sys.exit(main())

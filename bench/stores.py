#!/usr/bin/env python3
"""Measures zbridge beside others that store: in every round all, one after the other, every other round in reverse.

  bench/stores.py                       every store that can be had, 5 rounds
  bench/stores.py --only redis,nats     some; --list names them
It is run by hand: what it needs is the section `stores` of packages.txt, a build with -DZBRIDGE_STORES=ON, and what Maven
and the Go modules bring. Exit 0: all runs were good (each message receipted, consumed, acknowledged); 1: one was not.
"""
import argparse
import pathlib
import shlex
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "bench/stores")]
import comparison  # noqa: E402
import harness  # noqa: E402
import report  # noqa: E402
import run_store  # noqa: E402
import servers  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="measured window of a run")
    parser.add_argument("--warmup", type=float, default=0.5, help="seconds before the window")
    parser.add_argument("--only", default="", help="stores, separated by commas")
    parser.add_argument("--list", action="store_true", help="name the stores, and say what each promises")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="CMake build folder")
    parser.add_argument("--bridge", type=pathlib.Path, help="the zbridge program, if not the build folder's")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("/tmp"), help="where all keep their data")
    parser.add_argument("--write-results", action="store_true", help="append the table to bench/RESULTS.md")
    return parser.parse_args()


def chosen(only):
    by_name = {store.name: store for store in servers.OTHERS}
    names = [name for name in only.split(",") if name] or list(by_name)
    unknown = [name for name in names if name not in by_name]
    if unknown:
        sys.exit(f"no store named {', '.join(unknown)}; there are {', '.join(by_name)}")
    return [by_name[name] for name in names]


def settings_of(args):
    build = args.build.resolve()
    kind = subprocess.run(["stat", "--file-system", "--format=%T", args.folder], capture_output=True, text=True).stdout.strip()
    if kind in ("tmpfs", "ramfs", ""):
        sys.exit(f"{args.folder} is on no disk ({kind or 'not there'}): choose another --folder")
    return run_store.Settings(build=build, bridge=(args.bridge or build / "zbridge").resolve(), folder=args.folder,
                              seconds=args.seconds, warmup=args.warmup)


def prepared(stores, settings):
    """Those that can be had here, and why the others cannot: store -> reason."""
    absent = {}
    for store in stores:
        try:
            store.prepare(settings)
        except harness.RunFailed as failure:
            absent[store] = str(failure)
            print(f"  {store.name}: {failure}", file=sys.stderr, flush=True)
    return [store for store in stores if store not in absent], absent


def run_round(number, stores, settings):
    """store -> its measures, of those whose run was good."""
    measured = {}
    for store in stores if number % 2 == 0 else reversed(stores):
        try:
            measured[store] = run_store.run_once(store, settings)
            shown = {key: round(value, 1) for key, value in measured[store].items()}
            print(f"  round {number + 1} {store.name}: {shown}", file=sys.stderr, flush=True)
        except harness.RunFailed as failure:
            print(f"  round {number + 1} {store.name} FAILED: {failure}", file=sys.stderr, flush=True)
    return measured


def main():
    args = arguments()
    if args.list:
        for store in servers.OTHERS:
            print(f"{store.name:10} {store.title}\n{'':10} {store.promise}")
        return 0
    settings = settings_of(args)
    others, absent = prepared(chosen(args.only), settings)
    own, absent_own = prepared(servers.OWN, settings)
    if absent_own:
        return 1
    rounds = [run_round(number, [*own, *others], settings) for number in range(args.rounds)]
    table = comparison.table(own, others, absent, rounds)
    sides = ("zbridge", "the other")
    print(report.as_text(sides, table))
    if args.write_results:
        command = shlex.join(["bench/stores.py"] + sys.argv[1:])
        report.append_results(ROOT / "bench/RESULTS.md", ROOT, command, sides, table)
        comparison.append_promises(ROOT / "bench/RESULTS.md", others)
    return 0 if not absent and all(store in measured for measured in rounds for store in [*own, *others]) else 1


if __name__ == "__main__":
    sys.exit(main())

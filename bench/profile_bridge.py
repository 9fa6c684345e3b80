#!/usr/bin/env python3
"""Where the bridge's processor time goes: runs one scenario with `perf record` on the bridge and prints the top symbols.

  bench/profile_bridge.py queue-100                     zbridge
  bench/profile_bridge.py queue-100 --side proxy        libzmq's proxy, to compare
  bench/profile_bridge.py rpc-8 --keep /tmp/rpc.perf    keeps the samples, for `perf report -g -i /tmp/rpc.perf`
Needs the Debian package linux-perf, and the right to use it (root, or kernel.perf_event_paranoid <= 1).
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import harness  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
SAMPLES_A_SECOND = 1999


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", choices=[one.name for one in harness.SCENARIOS if one.measure == "traffic"])
    parser.add_argument("--side", choices=["zbridge", "proxy"], default="zbridge")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--top", type=int, default=40, help="symbols to print")
    parser.add_argument("--callers", action="store_true", help="print who calls the top symbols too")
    parser.add_argument("--keep", type=pathlib.Path, help="where to keep perf's samples")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--bridge", type=pathlib.Path)
    return parser.parse_args()


def report(samples, args):
    graph = ["-g", "caller,0.5,callee", "--percent-limit", "2"] if args.callers else ["-g", "none"]
    told = subprocess.run(["perf", "report", "--stdio", "--no-children", "--sort", "dso,symbol", "-i", samples, *graph],
                          capture_output=True, text=True, check=True).stdout
    lines = [line.rstrip() for line in told.splitlines() if line.strip() and not line.startswith("#")]
    print("\n".join(lines if args.callers else lines[:args.top]))


def main():
    args = arguments()
    build = args.build.resolve()
    with tempfile.TemporaryDirectory(prefix="zbridge-profile-") as folder:
        samples = args.keep or pathlib.Path(folder) / "perf.data"
        recorders = []

        def record(_side, pid):
            # Until the bridge ends: the warm-up is in the profile, and that is fine.
            recorders.append(subprocess.Popen(
                ["perf", "record", "-q", "-F", str(SAMPLES_A_SECOND), "-g", "-p", str(pid), "-o", str(samples)],
                stderr=subprocess.PIPE, text=True))

        settings = harness.Settings(build=build, bridge=(args.bridge or build / "zbridge").resolve(),
                                    seconds=args.seconds, on_bridge=record)
        scenario = next(one for one in harness.SCENARIOS if one.name == args.scenario)
        try:
            measures = harness.run_once(args.side, scenario, settings)
        except harness.RunFailed as failure:
            sys.exit(f"the run failed: {failure}")
        finally:
            for recorder in recorders:
                complaints = recorder.communicate()[1]
                if recorder.returncode not in (0, -15):
                    print(f"perf record: {complaints}", file=sys.stderr)
        print({key: round(value, 3) for key, value in measures.items()})
        report(samples, args)


if __name__ == "__main__":
    main()

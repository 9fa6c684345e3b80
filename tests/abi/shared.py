"""What the tests of the plugin interface share."""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SDK = ROOT / "plugins" / "sdk"
FROZEN = ROOT / "tests" / "abi" / "v1_0"
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def run(*command):
    """Its output; the end of the test if it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        end([f"{' '.join(str(word) for word in command)}\n{done.stdout}{done.stderr}"])
    return done.stdout


def compilers():
    """(C, C++) of each that is there: gcc always, clang where it is installed."""
    return [(c, cpp) for c, cpp in (("gcc", "g++"), ("clang", "clang++")) if shutil.which(c) and shutil.which(cpp)]


def end(problems, kept="kept"):
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else kept)
    sys.exit(1 if problems else 0)

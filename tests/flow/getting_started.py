"""docs/GETTING_STARTED.md holds as it stands there: its blocks are run in their order, in an empty folder, and print what it shows.

    ```sh              typed in the first terminal: run to its end
    ```sh terminal 3   typed there, and left running; what ran there before has been ended by Ctrl-C
    ```sh install      taken as given; the programs and packages that it names exist
    ```python          a file, whose name, NAME.py, stands before it
    ```text            what the block before has printed, or what the terminal that is named shows

Two things are not as they stand there: the ports, which others may use, and the time. Ids, times and widths of columns differ from
run to run, and a line `...` stands for any lines.
"""
import itertools

from harness import *

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/GETTING_STARTED.md"
BLOCK = re.compile(r"^```(\w+)(?: (\w+))?(?: (\d+))?\n(.*?)^```$|^## ([^\n]*)$", re.M | re.S)
FILE = re.compile(r"`(\w+\.py)`")
PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+")
# Those that only look: what they are to show may come a moment later.
LOOKS = ("zbridge dead ls", "zbridge group ls", "zbridge topic browse")
BRIDGE = "2"  # the terminal that it runs in
PYTHON = "/usr/bin/python3"  # python3-zmq is for this one
OTHERWISE = (("id", r"\b[0-9A-HJKMNP-TV-Z]{26}\b"), ("time", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z"), ("epoch=", r"epoch=\d+"), ("(pid)", r"\(pid \d+\)"), (" ", r" +"))


def alike(text):
    """Its lines, without what differs from run to run."""
    for word, pattern in OTHERWISE:
        text = re.sub(pattern, word, text)
    return [line.strip() for line in text.splitlines()]


def shows(printed, expected):
    """Whether that was printed; `...` in `expected` is any lines."""
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + r"\n" for line in alike(expected))
    return re.fullmatch(pattern, "".join(line + "\n" for line in alike(printed))) is not None


class Reader:
    """Somebody with some terminals who does what the document says."""

    def __init__(self, flow):
        self.folder = flow.tmp / "first"
        self.folder.mkdir()
        commands = flow.tmp / "bin"
        commands.mkdir()
        (commands / "zbridge").symlink_to(flow.options.bridge.resolve())
        (commands / "python3").symlink_to(PYTHON)
        self.env = {**os.environ, "PATH": f"{commands}:{os.environ['PATH']}"}
        self.env.pop("ZBRIDGE_AT", None)
        self.ports = {}
        self.terminals = {}
        self.printed = ""
        self.again = None  # types the block before once more

    def move(self, text):
        for port in PORT.findall(text):
            if port not in self.ports and port not in self.ports.values():
                self.ports[port] = free_addresses([port])[port].rsplit(":", 1)[1]
        return PORT.sub(lambda found: self.ports.get(found[0], found[0]), text)

    def save(self, name, text):
        (self.folder / name).write_text(self.move(text))

    def type(self, text):
        done = subprocess.run(["bash", "-ec", text], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_S)
        equal(done.returncode, 0, f"the exit code of {text!r}, which said {done.stdout!r}")
        for made in self.folder.glob("*.yaml"):
            made.write_text(self.move(made.read_text()))
        self.printed = done.stdout
        looks = all(line.startswith(LOOKS) for line in text.splitlines())
        self.again = (lambda: self.type(text)) if looks else None

    def leave_running(self, terminal, text):
        self.interrupt(terminal)
        log = open(self.folder.parent / f"terminal-{terminal}", "wb")
        with log:
            process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", "bash", "-c", f"exec {text.strip()}"], cwd=self.folder,
                                       env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.terminals[terminal] = process

    def interrupt(self, terminal):
        if terminal in self.terminals:
            self.terminals[terminal].send_signal(signal.SIGINT)
            self.terminals[terminal].wait(PATIENCE_S)

    def screen(self, terminal):
        return (self.folder.parent / f"terminal-{terminal}").read_text()

    def sees(self, expected, terminal):
        def there():
            if terminal is None and not shows(self.printed, expected) and self.again:
                self.again()
            return shows(self.printed if terminal is None else self.screen(terminal), expected)

        if terminal is None and not self.again:
            check(there(), f"the block printed {expected!r}: {self.printed!r}")
            return
        try:
            wait_until(there, "it shows")
        except Broken:
            raise Broken(f"not shown: {expected!r}, but {self.printed if terminal is None else self.screen(terminal)!r}") from None

    def end(self):
        for process in self.terminals.values():
            if process.poll() is None:
                process.kill()
            process.wait()


def installs(text):
    """What it names exists, here or in a system that it is for."""
    verbs = re.findall(r"^\./dev (\w+)", text, re.M)
    helped = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True, check=True).stdout
    check(verbs and all(f"./dev {verb}" in helped for verb in verbs), f"./dev knows {verbs}")
    packages = re.findall(r"apt-get install (.*)", text)
    known = (ROOT / "packages.txt").read_text().splitlines()
    check(packages and all(each in known for each in packages[0].split()), f"packages.txt has {packages}")
    presets = (ROOT / "CMakePresets.json").read_text()
    check("$PWD/build/release:" in text and '"name": "release"' in presets, "the program is where ./dev builds it")


def follow(reader, text, flow):
    begin, step, before = time.monotonic(), None, 0
    for block in itertools.chain(BLOCK.finditer(text), [None]):
        if block is None or block[5]:
            if step:
                flow.figure(f"{step.split(':')[0]}: {time.monotonic() - begin:.1f} s")
            begin, step = time.monotonic(), block and block[5]
            continue
        kind, how, terminal, body = block.groups()[:4]
        if how == "install":
            installs(body)
        elif kind == "sh" and terminal:
            reader.leave_running(terminal, body)
        elif kind == "sh":
            reader.type(body)
        elif kind == "python":
            reader.save(FILE.findall(text[before:block.start()])[-1], body)
        else:
            equal(kind, "text", "the kind of a block")
            reader.sees(body, terminal)
        before = block.end()


def main(flow):
    text = DOCUMENT.read_text()
    kinds = [block[1] for block in BLOCK.finditer(text) if block[1]]
    check(text.count("```") == 2 * len(kinds) and kinds.count("sh") > 10, f"each block is read: {kinds}")
    reader = Reader(flow)
    try:
        follow(reader, text, flow)
        equal(reader.terminals[BRIDGE].wait(PATIENCE_S), 0, "how the bridge ended")
    finally:
        reader.end()


if __name__ == "__main__":
    run(main)

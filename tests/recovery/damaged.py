"""The journal is not as it was written. A byte that rots under a running bridge costs the messages of its batch: they are named in the
log, counted in the status, and the rest is served. A start on a journal that is damaged is refused, with a sentence that names the
segment's file and the offset, and changes nothing of it; with --accept-loss everything that is whole is served, then and at the
starts after it. So it is with a byte, a truncated segment, a deleted one; where a segment has its digest, damage in it costs messages
alone, and no start. Nor does a bridge start where a file is foreign or of a
newer version, where another bridge runs, or where it may not write. `zbridge journal check` says the same of a bridge that is down,
with the offsets of each topic that are lost, and changes nothing.
"""
from topic_files import *

YAML = TOPIC.replace("orders: {}", "orders: {}\n  rare: {}").replace("  out: {", """  rare-in: { bind: "${RARE_IN}" }
  rare-out: { bind: "${RARE_OUT}" }
  out: {""") + """  - { from: rare-in, to: topic/rare }
  - { from: topic/rare, to: rare-out, start: earliest }
"""
MESSAGES = 3600
BODY = b"x" * 1000


class Damaged:
    """A bridge on a journal of several segments, which is as it was each time that it is restored."""

    def __init__(self, flow):
        self.flow = flow
        self.bridge = flow.bridge(YAML)
        rare = Publisher(flow, self.bridge.address("RARE_IN"))
        rare.store([b"seldom"])
        rare.close()
        self.messages = [b"m%04d-" % number + BODY for number in range(MESSAGES)]
        store(flow, self.bridge, self.messages)
        equal(self.bridge.terminate(), 0, "the exit status")
        self.saved = flow.tmp / "saved"
        shutil.copytree(self.bridge.data_dir, self.saved)
        self.tried = 0

    def restore(self):
        shutil.rmtree(self.bridge.data_dir)
        shutil.copytree(self.saved, self.bridge.data_dir)

    def batch_in(self, segment, of=b"-xxx"):
        """(path, position, messages) of the largest batch of a segment."""
        path = segments(self.bridge)[segment]
        content_ = path.read_bytes()
        found = [(position, content_[position:position + size]) for position, size in batches(path)]
        found = [(position, bytes_) for position, bytes_ in found if of in bytes_]
        position, bytes_ = max(found, key=lambda each: len(each[1]))
        return path, position, self.messages_in(bytes_)

    def messages_in(self, bytes_):
        return [name + BODY for name in re.findall(rb"m\d{4}-(?=x)", bytes_)]

    def is_refused(self, *words):
        """The start is, in these words, and the journal is as it was."""
        before = content(journal(self.bridge))
        said, status = refused_start(self.bridge)
        equal(status, 1, f"the exit status of a start that is refused:\n{said}")
        last = said.splitlines()[-1]
        for word in words:
            check(word in last, f"it says `{word}`: {last}")
        equal(content(journal(self.bridge)), before, "the journal, which is as it was")
        self.tried += 1

    def check(self, place=None):
        """The answer of `journal check`, and its exit status."""
        before = content(journal(self.bridge))
        answer = self.bridge.command("journal", "check", place or self.bridge.data_dir, "--json")
        check(answer.returncode in (0, 4), f"`journal check` answers: {answer.stderr}")
        equal(content(journal(self.bridge)), before, "the journal, which is as it was")
        return json.loads(answer.stdout), answer.returncode

    def is_named(self, file, offset, lost):
        """By `journal check`: file, offset, bytes, and the lost messages by their offsets."""
        answer, status = self.check()
        equal(status, 4, "the exit status of `journal check`")
        damage = answer["damage"][0]
        equal((Path(damage["file"]).name, damage["offset"]), (file, offset), "where the damage is")
        gone = [each for part in answer["lost"] for each in range(part["from"], part["to"] + 1)]
        equal({part["topic"] for part in answer["lost"]}, {"orders"}, "whose messages are lost")
        equal(gone, [int(each[1:5]) for each in lost], "the offsets that are lost")
        return damage

    def serves_the_rest(self, lost):
        """With --accept-loss, and without it at the next start."""
        self.bridge.run_options = ["--accept-loss"]
        self.bridge.start()
        self.bridge.run_options = []
        found = read_all(self.flow, self.bridge, b"accepted")
        gone = set(lost)
        expected = [each for each in self.messages if each not in gone]
        equal(len(found), len(expected), "how many messages are served")
        equal(found, expected, "what is served")
        check("lost" in self.bridge.log(), "the log names what is lost")
        self.bridge.kill()
        self.bridge.start()
        equal(read_until(self.flow, self.bridge, b"accepted")[:-1], expected, "what is served after the next start")
        self.bridge.kill()


def rots_while_it_runs(damaged):
    bridge, flow = damaged.bridge, damaged.flow
    bridge.start()
    path, position, lost = damaged.batch_in(1)
    change_byte(path, position + BATCH_HEAD + 100)
    found = read_until(flow, bridge, damaged.messages[-1])
    equal(found, [each for each in damaged.messages if each not in lost], "what a reader gets")
    check(re.search(rf"{path.name}, offset {position}\b", bridge.log()), f"the log names {path.name}, {position}")
    equal(bridge.status()["store"]["damaged_batches"], 1, "damaged batches in the status")
    bridge.wait_for("the engine's health is degraded", is_degraded)

    # Nothing follows it in its topic: a reader has everything that there is.
    path, position, _ = damaged.batch_in(0, of=b"seldom")
    change_byte(path, position + BATCH_HEAD + 20)
    sub = flow.socket(zmq.SUB, bridge.address("RARE_OUT"))
    sub.subscribe(b"")
    bridge.wait_for("its reader lags nothing", lambda status: bridge.endpoint("rare-out")["reading"]["subs"] == 1
                    and bridge.endpoint("rare-out")["reading"]["lag"] == 0 and status["store"]["damaged_batches"] == 2)
    rare = Publisher(flow, bridge.address("RARE_IN"))
    rare.store([b"rare again"])
    equal(recv(sub, "what follows"), [b"rare again"], "what the reader gets then")
    bridge.kill()
    return len(lost) + 1


def rots_beside_its_digest(damaged):
    """The digest of its segment has the rest: the start goes on, and what rots costs messages alone."""
    bridge, flow = damaged.bridge, damaged.flow
    path, position, lost = damaged.batch_in(1)
    change_byte(path, position + BATCH_HEAD + 100)
    check(damaged.is_named(path.name, position, lost)["messages_only"], "`journal check` says that messages alone are lost")
    bridge.run_options = ["--strict"]
    damaged.is_refused(f"{path.name}, offset {position}:", "--strict")
    bridge.run_options = []
    bridge.start()
    found = read_until(flow, bridge, damaged.messages[-1])
    equal(found, [each for each in damaged.messages if each not in lost], "what a reader gets")
    equal(bridge.status()["store"]["damaged_batches"], 1, "damaged batches in the status")
    bridge.wait_for("the engine's health is degraded", is_degraded)
    bridge.kill()
    return len(lost)


def is_truncated_beside_its_digest(damaged):
    bridge, flow = damaged.bridge, damaged.flow
    path, position, _ = damaged.batch_in(1)
    lost = damaged.messages_in(path.read_bytes()[position:])
    with open(path, "r+b") as file:
        file.truncate(position + 700)
    check(damaged.is_named(path.name, position, lost)["messages_only"], "`journal check` says that messages alone are lost")
    bridge.start()
    check(f"{path.name}, offset {position}: the messages of" in bridge.log(), "the log names what is lost")
    bridge.wait_for("the engine's health is degraded", is_degraded)
    found = read_until(flow, bridge, damaged.messages[-1])
    equal(found, [each for each in damaged.messages if each not in lost], "what a reader gets")
    bridge.kill()
    return len(lost)


def is_degraded(status):
    return next(each for each in status["plugins"] if each["name"] == "durable")["health"] == "degraded"


def without_digests(damaged):
    for each in journal(damaged.bridge).glob("*.idx"):
        each.unlink()


def rots_while_it_is_down(damaged):
    without_digests(damaged)
    path, position, lost = damaged.batch_in(1)
    change_byte(path, position + BATCH_HEAD + 100)
    damaged.is_refused(f"{path.name}, offset {position}:", "accept")
    size = next(size for at, size in batches(path) if at == position)
    equal(damaged.is_named(path.name, position, lost)["bytes"], padded(size), "bytes that are damaged")
    damaged.serves_the_rest(lost)
    answer, status = damaged.check(damaged.bridge.file)
    equal((status, answer["damage"][0]["accepted"]), (0, True), "what was accepted is no news")
    scrubbed = damaged.bridge.command("journal", "scrub", damaged.bridge.data_dir, "--json")
    equal((scrubbed.returncode, json.loads(scrubbed.stdout)["damage"][0]["offset"]), (4, position), "what a scrub finds")
    return len(lost)


def is_truncated(damaged):
    without_digests(damaged)
    path, position, _ = damaged.batch_in(1)
    lost = damaged.messages_in(path.read_bytes()[position:])
    with open(path, "r+b") as file:
        file.truncate(position + 700)
    damaged.is_refused(f"{path.name}, offset {position}:", "accept")
    damaged.is_named(path.name, position, lost)
    damaged.serves_the_rest(lost)
    return len(lost)


def is_deleted(damaged):
    path = segments(damaged.bridge)[1]
    lost = damaged.messages_in(path.read_bytes())
    path.unlink()
    damaged.is_refused(path.name, "missing", "accept")
    damaged.is_named(path.name, 0, lost)
    damaged.serves_the_rest(lost)
    return len(lost)


def is_foreign(damaged):
    note = journal(damaged.bridge) / "notes.txt"
    note.write_text("mine")
    damaged.is_refused("notes.txt", "does not belong")
    answer, status = damaged.check()
    check(status == 4 and "notes.txt" in answer["refused"], f"`journal check` says so: {answer}")
    note.rename(journal(damaged.bridge) / "00000000000000ff.seg")
    damaged.is_refused("00000000000000ff.seg")
    return 0


def is_newer(damaged):
    path = segments(damaged.bridge)[-1]
    with open(path, "r+b") as file:
        head = bytearray(file.read(SEGMENT_HEAD))
        struct.pack_into("<I", head, 8, 2)
        struct.pack_into("<I", head, 4, crc32c(head[8:]))
        file.seek(0)
        file.write(head)
    damaged.is_refused(path.name, "newer version")
    return 0


def is_anothers(damaged):
    bridge = damaged.bridge
    bridge.start()
    other = bridge.command("run", bridge.file)
    equal(other.returncode, 1, "the exit status of the second bridge")
    check("another bridge runs on the data directory" in other.stderr, f"it says why: {other.stderr}")
    asked = bridge.command("journal", "check", bridge.data_dir)
    check(asked.returncode == 1 and "a bridge runs on" in asked.stderr, f"nor does it ask a journal in use: {asked}")
    equal(len(read_all(damaged.flow, bridge, b"mine")), MESSAGES, "messages of the first one, which goes on")
    bridge.kill()
    return 0


def is_read_only(damaged):
    bridge = damaged.bridge
    folder = journal(bridge)
    for each in folder.iterdir():
        each.chmod(0o400)
    folder.chmod(0o500)
    without = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"] if os.geteuid() == 0 else []
    before = content(folder)
    start = subprocess.run([*without, str(bridge._binary), "run", str(bridge.file)], capture_output=True, text=True,
                           env=bridge._env, timeout=PATIENCE_S)
    folder.chmod(0o700)
    for each in folder.iterdir():
        each.chmod(0o600)
    equal(start.returncode, 1, f"the exit status: {start.stderr}")
    last = start.stderr.splitlines()[-1]
    check(str(folder) in last and "Permission denied" in last, f"it says what it may not do: {last}")
    equal(content(folder), before, "the journal, which is as it was")
    bridge.start()
    bridge.kill()
    return 0


def main(flow):
    damaged = Damaged(flow)
    check(len(segments(damaged.bridge)) >= 4, "there are several segments")
    answer, status = damaged.check()
    equal((status, answer["damage"], answer["end"]), (0, [], "in order"), "what `journal check` says of a whole one")
    for kind in (rots_while_it_runs, rots_beside_its_digest, is_truncated_beside_its_digest,
                 rots_while_it_is_down, is_truncated, is_deleted, is_foreign, is_newer, is_anothers, is_read_only):
        damaged.restore()
        began = time.monotonic()
        lost = kind(damaged)
        flow.figure(f"{kind.__name__}: {lost} of {MESSAGES} messages lost and named, {time.monotonic() - began:.1f} s")


def crc32c(bytes_):
    crc = 0xFFFFFFFF
    for each in bytes_:
        crc ^= each
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


if __name__ == "__main__":
    run(main)

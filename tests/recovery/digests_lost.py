"""The digests of a journal's segments are gone, in part or all, cut, damaged, another's, or of another version: the start that meets this
reads those segments instead, says so in one line, and gives the same answers as one that has them all: what topics there are and how much
is in them, every message with its offset, id and time, and which producers' ids are known. They are made again while the bridge runs.
"""
from topic_files import *

YAML = """
plugins: { durable: { config: { segment_bytes: 1MiB } } }
endpoints:
  in: { bind: "${IN}" }
topics:
  orders: { dedup: { window: 1h, max: 100000 } }
  last-ones: { retention: { count: 100 }, dedup: { window: 1h, max: 100000 } }
routes:
  - { from: in, decode: json, set: { id: $.id, keys: [$.key] }, to: [topic/orders, topic/last-ones] }
"""
MESSAGES = 2400


def body(number):
    return json.dumps({"id": f"o-{number}", "key": f"k-{number % 7}", "rest": "x" * 600}).encode()


def command(bridge, *words):
    answer = bridge.command(*words, "--json", "--at", bridge.data_dir)
    equal(answer.returncode, 0, f"the exit status of {words}: {answer.stderr}")
    return json.loads(answer.stdout)


def browse(bridge, topic):
    found, at = [], 0
    while True:  # an answer has its limits
        part = command(bridge, "topic", "browse", topic, "--from", at, "--max", 1000)
        if not part:
            return found
        found += part
        at = part[-1]["offset"] + 1


def answers(flow, bridge):
    topics = command(bridge, "topic", "ls")
    for each in topics:
        del each["oldest_age_s"]
    messages = {each["name"]: browse(bridge, each["name"]) for each in topics}
    publisher = Publisher(flow, bridge.address("IN"))
    again = publisher.publish([body(number) for number in range(0, MESSAGES, 100)])
    publisher.close()
    return topics, messages, again


def digests(bridge):
    return sorted(journal(bridge).glob("*.idx"))


def all_go(found):
    for each in found:
        each.unlink()
    return len(found)


def one_goes(found):
    found[1].unlink()
    return 1


def one_is_cut(found):
    found[0].write_bytes(found[0].read_bytes()[:-1])
    return 1


def one_is_empty(found):
    found[0].write_bytes(b"")
    return 1


def one_rots(found):
    change_byte(found[-1], found[-1].stat().st_size // 2)
    return 1


def one_is_anothers(found):
    found[0].write_bytes(found[1].read_bytes())
    return 1


def one_is_newer(found):
    bytes_ = bytearray(found[0].read_bytes())
    struct.pack_into("<I", bytes_, 8, 2)
    struct.pack_into("<I", bytes_, 4, crc32c(bytes_[8:]))
    found[0].write_bytes(bytes_)
    return 1


def crc32c(bytes_):
    crc = 0xFFFFFFFF
    for each in bytes_:
        crc ^= each
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def main(flow):
    bridge = flow.bridge(YAML)
    publisher = Publisher(flow, bridge.address("IN"))
    publisher.store([body(number) for number in range(MESSAGES)])
    publisher.close()
    # A segment that is full has its digest soon.
    bridge.wait_for("all digests are there", lambda _: len(digests(bridge)) == len(segments(bridge)) - 1)
    equal(bridge.terminate(), 0, "the exit status")
    count = len(digests(bridge))
    check(count >= 3, f"there are several digests: {count}")
    saved = flow.tmp / "saved"
    shutil.copytree(bridge.data_dir, saved)

    bridge.start()
    equal(bridge.status()["store"]["digests_used"], count, "digests that are used when all are there")
    expected = answers(flow, bridge)
    equal(expected[1]["orders"][-1]["offset"], MESSAGES - 1, "the offset of the newest message")
    equal(expected[2], [f"OK {expected[1]['orders'][number]['id']}" for number in range(0, MESSAGES, 100)],
          "whose ids the producer is told of, when it sends messages again")
    for spoil in (all_go, one_goes, one_is_cut, one_is_empty, one_rots, one_is_anothers, one_is_newer):
        bridge.kill()
        shutil.rmtree(bridge.data_dir)
        shutil.copytree(saved, bridge.data_dir)
        gone = spoil(digests(bridge))
        before = len(bridge.log())
        bridge.start()
        said = [line for line in bridge.log()[before:].splitlines() if "had no digest and were read" in line]
        equal(len(said), 1, f"lines on it, {spoil.__name__}")
        check(f"{gone} of {count} segments" in said[0], f"it says how many: {said[0]}")
        equal(bridge.status()["store"]["digests_used"], count - gone, f"digests that are used, {spoil.__name__}")
        found = answers(flow, bridge)
        for what, one, other in zip(("topics", "messages", "known ids"), found, expected):
            check(one == other, f"the same {what}, {spoil.__name__}")
        bridge.wait_for("they are made again", lambda status, gone=gone: status["store"]["digests_made"] >= gone)
        equal(bridge.terminate(), 0, "the exit status")
        bridge.start()
        equal(bridge.status()["store"]["digests_used"], len(digests(bridge)), "digests that the next start uses")
        flow.figure(f"{spoil.__name__}: {gone} of {count} digests made again")
    bridge.kill()


if __name__ == "__main__":
    run(main)

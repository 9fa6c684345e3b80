"""The disk is full: publishing is refused `store_full` with the reason, and nothing that was receipted is lost; readers go on, from
the oldest message. It goes on by itself when there is room: a large file was deleted, or the topic was purged. A bridge that is
killed while the disk is full starts again.

Its disk is a file system in memory, of a mount namespace of its own. Where none may be mounted the test is skipped.

    full_disk.py BRIDGE --rounds=20
"""
import contextlib

from topic_files import *

DISK_MIB = 16
BALLAST = 4 << 20
BODY = b"x" * 4000
INSIDE = "ZBRIDGE_TEST_MOUNTS"  # this process may mount, and nobody else sees it


def enter_namespace():
    """Begins again where mounts are nobody else's; ends where that cannot be."""
    if INSIDE in os.environ:
        return
    os.environ[INSIDE] = "1"
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    tried = subprocess.run([*unshare, "sh", "-c", "mount -t tmpfs -o size=1m test /mnt"], capture_output=True, text=True)
    if tried.returncode != 0:
        print(f"skipped: no file system may be mounted here: {tried.stderr.strip()}")
        sys.exit(SKIPPED)
    os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])


def publish_until_refused(publisher, stored):
    """Publishes in tens; returns the refusals of the last ten."""
    while True:
        bodies = [b"%d-" % (len(stored) + number) + BODY for number in range(10)]
        receipts = publisher.publish(bodies)
        accepted = [receipt.startswith("OK ") for receipt in receipts]
        stored += [body for body, ok in zip(bodies, accepted) if ok]
        if not all(accepted):
            return [receipt for receipt, ok in zip(receipts, accepted) if not ok]


def health(status):
    return next(each for each in status["plugins"] if each["name"] == "durable")["health"]


def main(flow):
    disk = flow.tmp / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "test", disk], check=True)
    bridge = flow.bridge(f"bridge: {{ data_dir: {disk}/data }}\n" + TOPIC)
    bridge.data_dir = disk / "data"
    ballast = disk / "ballast"
    stored, refused, receipted = [], 0, 0
    publisher = Publisher(flow, bridge.address("IN"))

    def fill():
        refusals = publish_until_refused(publisher, stored)
        for each in refusals:
            check(each.startswith("ERR store_full ") and "no room" in each, f"the reason is named: {each}")
        equal(bridge.status()["store"]["full"], True, "whether it is full, in the status")
        bridge.wait_for("the engine's health is degraded", lambda status: health(status) == "degraded")
        equal(read_until(flow, bridge, stored[-1]), stored, "what a reader gets while the disk is full")
        return len(refusals)

    def go_on():
        body = b"%d-" % len(stored) + BODY
        wait_until(lambda: publisher.publish([body])[0].startswith("OK "), "publishing goes on by itself")
        stored.append(body)
        equal(read_until(flow, bridge, body), stored, "what is there when there is room")
        bridge.wait_for("the engine is well again", lambda status: health(status) == "ok")

    for _ in range(flow.options.rounds):
        ballast.write_bytes(bytes(BALLAST))
        refused += fill()
        ballast.unlink()
        go_on()
        refused += fill()
        purged = bridge.command("topic", "purge", "orders", "--yes", "--at", bridge.data_dir)
        equal(purged.returncode, 0, f"the exit status of the purge: {purged.stderr}")
        receipted += len(stored)
        stored.clear()
        go_on()

    ballast.write_bytes(bytes(BALLAST))
    refused += fill()
    bridge.kill()
    bridge.start()
    equal(read_until(flow, bridge, stored[-1]), stored, "what is there after a kill on the full disk")

    # To the last byte.
    with open(ballast, "ab", buffering=0) as file:
        with contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
    stat = os.statvfs(disk)
    equal(stat.f_bavail, 0, "blocks that are free")
    for _ in range(3):
        equal(bridge.terminate(), 0, f"the exit status without a free byte: {bridge.log()[-2000:]}")
        bridge.start()
        check("last_end=clean" in bridge.log().splitlines()[-1], "the end before was in order")
        equal(read_until(flow, bridge, stored[-1]), stored, "what is there without a free byte")
    # Behind a kill a segment begins: for that there has to be room.
    bridge.kill()
    bridge.begin()
    check(bridge.process.wait(PATIENCE_S) != 0, "a start without a free byte, behind a kill")
    check("No space left on device" in bridge.log().splitlines()[-1], f"what is missing is said: {bridge.log()[-500:]}")

    ballast.unlink()
    bridge.start()
    equal(read_until(flow, bridge, stored[-1]), stored, "what is there once there is room")
    go_on()
    equal(bridge.terminate(), 0, "the exit status")
    bridge.start()
    equal(read_until(flow, bridge, stored[-1]), stored, "what is there at the end")
    flow.figure(f"{2 * flow.options.rounds + 1} times full, {receipted + len(stored)} receipts, {refused} refused, 0 lost")


if __name__ == "__main__":
    enter_namespace()
    run(main, rounds=1)

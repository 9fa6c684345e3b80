"""The fake bridge behind a socket, in real time: for tests of the two clients."""
import threading
import time

import zmq

from fake_bridge import FakeBridge


class Served:
    """`with Served({"orders": True}) as served`: a ROUTER at served.address. kill() and start() it as often as wanted."""

    def __init__(self, topics):
        self.bridge = FakeBridge(topics)
        self.lock = threading.Lock()
        self.does_commit = True
        self._context = zmq.Context()
        self.address = "tcp://127.0.0.1:*"
        self._thread = None
        self.start()

    def start(self):
        bound, self._ends = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(bound, self._ends), daemon=True)
        self._thread.start()
        assert bound.wait(30)

    def kill(self):
        self._ends.set()
        self._thread.join()
        self.bridge.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()
        self._context.destroy(0)

    def _run(self, bound, ends):
        router = self._context.socket(zmq.ROUTER)
        router.set(zmq.LINGER, 0)
        while True:  # the listener of before goes in a thread of libzmq
            try:
                router.bind(self.address)
                break
            except zmq.ZMQError:
                time.sleep(0.01)
        self.address = router.get(zmq.LAST_ENDPOINT).decode().rstrip("\0")
        bound.set()
        peers, began = {}, time.monotonic_ns() // 1_000_000 - self.bridge.now_ms
        while not ends.is_set():
            with self.lock:
                while router.poll(0):
                    peer, *frames = router.recv_multipart()
                    if peer not in peers or peers[peer] not in self.bridge.connections:
                        peers[peer] = self.bridge.connect()
                    if not peers[peer].said_bye:
                        self.bridge.hear(peers[peer], frames)
                self.bridge.advance(max(0, time.monotonic_ns() // 1_000_000 - began - self.bridge.now_ms))
                if self.does_commit:
                    self.bridge.commit()
                for peer, connection in peers.items():
                    for frames in connection.out:
                        router.send_multipart([peer, *frames])
                    connection.out.clear()
                    if connection.said_bye:
                        self.bridge.disconnect(connection)
            router.poll(2)
        router.close(0)

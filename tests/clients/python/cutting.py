"""A TCP connection that the test can cut: what the flow tests of the client put between it and the bridge."""
import contextlib
import select
import socket
import threading


class Cutting:
    """Connect to `address`; cut() ends every connection there is at that moment, in the middle of whatever it carries."""

    def __init__(self, port):
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._pairs = []
        self._has_ended = self._is_deaf = False
        self.swallowed = b""  # what was said to the deaf
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, for_good=False):
        """`for_good`: nobody connects by this way again."""
        self._has_ended = for_good
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for each in (each for pair in pairs for each in pair):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._is_deaf = False

    def deafen(self):
        """What comes from `port` is carried no further, until the next cut()."""
        self.swallowed = b""
        self._is_deaf = True

    def _accept(self):
        while True:
            theirs, _ = self._listener.accept()
            if self._has_ended:
                theirs.close()
                continue
            try:
                pair = theirs, socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                theirs.close()
                continue
            with self._lock:
                self._pairs.append(pair)
            threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, one, other):
        """Until both have ended: what one has said before its end comes to the other all the same."""
        with one, other, contextlib.suppress(OSError):
            open_ = {one: other, other: one}
            while open_:
                for ready in select.select(list(open_), [], [])[0]:
                    data = ready.recv(65536)
                    if data and ready is other and self._is_deaf:
                        self.swallowed += data
                    elif data:
                        open_[ready].sendall(data)
                    else:
                        open_.pop(ready).shutdown(socket.SHUT_WR)

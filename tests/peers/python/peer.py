"""A peer of the bridge, as tests/peers/README.md has it, in Python with pyzmq."""
import sys

import zmq


def message(number):
    topic = b"odd" if number % 2 else b"even"
    return [topic, b"%d:" % number + b"x" * (number * 37 % 600), b""]


def show(frames):
    print("|".join(frame.decode() for frame in frames), flush=True)


def send(socket, role):
    for line in sys.stdin:
        socket.send_multipart(message(int(line)))
        if role == "req":
            show(socket.recv_multipart())


def receive(socket, role):
    last = False
    while not last:
        frames = socket.recv_multipart()
        show(frames)
        if role == "rep":
            socket.send_multipart([b"reply", *frames[1:]])
        last = frames[1].startswith(b"0:")
    sys.stdin.read()


role, address = sys.argv[1:]
with zmq.Context() as context, context.socket(getattr(zmq, role.upper())) as peer:
    peer.connect(address)
    if role == "sub":
        peer.subscribe(b"even")
    print("connected", flush=True)
    if role in ("req", "push", "pub"):
        send(peer, role)
    else:
        receive(peer, role)

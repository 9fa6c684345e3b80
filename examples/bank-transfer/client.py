"""Asks a bank for transfers from alice to bob, and waits for the answer to each."""
import argparse

import zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--connect", default="tcp://127.0.0.1:5555")
parser.add_argument("--transfers", type=int, default=5)
parser.add_argument("--amount", type=int, default=10)
options = parser.parse_args()

bank = zmq.Context().socket(zmq.REQ)
bank.connect(options.connect)

for number in range(1, options.transfers + 1):
    bank.send_string(f"transfer t{number} alice bob {options.amount}")
    answer = bank.recv_string()
    print(f"t{number}: {answer}")

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""A worker in Python: one JSON text a line, both ways, on the descriptor NODE_CHANNEL_FD."""

import json
import os


def is_prime(number):
    if not isinstance(number, int) or number < 2:
        return False
    i = 2
    while i * i <= number:
        if number % i == 0:
            return False
        i += 1
    return True


# One file object for each direction; "\n" alone ends a message.
fd = int(os.environ["NODE_CHANNEL_FD"])
incoming = os.fdopen(fd, "r", encoding="utf-8", newline="\n")
outgoing = os.fdopen(os.dup(fd), "w", encoding="utf-8", newline="\n")

# Programs that we start must not inherit the channel.
os.set_inheritable(fd, False)


def send(message):
    outgoing.write(json.dumps(message) + "\n")
    outgoing.flush()


print("ready for numbers", flush=True)

for line in incoming:  # ends when the other side disconnects
    message = json.loads(line)
    if isinstance(message, dict) and str(message.get("cmd", "")).startswith("NODE_"):
        continue  # Node's own messages are not for us
    if isinstance(message, dict) and isinstance(message.get("number"), (int, float)):
        send({"number": message["number"], "isPrime": is_prime(message["number"])})
    else:
        send({"error": 'expected {"number": N}', "got": message})

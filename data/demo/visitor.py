# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
"""Visits the web servers that tell it their port, and counts who answered.

Takes {"every": SECONDS} from anybody, and sends its count after each ten visits.
"""

import http.client
import json
import os
import random
import select

PATHS = ["/", "/", "/", "/search?page=2", "/items/7", "/cart"]

channel = int(os.environ["NODE_CHANNEL_FD"])
waiting = b""
port = None
every = 0.5
visits = {}


def take(message):
    global port, every
    if not isinstance(message, dict):
        return
    if isinstance(message.get("port"), int):
        port = message["port"]
        print(f"{message.get('worker')} is open")
    if isinstance(message.get("every"), (int, float)):
        every = max(0.02, message["every"])
        print(f"a visit every {every:g} s")


def visit():
    path = random.choice(PATHS)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path)
        answer = connection.getresponse()
        who = answer.getheader("Worker")
        print(f"\033[34m{path}\033[0m {answer.status} from \033[1m{who}\033[0m: {answer.read().decode().strip()}")
        connection.close()
    except OSError as error:
        print(f"\033[1;31m{path}: {error}\033[0m")
        return
    visits[who] = visits.get(who, 0) + 1
    if sum(visits.values()) % 10 == 0:
        os.write(channel, json.dumps({"visits": sum(visits.values()), "by": visits}).encode() + b"\n")


print("waits for somebody to visit")
while True:
    readable, _, _ = select.select([channel], [], [], every if port else None)
    if readable:
        data = os.read(channel, 65536)
        if not data:
            break
        *lines, waiting = (waiting + data).split(b"\n")
        for line in lines:
            take(json.loads(line))
    elif port:
        visit()

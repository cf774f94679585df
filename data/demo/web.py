# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
"""A small web server, one of several that serve the same address.

The socket comes from Troupe as descriptor 3, and goes on to whoever replaces us. Its port is
told over the channel, to the program that demo.troupe links us to.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME = os.environ["TROUPE_WORKER"]
COLORS = {200: "32", 404: "33", 500: "1;31"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        start = time.monotonic()
        if self.path.startswith("/items/"):
            code, body = 404, "There is no such item.\n"
        elif self.path == "/cart":
            code, body = 500, "The cart has lost a wheel.\n"
            print(f"Error: no answer from the database\n    at query (db:42)\n"
                  f"    at {self.path} (router:7)", file=sys.stderr)
        else:
            code, body = 200, f"{os.environ.get('GREETING', 'hi')} from {NAME}\n"
        data = body.encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Worker", NAME)
        self.end_headers()
        self.wfile.write(data)
        spent = (time.monotonic() - start) * 1000
        print(f"\033[34mGET\033[0m {self.path} \033[{COLORS[code]}m{code}\033[0m \033[2m{spent:.1f} ms\033[0m")

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    def __init__(self, fd):
        super().__init__(("", 0), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=fd)
        # All of us wait for the same connection; who comes late must not wait for the next.
        self.socket.setblocking(False)

    def get_request(self):
        connection, address = super().get_request()
        connection.setblocking(True)
        return connection, address


def finish(*_):
    print(f"\033[36m{NAME}\033[0m finishes what it has begun")
    threading.Thread(target=server.shutdown).start()


server = Server(3)
signal.signal(signal.SIGTERM, finish)
port = server.socket.getsockname()[1]
with os.fdopen(int(os.environ["NODE_CHANNEL_FD"]), "w") as channel:
    channel.write(json.dumps({"worker": NAME, "port": port}) + "\n" + '"ready"\n')
    channel.flush()
    print(f"\033[1m{NAME}\033[0m serves \033[1;32mhttp://127.0.0.1:{port}/\033[0m")
    server.serve_forever(poll_interval=0.2)
    server.server_close()
print(f"\033[36m{NAME}\033[0m says bye")

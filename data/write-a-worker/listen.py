#!/usr/bin/env python3
# SPDX-License-Identifier: MIT-0
"""A cluster's worker in Python: serves HTTP on the sockets that it is started with.

    troupectl run --kind cluster --listen tcp:127.0.0.1:8000 listen.py

"""

import os
import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FIRST = 3  # sockets are the descriptors from here on, as from systemd


def listen_fds():
    """The sockets that are meant for this process."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    return list(range(FIRST, FIRST + int(os.environ["LISTEN_FDS"])))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"served by {os.getpid()}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close () waits for the requests that are under way

    def __init__(self, fd):
        super().__init__(("", 0), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=fd)
        # Several workers wait for the same connection; who comes late must not wait for the next.
        self.socket.setblocking(False)
        self.server_address = self.socket.getsockname()

    def get_request(self):
        connection, address = super().get_request()
        connection.setblocking(True)
        return connection, address


fds = listen_fds()
if not fds:
    raise SystemExit("this worker wants sockets: start it as kind cluster, with listen=")
server = Server(fds[0])

# Asked to stop: take nothing new, finish what has begun, and end.
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print("serves", server.server_address, flush=True)
server.serve_forever(poll_interval=0.05)
server.server_close()

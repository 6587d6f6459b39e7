"""The HTTP server granian, with one worker and an application of its own interface, RSGI.

usage: http_granian.py FOLDER [CERTIFICATE KEY]"""

import pathlib
import socket
import sys
import threading
import time

from granian import Granian
from granian.constants import Interfaces, Loops, RuntimeModes
from granian.http import HTTP1Settings

FOLDER = sys.argv[1]


async def app(scope, protocol):
    path = scope.path
    if path == "/plaintext":
        protocol.response_bytes(200, [("content-type", "text/plain")], b"Hello, World!")
    elif path == "/json":
        protocol.response_bytes(200, [("content-type", "application/json")], b'{"message":"Hello, World!"}')
    elif path in ("/files/1k", "/files/1m"):
        headers = [("content-type", "application/octet-stream"), ("content-length", "1024" if path == "/files/1k" else "1048576")]
        protocol.response_file(200, headers, FOLDER + path[6:])
    else:
        protocol.response_empty(404, [])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def say_when_ready(port):
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            print(port, flush=True)
            return
        except OSError:
            time.sleep(0.05)


if __name__ == "__main__":
    port = free_port()
    tls = {"ssl_cert": pathlib.Path(sys.argv[2]), "ssl_key": pathlib.Path(sys.argv[3])} if len(sys.argv) > 3 else {}
    threading.Thread(target=say_when_ready, args=(port,), daemon=True).start()
    Granian("http_granian:app", address="127.0.0.1", port=port, interface=Interfaces.RSGI, workers=1, loop=Loops.uvloop,
            runtime_mode=RuntimeModes.st, log_enabled=False, backlog=4096, websockets=False,
            http1_settings=HTTP1Settings(pipeline_flush=True), **tls).serve()

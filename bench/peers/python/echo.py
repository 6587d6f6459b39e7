"""The echo server of asyncio, uvloop and rloop: a Protocol, the fast way of all three.

usage: echo.py asyncio|uvloop|rloop"""

import asyncio
import socket
import sys


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


async def serve():
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    port = listener.getsockname()[1]
    # Serves from here on. rloop takes the descriptor out of the socket, and its serve_forever would begin once more.
    server = await asyncio.get_running_loop().create_server(Echo, sock=listener, backlog=4096)
    print(port, flush=True)
    await asyncio.Event().wait()
    server.close()


factory = asyncio.new_event_loop if sys.argv[1] == "asyncio" else __import__(sys.argv[1]).new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    runner.run(serve())

"""The echo server of trio: its sockets, without the streams above them. usage: echo_trio.py"""

import trio

BUFFER_SIZE = 64 * 1024


async def echo(connection):
    connection.setsockopt(trio.socket.IPPROTO_TCP, trio.socket.TCP_NODELAY, 1)
    with connection:
        try:
            while data := await connection.recv(BUFFER_SIZE):
                sent = await connection.send(data)
                while sent < len(data):
                    sent += await connection.send(memoryview(data)[sent:])
        except OSError:
            pass  # the other end has gone


async def serve():
    listener = trio.socket.socket()
    await listener.bind(("127.0.0.1", 0))
    listener.listen(4096)
    print(listener.getsockname()[1], flush=True)
    async with trio.open_nursery() as nursery:
        while True:
            connection, _ = await listener.accept()
            nursery.start_soon(echo, connection)


trio.run(serve)

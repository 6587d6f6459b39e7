"""Python's websockets against /ws of README.md. usage: websockets_client.py BASE [CA]"""

import asyncio
import ssl

import websockets
from python_checks import BASE, CA, equal, pattern, run_all
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

URL = BASE.replace("http", "ws", 1) + "/ws"
CONTEXT = ssl.create_default_context(cafile=CA) if CA else None


def connect(**options):
    return websockets.connect(URL, ssl=CONTEXT, max_size=1 << 26, **options)


async def echoes(socket):
    for size in (0, 1, 125, 126, 65_535, 65_536, 3_000_000):
        await socket.send(pattern(size))
        equal(await socket.recv(), pattern(size))
        await socket.send("\u20ac" * size)
        equal(await socket.recv(), "\u20ac" * size)


async def plain():
    async with connect(compression=None) as socket:
        equal(list(socket.protocol.extensions), [])
        await echoes(socket)


async def deflate():
    async with connect() as socket:
        equal(len(socket.protocol.extensions), 1)
        await echoes(socket)


async def deflate_with_parameters():
    for factory in (ClientPerMessageDeflateFactory(server_no_context_takeover=True), ClientPerMessageDeflateFactory(client_no_context_takeover=True),
                    ClientPerMessageDeflateFactory(server_max_window_bits=9), ClientPerMessageDeflateFactory(client_max_window_bits=10),
                    ClientPerMessageDeflateFactory(server_max_window_bits=15, client_max_window_bits=15)):
        async with connect(extensions=[factory], compression=None) as socket:
            equal(len(socket.protocol.extensions), 1)
            await echoes(socket)


async def fragments():
    async with connect() as socket:
        await socket.send(["one, ", "two, ", "three"])
        equal(await socket.recv(), "one, two, three")


async def many():
    async with connect() as socket:
        for i in range(2000):
            await socket.send(f"message {i}")
        for i in range(2000):
            equal(await socket.recv(), f"message {i}")


async def ping():
    async with connect() as socket:
        await (await socket.ping("?"))


async def closes():
    async with connect() as socket:
        await socket.close(4001, "because")
        equal(socket.close_code, 4001)


asyncio.run(run_all((plain, deflate, deflate_with_parameters, fragments, many, ping, closes)))

"""aiohttp's client against the routes of README.md. usage: aiohttp_client.py BASE [CA]"""

import asyncio
import ssl

import aiohttp
from python_checks import BASE, CA, TEXT, equal, pattern, run_all


async def hello(session):
    async with session.get("/hello") as response:
        equal((response.status, await response.text()), (200, "hello\n"))


async def keep_alive(session):
    peers = set()
    for _ in range(20):
        async with session.get("/peer") as response:
            peers.add(await response.text())
    equal(len(peers), 1)


async def concurrent(session):
    await asyncio.gather(*(hello(session) for _ in range(100)))


async def head(session):
    async with session.head("/bytes/1000") as response:
        equal((response.status, response.headers["Content-Length"], await response.read()), (200, "1000", b""))


async def echo(session):
    for size in (0, 1, 1000, 100_000, 8_000_000):
        async with session.post("/echo", data=pattern(size)) as response:
            equal(await response.read(), pattern(size))
            equal(response.headers["X-Method"], "POST")


async def put_chunked(session):
    async def pieces():
        for _ in range(10):
            yield pattern(50_000)
    async with session.put("/echo", data=pieces()) as response:
        equal(await response.read(), pattern(50_000) * 10)


async def duplex(session):
    async def pieces():
        for _ in range(200):
            yield pattern(65_000)
    async with session.post("/duplex", data=pieces()) as response:
        equal(await response.read(), pattern(65_000) * 200)


async def large(session):
    async with session.get("/bytes/50000000") as response:
        equal(await response.read(), pattern(50_000_000))


async def response_chunks(session):
    async with session.get("/chunks/300000/7777") as response:
        equal((response.headers["Transfer-Encoding"], await response.read()), ("chunked", pattern(300_000)))


async def compression(session):
    for coding in ("gzip", "deflate", "identity"):
        async with session.get("/text", headers={"Accept-Encoding": coding}) as response:
            equal(await response.text(), TEXT)
            if coding == "gzip":
                equal(response.headers["Content-Encoding"], "gzip")


async def redirects(session):
    async with session.get("/redirect/5") as response:
        equal((await response.text(), len(response.history)), ("hello\n", 6))
    async with session.post("/redirect307", data=b"carried along") as response:
        equal(await response.read(), b"carried along")


async def cookies(session):
    async with session.get("/cookies/set", params={"name": "colour", "value": "blue"}) as response:
        await response.read()
    async with session.get("/cookies") as response:
        equal(await response.json(), {"colour": "blue"})


async def ranges(session):
    async with session.get("/file/data.bin", headers={"Range": "bytes=1000-1999"}) as response:
        equal((response.status, await response.read()), (206, pattern(2000)[1000:]))
        tag = response.headers["ETag"]
    async with session.get("/file/data.bin", headers={"If-None-Match": tag}) as response:
        equal(response.status, 304)
    async with session.get("/file/data.bin", headers={"Range": "bytes=99999999-"}) as response:
        equal(response.status, 416)


async def expect_continue(session):
    async with session.post("/echo", data=pattern(100_000), expect100=True) as response:
        equal(await response.read(), pattern(100_000))


async def form(session):
    data = aiohttp.FormData()
    data.add_field("name", "a value")
    data.add_field("upload", pattern(100_000), filename="file.bin")
    async with session.post("/form", data=data) as response:
        equal(await response.json(), {"name": "a value", "upload": 100_000})


async def early_hints(session):
    async with session.get("/early") as response:
        equal(await response.text(), "early\n")


async def cut(session):
    for path in ("/cut/100000?length=1", "/cut/100000"):
        try:
            async with session.get(path) as response:
                await response.read()
        except aiohttp.ClientError:
            continue
        raise AssertionError(f"{path} was taken as whole")


async def early_close(session):
    for _ in range(5):
        async with session.get("/bytes/50000000") as response:
            await response.content.read(1000)
            response.close()
    await hello(session)


async def events(session):
    seen = []
    async with session.get("/events/10") as response:
        equal(response.headers["Content-Type"].split(";")[0], "text/event-stream")
        async for line in response.content:
            if line.startswith(b"id:"):
                seen.append(int(line[3:]))
    equal(seen, [0, 1, 2, 3, 4])


async def websocket(session):
    for compress in (0, 15, 9):
        async with session.ws_connect("/ws", compress=compress, max_msg_size=1 << 26) as socket:
            for size in (0, 1, 125, 126, 65_535, 65_536, 3_000_000):
                await socket.send_bytes(pattern(size))
                equal(await socket.receive_bytes(), pattern(size))
                await socket.send_str("x" * size)
                equal(await socket.receive_str(), "x" * size)
            await socket.ping(b"?")
            await socket.close(code=1000)
            equal(socket.close_code, 1000)


async def main():
    context = ssl.create_default_context(cafile=CA) if CA else None
    connector = aiohttp.TCPConnector(ssl=context) if context else None
    async with aiohttp.ClientSession(BASE, connector=connector, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        await run_all((hello, keep_alive, concurrent, head, echo, put_chunked, duplex, large, response_chunks, compression, redirects,
                       cookies, ranges, expect_continue, form, early_hints, cut, early_close, events, websocket), session)


asyncio.run(main())

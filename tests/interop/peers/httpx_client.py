"""httpx against the routes of README.md. usage: httpx_client.py BASE [CA]"""

import asyncio
import ssl

import httpx
from python_checks import BASE, CA, TEXT, equal, pattern, run_all


async def hello(client):
    response = await client.get("/hello")
    equal((response.status_code, response.text, response.http_version), (200, "hello\n", "HTTP/1.1"))


async def keep_alive(client):
    equal(len({(await client.get("/peer")).text for _ in range(20)}), 1)


async def concurrent(client):
    await asyncio.gather(*(hello(client) for _ in range(100)))


async def head(client):
    response = await client.head("/bytes/1000")
    equal((response.headers["Content-Length"], response.content), ("1000", b""))


async def echo(client):
    for size in (0, 1, 1000, 100_000, 8_000_000):
        equal((await client.post("/echo", content=pattern(size))).content, pattern(size))


async def put_chunked(client):
    async def pieces():
        for _ in range(10):
            yield pattern(50_000)
    equal((await client.put("/echo", content=pieces())).content, pattern(50_000) * 10)


async def large(client):
    async with client.stream("GET", "/bytes/20000000") as response:
        equal(b"".join([piece async for piece in response.aiter_bytes()]), pattern(20_000_000))


async def response_chunks(client):
    response = await client.get("/chunks/300000/7777")
    equal((response.headers["Transfer-Encoding"], response.content), ("chunked", pattern(300_000)))


async def compression(client):
    for coding in ("gzip", "deflate", "br", "zstd", "identity"):
        response = await client.get("/text", headers={"Accept-Encoding": coding})
        equal(response.text, TEXT)
        if coding in ("gzip", "br", "zstd"):
            equal(response.headers["Content-Encoding"], coding)


async def redirects(client):
    response = await client.get("/redirect/5", follow_redirects=True)
    equal((response.text, len(response.history)), ("hello\n", 6))
    response = await client.post("/redirect307", content=b"carried along", follow_redirects=True)
    equal(response.content, b"carried along")


async def cookies(client):
    await client.get("/cookies/set", params={"name": "colour", "value": "blue"})
    equal((await client.get("/cookies")).json(), {"colour": "blue"})


async def ranges(client):
    response = await client.get("/file/data.bin", headers={"Range": "bytes=1000-1999"})
    equal((response.status_code, response.content), (206, pattern(2000)[1000:]))
    response = await client.get("/file/data.bin", headers={"If-None-Match": response.headers["ETag"]})
    equal(response.status_code, 304)


async def form(client):
    response = await client.post("/form", data={"name": "a value"}, files={"upload": ("file.bin", pattern(100_000))})
    equal(response.json(), {"name": "a value", "upload": 100_000})


async def early_hints(client):
    equal((await client.get("/early")).text, "early\n")


async def cut(client):
    for path in ("/cut/100000?length=1", "/cut/100000"):
        try:
            await client.get(path)
        except httpx.HTTPError:
            continue
        raise AssertionError(f"{path} was taken as whole")


async def early_close(client):
    for _ in range(5):
        async with client.stream("GET", "/bytes/50000000") as response:
            async for _ in response.aiter_bytes():
                break
    await hello(client)


async def last(client):
    for _ in range(3):
        equal((await client.get("/last")).text, "last\n")


async def main():
    verify = ssl.create_default_context(cafile=CA) if CA else True
    async with httpx.AsyncClient(base_url=BASE, verify=verify, timeout=30, trust_env=False) as client:
        await run_all((hello, keep_alive, concurrent, head, echo, put_chunked, large, response_chunks, compression, redirects, cookies,
                       ranges, form, early_hints, cut, early_close, last), client)


asyncio.run(main())

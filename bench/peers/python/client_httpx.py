"""The HTTP client httpx. usage: client_httpx.py URL COUNT AT_ONCE"""

import asyncio
import sys

import httpx
import uvloop


async def main(url, left, at_once):
    received = 0

    async def fetch(client):
        nonlocal left, received
        while left > 0:
            left -= 1
            async with client.stream("GET", url) as response:
                async for piece in response.aiter_raw():
                    received += len(piece)

    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:
        await asyncio.gather(*(fetch(client) for _ in range(at_once)))
    print(f'{{"bytes": {received}}}')


uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))

"""The HTTP client of aiohttp on uvloop. usage: client_aiohttp.py URL COUNT AT_ONCE"""

import asyncio
import sys

import aiohttp
import uvloop


async def main(url, left, at_once):
    received = 0

    async def fetch(session):
        nonlocal left, received
        while left > 0:
            left -= 1
            async with session.get(url) as response:
                async for piece in response.content.iter_any():
                    received += len(piece)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:
        await asyncio.gather(*(fetch(session) for _ in range(at_once)))
    print(f'{{"bytes": {received}}}')


uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))

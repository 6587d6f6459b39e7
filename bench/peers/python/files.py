"""aiofiles on asyncio: files in threads. usage: files.py WORK COUNT SECONDS PATH"""

import asyncio
import os
import sys
import time

import aiofiles
from rounds import rounds

PIECE, LARGE_PIECE, IN_FLIGHT, SMALL_FILES, SMALL_SIZE = 4096, 1 << 20, 64, 10_000, 1024


async def in_tasks(count, body):
    numbers = iter(range(count))
    start = time.perf_counter()
    await asyncio.gather(*[body(numbers) for _ in range(IN_FLIGHT)])
    return (time.perf_counter() - start) / count * 1e6


async def random_4k(path, count):
    state, pieces = 1, os.path.getsize(path) // PIECE

    async def read(numbers):
        nonlocal state
        async with aiofiles.open(path, "rb", buffering=0) as file:
            for _ in numbers:
                state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
                await file.seek((state >> 33) % pieces * PIECE)
                assert len(await file.read(PIECE)) == PIECE

    return await in_tasks(count, read)


async def sequential_1m(path, _):
    total, start = 0, time.perf_counter()
    async with aiofiles.open(path, "rb", buffering=0) as file:
        while piece := await file.read(LARGE_PIECE):
            total += len(piece)
    return total / (time.perf_counter() - start) / 1e9


async def small_files(path, count):
    async def read(numbers):
        for number in numbers:
            async with aiofiles.open(f"{path}.d/{number % SMALL_FILES}", "rb", buffering=0) as file:
                assert len(await file.read(PIECE)) == SMALL_SIZE

    return await in_tasks(count, read)


if __name__ == "__main__":
    path = sys.argv[4]
    rounds({work.__name__: work for work in (random_4k, sequential_1m, small_files)}, lambda work, count: asyncio.run(work(path, count)),
           sys.argv[1:4], {"sequential_1m": "GB/s", "random_4k": "us", "small_files": "us"})

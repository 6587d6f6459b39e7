"""Hello world with a loop: sleeps a millisecond, says hello, ends."""

import asyncio


async def hello():
    await asyncio.sleep(0.001)
    print("hello")


asyncio.run(hello())

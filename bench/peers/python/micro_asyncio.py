"""asyncio with its own loop, uvloop or rloop. usage: micro_asyncio.py asyncio|uvloop|rloop WORK COUNT SECONDS"""

import asyncio
import random
import sys
import threading
import time

from rounds import resident_bytes, rounds

cpu = time.process_time


async def nothing():
    pass


async def leaf(value):
    return value


async def yield_often(times):
    for _ in range(times):
        await asyncio.sleep(0)


async def yields(tasks, times):
    all_tasks = [asyncio.create_task(yield_often(times + 1)) for _ in range(tasks)]
    await asyncio.sleep(0)  # every task has had its first turn
    start = cpu()
    await asyncio.gather(*all_tasks)
    return (cpu() - start) / (tasks * times) * 1e9


async def yield_2(count):
    return await yields(2, count // 2)


async def yield_10k(count):
    return await yields(10_000, count // 10_000)


async def spawn_join(count):
    start = cpu()
    for _ in range(count):
        await asyncio.create_task(nothing())
    return (cpu() - start) / count * 1e9


async def child_await(count):
    odd = 0
    start = cpu()
    for i in range(count):
        odd += await leaf(i) & 1
    assert odd == count // 2
    return (cpu() - start) / count * 1e9


async def queue_pingpong(count):
    there, back, times = asyncio.Queue(1), asyncio.Queue(1), count // 2

    async def answer():
        for _ in range(times):
            await back.put(await there.get())

    other = asyncio.create_task(answer())
    await asyncio.sleep(0)
    start = cpu()
    for i in range(times):
        await there.put(i)
        await back.get()
    taken = cpu() - start
    await other
    return taken / (2 * times) * 1e9


async def lock(count):
    own = asyncio.Lock()
    start = cpu()
    for _ in range(count):
        async with own:
            pass
    return (cpu() - start) / count * 1e9


async def gather_100k(count):
    start = cpu()
    values = await asyncio.gather(*[leaf(i) for i in range(count)])
    assert len(values) == count
    return (cpu() - start) / count * 1e9


async def cancel_100k(count):
    chance = random.Random(1)
    tasks = [asyncio.create_task(asyncio.sleep(3600 + chance.random() * 3600)) for _ in range(count)]
    await asyncio.sleep(0)
    start = cpu()
    for task in tasks:
        task.cancel("over")
    await asyncio.gather(*tasks, return_exceptions=True)
    return (cpu() - start) / count * 1e9


async def post_soon(count):
    loop = asyncio.get_running_loop()
    done, left = asyncio.Event(), count

    def called():
        nonlocal left
        left -= 1
        if left == 0:
            done.set()

    start = cpu()
    for _ in range(count):
        loop.call_soon(called)
    await done.wait()
    return (cpu() - start) / count * 1e9


async def post_thread(count):
    loop = asyncio.get_running_loop()
    done, left, start = asyncio.Event(), count, 0.0

    def called():
        nonlocal left
        left -= 1
        if left == 0:
            done.set()

    def post():
        nonlocal start
        start = time.perf_counter()
        for _ in range(count):
            loop.call_soon_threadsafe(called)

    other = threading.Thread(target=post)
    other.start()
    await done.wait()
    taken = time.perf_counter() - start
    other.join()
    return taken / count * 1e9


async def timers_1m_cpu(count):
    chance = random.Random(1)
    start = cpu()
    tasks = [asyncio.create_task(asyncio.sleep(chance.random() * count / 1e6)) for _ in range(count)]
    for task in tasks:
        await task
    return cpu() - start


async def task_bytes(count):
    before = resident_bytes()
    # asyncio keeps weak references only: who drops the tasks may lose them.
    kept = [asyncio.create_task(asyncio.sleep(3600)) for _ in range(count)]
    await asyncio.sleep(0)
    each = (resident_bytes() - before) / count
    assert len(kept) == count
    return each


WORKS = {work.__name__: work for work in (yield_2, yield_10k, spawn_join, child_await, queue_pingpong, lock, gather_100k, cancel_100k,
                                          post_soon, post_thread, timers_1m_cpu, task_bytes)}


def loop_factory(name):
    if name == "asyncio":
        return asyncio.new_event_loop
    return __import__(name).new_event_loop


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory(sys.argv[1])) as runner:
        rounds(WORKS, lambda work, count: runner.run(work(count)), sys.argv[2:])

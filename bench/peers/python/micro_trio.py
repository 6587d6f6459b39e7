"""trio. usage: micro_trio.py WORK COUNT SECONDS"""

import random
import sys
import threading
import time

import trio
from rounds import resident_bytes, rounds

cpu = time.process_time


async def nothing():
    pass


async def leaf(value):
    return value


async def yield_often(times):
    for _ in range(times):
        await trio.lowlevel.checkpoint()


async def first_turns():
    """Until every task has had its first turn: trio runs those that are ready together in any order, this one among them."""
    for _ in range(2):
        await trio.lowlevel.checkpoint()


async def yields(tasks, times):
    async with trio.open_nursery() as nursery:
        for _ in range(tasks):
            nursery.start_soon(yield_often, times + 2)
        await first_turns()
        start = cpu()
    return (cpu() - start) / (tasks * times) * 1e9


async def yield_2(count):
    return await yields(2, count // 2)


async def yield_10k(count):
    return await yields(10_000, count // 10_000)


async def spawn_join(count):
    start = cpu()
    for _ in range(count):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(nothing)
    return (cpu() - start) / count * 1e9


async def child_await(count):
    odd = 0
    start = cpu()
    for i in range(count):
        odd += await leaf(i) & 1
    assert odd == count // 2
    return (cpu() - start) / count * 1e9


async def queue_pingpong(count):
    times = count // 2
    send_there, receive_there = trio.open_memory_channel(1)
    send_back, receive_back = trio.open_memory_channel(1)

    async def answer():
        for _ in range(times):
            await send_back.send(await receive_there.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        await trio.lowlevel.checkpoint()
        start = cpu()
        for i in range(times):
            await send_there.send(i)
            await receive_back.receive()
        taken = cpu() - start
    return taken / (2 * times) * 1e9


async def lock(count):
    own = trio.Lock()
    start = cpu()
    for _ in range(count):
        async with own:
            pass
    return (cpu() - start) / count * 1e9


async def gather_100k(count):
    values = [0] * count

    async def keep(i):
        values[i] = await leaf(i)

    start = cpu()
    async with trio.open_nursery() as nursery:
        for i in range(count):
            nursery.start_soon(keep, i)
    return (cpu() - start) / count * 1e9


async def cancel_100k(count):
    chance = random.Random(1)
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(trio.sleep, 3600 + chance.random() * 3600)
        await first_turns()
        start = cpu()
        nursery.cancel_scope.cancel()
    return (cpu() - start) / count * 1e9


async def called_from(count, run_sync_soon, clock, elsewhere):
    """The time from the first call that is asked for until the last one is made."""
    done, left, start = trio.Event(), count, 0.0

    def called():
        nonlocal left
        left -= 1
        if left == 0:
            done.set()

    def post():
        nonlocal start
        start = clock()
        for _ in range(count):
            run_sync_soon(called)

    other = threading.Thread(target=post)
    other.start() if elsewhere else post()
    await done.wait()
    taken = clock() - start
    if elsewhere:
        other.join()
    return taken / count * 1e9


async def post_soon(count):
    return await called_from(count, trio.lowlevel.current_trio_token().run_sync_soon, cpu, False)


async def post_thread(count):
    return await called_from(count, trio.lowlevel.current_trio_token().run_sync_soon, time.perf_counter, True)


async def timers_1m_cpu(count):
    chance = random.Random(1)
    start = cpu()
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(trio.sleep, chance.random() * count / 1e6)
    return cpu() - start


async def task_bytes(count):
    before = resident_bytes()
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(trio.sleep, 3600)
        await first_turns()
        each = (resident_bytes() - before) / count
        nursery.cancel_scope.cancel()
    return each


WORKS = {work.__name__: work for work in (yield_2, yield_10k, spawn_join, child_await, queue_pingpong, lock, gather_100k, cancel_100k,
                                          post_soon, post_thread, timers_1m_cpu, task_bytes)}

if __name__ == "__main__":
    rounds(WORKS, lambda work, count: trio.run(work, count), sys.argv[1:])

"""concurrent.futures.ThreadPoolExecutor with two threads. usage: pool.py WORK COUNT SECONDS"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait

from rounds import rounds


def empty_job(count):
    with ThreadPoolExecutor(2) as pool:
        start = time.perf_counter()
        last = [pool.submit(int) for _ in range(count)]
        wait(last)
        return (time.perf_counter() - start) / count * 1e9


if __name__ == "__main__":
    rounds({"empty_job": empty_job}, lambda work, count: work(count), sys.argv[1:])

"""What the Python programs share: rounds of a work, a line of JSON for each."""

import json
import os
import sys
import time

UNITS = {"timers_1m_cpu": "s", "task_bytes": "B"}
SINGLE = {"task_bytes"}  # a second round in the same process would find what the first one left


def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def report(work, value, unit):
    print(json.dumps({"work": work, "value": value, "unit": unit}), flush=True)


def rounds(works, run, arguments, units=None):
    """`arguments`: WORK COUNT SECONDS. The first round warms up and does not count, unless it alone took all the time."""
    work, count, seconds = arguments[0], int(arguments[1]), float(arguments[2])
    if work not in works:
        sys.exit(f"there is no work called {work}")
    end = time.perf_counter() + seconds
    value = run(works[work], count)
    once = work in SINGLE or time.perf_counter() >= end
    while True:
        if not once:
            value = run(works[work], count)
        report(work, value, (units or UNITS).get(work, "ns"))
        if once or time.perf_counter() >= end:
            break
    sys.stdout.flush()
    os._exit(0)  # a million tasks that still sleep are not waited for

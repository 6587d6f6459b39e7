"""How costs grow: works of micro, pool and files with n doubled again and again, servers with ever more connections, and the exponent
that fits."""

from dataclasses import replace

from harness.model import Case, Missing, Suite, Work
from harness.rounds import round_values
from harness.stats import doublings, exponent, least_of
from harness.tools import program
from suites import connections, echo, files, http, micro, pool

STEPS = 5
"""Sizes measured: n doubled four times."""
SECONDS = 0.3
"""Rounds of one size: the least disturbed of them count."""

# The suite whose program does the work, and the smallest n; a quick run begins with a quarter of it.
WORKS = {
    "yield_n": (micro, 8_000),
    "spawn_join": (micro, 16_000),
    "child_await": (micro, 32_000),
    "queue_pingpong": (micro, 16_000),
    "lock": (micro, 64_000),
    "gather_100k": (micro, 16_000),
    "cancel_100k": (micro, 16_000),
    "close_tasks": (micro, 16_000),
    "lock_waiters": (micro, 16_000),
    "queue_waiters": (micro, 16_000),
    "post_soon": (micro, 16_000),
    "post_thread": (micro, 16_000),
    "timers_1m_cpu": (micro, 64_000),
    "task_bytes": (micro, 64_000),
    "empty_job": (pool, 32_000),
    "one_us_job": (pool, 16_000),
    "random_4k": (files, 8_000),
    "small_files": (files, 2_000),
    "echo_connections": (echo, 128),
    "http_connections": (http, 128),
    "accepted": (connections, 1_000),
}
"""The n of the last three is that of a server's connections: each asks in turn, or is accepted, speaks once and rests."""
WITH_THREADS = micro.WITH_THREADS | {"empty_job", "one_us_job", "random_4k", "small_files"}
ONLY = {"yield_n": ("gyre", "limit"), "close_tasks": ("gyre",), "lock_waiters": ("gyre",), "queue_waiters": ("gyre",)}
"""Works that not every program of micro has."""


def total(work, n, value):
    """The cost of all n things; `timers_1m_cpu` is told for all of them already."""
    return value if work == "timers_1m_cpu" else value * n


class Growth(Suite):
    name = "growth"
    what = "how costs grow with n: the exponent of n, 1 is linear"
    repetitions, quick_repetitions = 2, 1
    budget_s, quick_budget_s = 40.0, 15.0

    def __init__(self):
        self._programs = {}
        self._large = None

    def cases(self, quick):
        # An exponent says how a peer's own cost grows, and not who is faster.
        return [Case(name, (Work(name, "exponent", f"{name} with n doubled {STEPS - 1} times: cost = c * n^exponent", is_compared=False),))
                for name in WORKS]

    def builders(self):
        return {
            "gyre": lambda tools: self._build(tools, "gyre", micro.gyre, pool.gyre, files.gyre, "gyre"),
            "limit": lambda tools: self._build(tools, "limit", micro.limit, pool.limit, files.limit_io_uring, "limit_epoll"),
            "tokio": lambda tools: self._build(tools, "tokio", micro.tokio, pool.tokio, files.tokio),
            "go": lambda tools: self._build(tools, "go", micro.go, pool.go, files.go),
            "asyncio": lambda tools: self._build(tools, "asyncio", micro.asyncio_like("asyncio")),
        }

    def _build(self, tools, peer, of_micro, of_pool=None, of_files=None, server=None):
        own = {module: build(tools) for module, build in ((micro, of_micro), (pool, of_pool), (files, of_files)) if build}
        if server is not None:
            own.update({module: module.SUITE.builders()[server](tools) for module in (echo, http, connections)})
        self._programs[peer] = own
        lacks = {}
        for work, (module, _) in WORKS.items():
            reason = own[module].reason_without(work) if module in own else "is measured with other works only"
            if reason is None and peer not in ONLY.get(work, (peer,)):
                reason = "has no such work"
            if reason is not None:
                lacks[work] = reason
        return program(own[micro].argv, own[micro].version, lacks=lacks)

    def measure(self, peer, program, case, run):
        module, first = WORKS[case.name]
        path = ()
        if module is files:
            self._large = self._large or files.make_files(run.scratch)
            files.warm(self._large)
            path = (str(self._large),)
        cores = run.cores.both if case.name in WITH_THREADS else run.cores.server
        points = []
        sizes = doublings(first // 4 if run.quick else first, STEPS)
        for n in sizes:
            asked = self._programs[peer][module]
            if module is echo:
                value = echo.SUITE.ask(asked, run, n, "64B")["cpu_us"]
            elif module is http:
                value = http.SUITE.ask(asked, run, replace(http.ASKS["plaintext"], connections=n))["cpu_us"]
            elif module is connections:
                connections.allow_descriptors(n + connections.SPARE)
                value = connections.SUITE.ask(asked, run, n)["cpu_us"]
            else:
                # The least disturbed one: a size that the machine disturbed would bend the line. As many things as the largest size
                # has are taken together: a short round finds a moment without disturbance more easily, which would bend it too.
                value = least_of(round_values(asked, case.name, n, run, *path, cores=cores, seconds=SECONDS), sizes[-1] // n)
            if value <= 0:
                raise Missing(f"a figure of {value} for n = {n} has no logarithm")
            points.append((n, total(case.name, n, value)))
        return {case.name: exponent(points)}


SUITE = Growth()

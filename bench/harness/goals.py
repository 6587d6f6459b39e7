"""What gyre wants to reach, held against a run. A goal that is missed has its reason here, or the report says that it has none."""

from collections.abc import Callable
from dataclasses import dataclass

from harness.model import GYRE
from harness.results import Row
from harness.table import number

Bound = Callable[[Row], float | None]
"""The most that gyre's median may be; None where the run has nothing to compare with."""


@dataclass(frozen=True)
class Goal:
    suite: str
    work: str
    text: str
    bound: Bound
    reason: str = ""
    """Why it is missed, where it is."""


@dataclass(frozen=True)
class Verdict:
    goal: Goal
    measured: float
    allowed: float
    unit: str

    @property
    def is_met(self) -> bool:
        return self.measured <= self.allowed


def at_most(value: float) -> Bound:
    return lambda row: value


def times(factor: float, peer: str) -> Bound:
    """So many times what a peer takes; `limit` is the best of those by hand."""
    def bound(row: Row) -> float | None:
        line = row.limit if peer == "limit" else row.line(peer)
        return None if line is None else line.median * factor
    return bound


def ahead(row: Row) -> float | None:
    """No framework is better."""
    return row.frameworks[0].median if row.frameworks else None


ONE_RUN = "that is within what one run differs from another, by hand as well, on a machine that others use too"


def beside(suite: str, work: str, value: float, by_hand: float, reason: str = "") -> Goal:
    """The goal was set as a time beside what the limit took for the same work on that machine: what holds on another is the ratio."""
    return Goal(suite, work, f"at most {number(value)} where the limit takes {number(by_hand)}", times(value / by_hand, "limit"), reason)


def micro(work: str, value: float, by_hand: float, reason: str = "") -> Goal:
    return beside("micro", work, value, by_hand, reason)


def growth(work: str, value: float = 1.05, reason: str = "") -> Goal:
    return Goal("growth", work, f"an exponent of at most {value}", at_most(value), reason or ONE_RUN)


def compared(suite: str, work: str, factor: float, peer: str, reason: str = "") -> Goal:
    return Goal(suite, work, f"at most {factor} times {peer}", times(factor, peer), reason)


def foremost(suite: str, work: str, reason: str = "") -> Goal:
    return Goal(suite, work, "ahead of every framework", ahead, reason)


MICRO = ("yield_2", "yield_10k", "spawn_join", "child_await", "queue_pingpong", "lock", "gather_100k", "cancel_100k", "post_soon", "post_thread",
         "timers_1m_cpu", "task_bytes")
ECHO = [f"{count}x{size}_cpu" for count in (1, 64, 1000) for size in ("64B", "4KiB", "64KiB")]

ONE_TURN = "a yield is 62 instructions, 24 of them the loop's; the time is the way of one entry through memory, in and out of the ready queue"
SPAWNED = ("726 instructions without a peak: run, spawn, start, end and three blocks of memory take 7 to 17 % each; Node's figure is of a function "
           "that nothing else can cancel or see")
SENT = "one copy out of the kernel and one into it, as the others; what is left is a turn of the loop for each piece"
WOKEN = "two workers and whoever submits share two cores: each job that finds its worker asleep costs a wake-up, which is the figure"
FRAMES = "6,100 instructions for a request in six coroutine frames, 20 % of them the head's checks, 10 % the next deadline; it has callbacks"
KEPT = "deadlines, limits and the fields of the request, which the limit does not read"
SPREAD = ("not profiled: by estimate what gyre keeps of each connection, some 3 KB in frames, state, fields and buffer, and what the kernel keeps are more "
          "than the 2 MB of a core's cache; hyper and Go double too")
STOPS = ("1,180 instructions, of which 345 are for stopping at any byte, limits, framing and the end of the message, 210 for the copies, 130 for fields that "
         "mean something; picohttpparser does none of it in 490")

FOREMOST = {
    "spawn_join": SPAWNED,
    "child_await": "who awaits what is there already needs a frame here, so that it can be seen and cancelled",
    "post_soon": "a call can be cancelled by its handle, and what it throws goes to the loop's handler of errors; Asio's can not",
}

GOALS = [
    micro("yield_2", 5, 3, ONE_TURN),
    micro("yield_10k", 5, 3, ONE_TURN),
    micro("spawn_join", 25, 6, SPAWNED),
    micro("child_await", 9, 5, FOREMOST["child_await"]),
    micro("queue_pingpong", 12, 4, "391 instructions for a hand-over there and back: two waits are begun, woken and ended, each with its stamps"),
    micro("lock", 2, 0.5, "the owner and the place where it was taken are written, for whoever asks who holds it; by hand it is one flag"),
    micro("gather_100k", 30, 8, "each of them has a frame and a strand of its own that can be seen and cancelled, and a place for its result; by hand it "
          "has a frame"),
    micro("cancel_100k", 80, 29),
    micro("post_thread", 36, 33, "the line that poster and loop both write goes between two cores for each post"),
    micro("timers_1m_cpu", 0.9, 0.5, "a third is the heap of timers, a quarter the first touch of frames that have slept for long"),
    Goal("micro", "task_bytes", "at most 208 B", at_most(208)),
    *(foremost("micro", work, FOREMOST.get(work, ONE_RUN)) for work in MICRO if work != "task_bytes"),
    foremost("micro", "task_bytes", "libuv has no tasks: its timer is a struct of its user"),
    *(compared("echo", work, 1.03, "limit", SENT) for work in ECHO),
    *(foremost("echo", work, SENT) for work in ECHO),
    beside("pool", "empty_job", 110, 82, WOKEN),
    compared("pool", "empty_job", 1.0, "onetbb", WOKEN),
    compared("pool", "empty_job", 1.0, "asio", WOKEN),
    compared("pool", "one_us_job", 1.0, "onetbb", WOKEN),
    compared("pool", "one_us_job", 1.0, "asio", WOKEN),
    compared("files", "random_4k", 1.05, "limit_io_uring", "what is in memory is read by a call of its own, the limit asks for 64 pieces with one"),
    *(growth(work) for work in ("yield_n", "queue_pingpong", "gather_100k", "cancel_100k", "close_tasks", "task_bytes", "small_files",
                                    "spawn_join", "child_await", "lock")),
    *(growth(work, reason="with so many waiting together their frames no longer fit the cache of a core") for work in ("lock_waiters", "queue_waiters")),
    *(growth(work, reason="what kernel and program keep of each connection no longer fits the cache; the limit grows as well")
      for work in ("echo_connections", "http_connections")),
    growth("timers_1m_cpu", 1.15),
    growth("post_soon", reason="no loop over anything: with 100,000 posts together their memory no longer fits the cache of a core"),
    growth("post_thread", reason="as post_soon"),
    growth("empty_job", reason="what a few jobs cost is the wake-up of one worker; many keep both awake, on cores that they share with the submitter"),
    growth("one_us_job", reason="as empty_job"),
    growth("random_4k", reason="the more of the file is asked for, the less of it is in the caches of the processor; tokio and Go grow as well"),
    Goal("startup", "time", "at most 5 ms, of which one is slept", at_most(5), "most of it is the loader: libssl and libcrypto are shared libraries"),
    Goal("startup", "max_rss", "at most 4 MiB", at_most(4096), "pages of shared libraries count, which other programs share"),
    Goal("startup", "compile_01_hello", "at most 2.5 s", at_most(2.5),
         "it includes all of gyre; with the headers of the two things that it uses it takes less than half of that"),
    beside("parse", "small", 30, 21, STOPS),
    beside("parse", "browser", 200, 169, "as many instructions as picohttpparser, with copies of all fields"),
    compared("http", "plaintext_cpu", 1.0, "uwebsockets", FRAMES),
    compared("http", "plaintext_512_cpu", 1.0, "uwebsockets", SPREAD),
    compared("http", "plaintext_cpu", 1.06, "limit", KEPT),
    compared("http", "plaintext_512_cpu", 1.06, "limit", SPREAD),
    compared("http", "pipelined_cpu", 1.0, "uwebsockets", "each request has frames, a list of fields and an answer of its own; it has callbacks and one buffer"),
    Goal("http", "tls_cpu", "1.1 times better than nginx", times(1 / 1.1, "nginx"),
         "two thirds are OpenSSL's, which nginx calls as often; the rest is a third of the work and would have to cost nothing"),
    compared("client", "small_20k_cpu", 0.9, "beast", "a request of the client has a scope, a deadline for each phase and a place in the pool; Beast's has none"),
    compared("client", "small_20k_cpu", 0.6, "curl", "as beside Beast"),
    compared("client", "large_200x10m_cpu", 1.0, "curl", "as many calls of the kernel; it reads into one buffer for all connections, which stays in the cache"),
]


def verdicts(all_rows: list[Row], goals: list[Goal] = GOALS) -> list[Verdict]:
    """Of the goals that this run says something about."""
    by_name = {(row.suite, row.work.name): row for row in all_rows}
    told = []
    for goal in goals:
        row = by_name.get((goal.suite, goal.work))
        own = row.line(GYRE) if row else None
        allowed = goal.bound(row) if row and own else None
        if allowed is not None:
            told.append(Verdict(goal, own.median, allowed, row.work.unit))
    return told


def not_measured(all_rows: list[Row], goals: list[Goal] = GOALS) -> list[Goal]:
    """Those that this run says nothing about: a quick one leaves works out, and a peer may be missing."""
    told = [verdict.goal for verdict in verdicts(all_rows, goals)]
    return [goal for goal in goals if goal not in told]


def sentence(verdict: Verdict) -> str:
    """Met, or why not."""
    if verdict.is_met:
        return "met"
    return f"missed by {(verdict.measured / verdict.allowed - 1) * 100:.0f} %: {verdict.goal.reason or 'no reason is written down yet'}"

"""What gyre wants to reach, held against a run. A goal that is missed has its reason here, or the report says that it has none."""

from collections.abc import Callable
from dataclasses import dataclass

from harness.model import GYRE
from harness.results import BOTH_SIDES, OVERLAP, Line, Row, overlap
from harness.stats import number


@dataclass(frozen=True)
class Allowed:
    """The most that gyre's median may be, and whose figure it is how many times, if it is somebody's."""

    most: float
    line: Line | None = None
    factor: float = 1.0


Bound = Callable[[Row], Allowed | None]
"""None where the run has nothing to compare with."""


@dataclass(frozen=True)
class Goal:
    suite: str
    work: str
    text: str
    bound: Bound
    reason: str = ""
    """Why it is missed, where it is."""
    layer: str = GYRE
    """Of which of gyre's layers it is asked."""

    @property
    def title(self) -> str:
        return f"{self.suite} {self.work}" + (f", {self.layer}" if self.layer != GYRE else "")


@dataclass(frozen=True)
class Verdict:
    goal: Goal
    measured: float
    allowed: float
    unit: str
    by_hand: float | None = None
    """What the best program by hand reached in the same row."""
    unsure: str = ""
    """Said where the samples leave it open: some of gyre's would have met the goal, and some have missed it."""

    @property
    def is_met(self) -> bool:
        return self.measured <= self.allowed


def at_most(value: float) -> Bound:
    return lambda row: Allowed(value)


def times(factor: float, peer: str) -> Bound:
    """So many times what a peer takes; `limit` is the best of those by hand."""
    def bound(row: Row) -> Allowed | None:
        line = row.limit if peer == "limit" else row.line(peer)
        return None if line is None else Allowed(line.median * factor, line, factor)
    return bound


def ahead(row: Row) -> Allowed | None:
    """No framework is better."""
    return Allowed(row.frameworks[0].median, row.frameworks[0]) if row.frameworks else None


UNEXPLAINED = "unexplained"


def beside(suite: str, work: str, value: float, by_hand: float, reason: str = "") -> Goal:
    """The goal was set as a time beside what the limit took for the same work on that machine: what holds on another is the ratio."""
    return Goal(suite, work, f"at most {number(value)} where the limit takes {number(by_hand)}", times(value / by_hand, "limit"), reason)


def micro(work: str, value: float, by_hand: float, reason: str = "") -> Goal:
    return beside("micro", work, value, by_hand, reason)


def growth(work: str, value: float = 1.05, reason: str = "") -> Goal:
    return Goal("growth", work, f"an exponent of at most {value}", at_most(value), reason or UNEXPLAINED)


def compared(suite: str, work: str, factor: float, peer: str, reason: str = "", layer: str = GYRE) -> Goal:
    return Goal(suite, work, f"at most {factor} times {peer}", times(factor, peer), reason, layer)


def foremost(suite: str, work: str, reason: str = "") -> Goal:
    return Goal(suite, work, "ahead of every framework", ahead, reason)


MICRO = ("yield_2", "yield_10k", "spawn_join", "child_await", "queue_pingpong", "lock", "gather_100k", "cancel_100k", "post_soon", "post_thread",
         "timers_1m_cpu", "task_bytes")
ECHO = [f"{count}x{size}_cpu" for count in (1, 64, 1000) for size in ("64B", "4KiB", "64KiB")]

ONE_TURN = "64 instructions for a yield, about 24 of them the loop's, by hand 34; what of the time is not instructions is unexplained"
SPAWNED = ("757 instructions, by hand 81, without a peak: run, spawn, start, end and three blocks of memory take 7 to 17 % each; Node's figure is of a function "
           "that nothing else can cancel or see")
SENT = ("two calls of the kernel for each echo, as by hand; the program's own part is 1,441 instructions where it is 50 by hand: two frames, two operations, "
        "a turn of the ready queue")
SENT_ALONE = ("a wait, a receive and a send for each echo, as by hand; 1,860 instructions beside them, because each echo is a turn of the loop of its own, with two "
              "frames and two operations")
SENT_SPREAD = ("a receive and a send for each echo and a wait for each batch, as by hand; 1,450 instructions as with 64 connections, of whose data 19 lines are missing "
               "in the first level of the cache instead of 15; the rest is unexplained")
JOBS = ("507 instructions for a job, 95 by hand; 1 to 5 calls of the kernel for 1,000 jobs, by hand 1 to 2. A job has memory of its own, a result and a handle "
        "that may be dropped; by hand it lies in a ring")
FRAMES = "6,100 instructions for a request in six coroutine frames, 20 % of them the head's checks, 13 % the wait for the next with its deadline; it has callbacks"
KEPT = "deadlines, limits and the fields of the request, which the limit does not read"
SPREAD = ("as many instructions as with 64 connections, 6,114; each request touches 50 lines that are the connection's own, in a simulated cache of 2 MB five of "
          "them are missing, and none with 64")
ROUTED = "13,090 instructions for a request that is sent by itself, where the layer below takes 6,030: a route, a Request and a Response are made and destroyed"
ENCRYPTED = ("of the processor time 47 % are the kernel's, 23 % gyre's own, 22 % OpenSSL's and 6 % the C library's; by hand 62, 2, 29 and 6 % of nine tenths as "
             "much time")
STOPS = ("1,180 instructions, of which 345 are for stopping at any byte, limits, framing and the end of the message, 210 for the copies, 130 for fields that "
         "mean something; picohttpparser does none of it in 490")

FOREMOST = {
    "spawn_join": SPAWNED,
    "child_await": "130 instructions, by hand 51: who awaits what is there already needs a frame here, so that it can be seen and cancelled",
    "post_soon": "378 instructions: a call can be cancelled by its handle, and what it throws goes to the loop's handler of errors; Asio's can not",
}

def spread(least: str, few: str, most: str, many: str, cache: str = "2 MB") -> str:
    """The reason of a work whose cost grows as its data leave the cache."""
    return f"as many instructions for each at every n; of its data {few} lines are missing in a simulated cache of {cache} with {least}, {many} with {most}"


LUCKY = "as many instructions and no more misses for each at every n: what is left is how much a machine disturbs, which short rounds escape more easily"

GROWTH = {
    "yield_n": spread("8,000 tasks", "0.02", "128,000", "34 in ten turns"),
    "queue_pingpong": LUCKY,
    "gather_100k": spread("16,000", "1.8", "256,000", "4.9"),
    "cancel_100k": spread("16,000", "13.6", "256,000", "17.9"),
    "close_tasks": spread("16,000", "11.6", "256,000", "15.4"),
    "queue_waiters": spread("16,000", "4.3", "256,000", "15.2", "32 MB"),
    "post_soon": spread("16,000", "0.01", "256,000", "3.6"),
    "post_thread": spread("16,000", "0.6", "256,000", "4.1"),
    "empty_job": LUCKY,
    "one_us_job": spread("16,000", "1.4", "256,000", "3.1") + "; and only one round of the largest n fits the time",
    "echo_connections": spread("128 connections", "0.00", "2,048", "0.4") + "; the rest is the kernel's, which grows as much",
    "accepted": spread("1,000", "26", "16,000", "39") + "; the rest is the kernel's",
    "http_connections": "each request touches 50 lines that are the connection's own, which leave the cache from some 500 connections on",
}

def sent(work: str) -> str:
    return {"1": SENT_ALONE, "64": SENT, "1000": SENT_SPREAD}[work.split("x")[0]]


GOALS = [
    micro("yield_2", 5, 3, ONE_TURN),
    micro("yield_10k", 5, 3, ONE_TURN),
    micro("spawn_join", 25, 6, SPAWNED),
    micro("child_await", 9, 5, FOREMOST["child_await"]),
    micro("queue_pingpong", 12, 4, "391 instructions for a hand-over there and back: two waits are begun, woken and ended, each with its stamps"),
    micro("lock", 2, 0.5, "59 instructions, by hand 5: the owner and the place where it was taken are written, for whoever asks who holds it; by hand it is one flag"),
    micro("gather_100k", 30, 8, "391 instructions where all memory is new, by hand 236: each of them has a frame and a strand of its own that can be seen and cancelled, and a place for its result; by hand it "
          "has a frame"),
    micro("cancel_100k", 80, 29),
    micro("post_thread", 36, 33, "366 instructions, by hand 57: each call has memory of its own and may come from any thread; by hand one thread appends nodes that are there already"),
    micro("timers_1m_cpu", 0.9, 0.5, "a third is the heap of timers, a quarter the first touch of frames that have slept for long"),
    Goal("micro", "task_bytes", "at most 208 B", at_most(208)),
    *(foremost("micro", work, FOREMOST.get(work, UNEXPLAINED)) for work in MICRO if work != "task_bytes"),
    foremost("micro", "task_bytes", "libuv has no tasks: its timer is a struct of its user"),
    *(compared("echo", work, 1.03, "limit", sent(work)) for work in ECHO),
    *(foremost("echo", work, sent(work)) for work in ECHO),
    beside("pool", "empty_job", 110, 82, JOBS),
    compared("pool", "empty_job", 1.0, "onetbb", JOBS),
    compared("pool", "empty_job", 1.0, "asio", JOBS),
    compared("pool", "one_us_job", 1.0, "onetbb", JOBS),
    compared("pool", "one_us_job", 1.0, "asio", JOBS),
    compared("files", "random_4k", 1.05, "limit_io_uring", "one preadv2 and 769 instructions for each piece; by hand one io_uring_enter for 64 pieces and 57 instructions for each"),
    *(growth(work, reason=GROWTH.get(work, "")) for work in ("yield_n", "queue_pingpong", "gather_100k", "cancel_100k", "close_tasks", "task_bytes", "small_files",
                                "spawn_join", "child_await", "lock", "lock_waiters", "queue_waiters", "echo_connections",
                                "accepted", "post_soon", "post_thread", "empty_job", "one_us_job", "random_4k", "http_connections")),
    growth("timers_1m_cpu", 1.15),
    Goal("startup", "time", "at most 5 ms, of which one is slept", at_most(5), UNEXPLAINED),
    Goal("startup", "max_rss", "at most 4 MiB", at_most(4096), "pages of shared libraries count, which other programs share"),
    Goal("startup", "compile_01_hello", "at most 2.5 s", at_most(2.5),
         "it includes all of gyre, 90,967 lines after the preprocessor; with the headers that it uses, 62,691 lines, it takes 0.7 times as long"),
    beside("parse", "small", 30, 21, STOPS),
    beside("parse", "browser", 200, 169, "as many instructions as picohttpparser, with copies of all fields"),
    compared("http", "plaintext_cpu", 1.0, "uwebsockets", FRAMES),
    compared("http", "plaintext_512_cpu", 1.0, "uwebsockets", SPREAD),
    compared("http", "plaintext_cpu", 1.06, "limit", KEPT),
    compared("http", "plaintext_512_cpu", 1.06, "limit", SPREAD),
    compared("http", "pipelined_cpu", 1.0, "uwebsockets", "each request has frames, a list of fields and an answer of its own; it has callbacks and one buffer"),
    Goal("http", "tls_cpu", "1.1 times better than nginx", times(1 / 1.1, "nginx"),
         ENCRYPTED),
    Goal("seeing", "request_cpu", "at most 1.02 as it is by default", at_most(1.02), UNEXPLAINED),
    Goal("seeing", "request_cpu", "at most 1.021 with a stall_limit", at_most(1.021), UNEXPLAINED, "gyre_watched"),
    Goal("seeing", "request_cpu", "at most 1.05 with the recorder on", at_most(1.05),
         "12 events for a request of the client and the server together, of 8 to 12 ns each", "gyre_recording"),
    compared("client", "small_20k_cpu", 0.9, "beast", "14,200 instructions where Beast has 21,000, and one call of the kernel more: before each request a poll asks whether the connection still stands, 4 % of the time"),
    compared("client", "small_20k_cpu", 0.6, "curl", "as beside Beast"),
    compared("client", "large_200x10m_cpu", 1.0, "curl", "94 % are the kernel's, half of it the copy, for both; curl makes half as many receives of twice the size"),
    *(compared("http", work, factor, peer, ROUTED, "gyre_app") for work in ("plaintext_cpu", "plaintext_512_cpu")
      for factor, peer in ((1.0, "uwebsockets"), (1.06, "limit"))),
    compared("http", "pipelined_cpu", 1.0, "uwebsockets", ROUTED, "gyre_app"),
    Goal("http", "tls_cpu", "1.1 times better than nginx", times(1 / 1.1, "nginx"), ROUTED, "gyre_app"),
]


def verdicts(all_rows: list[Row], goals: list[Goal] = GOALS) -> list[Verdict]:
    """Of the goals that this run says something about."""
    by_name = {(row.suite, row.work.name): row for row in all_rows}
    told = []
    for goal in goals:
        row = by_name.get((goal.suite, goal.work))
        own = row.line(goal.layer) if row else None
        allowed = goal.bound(row) if row and own else None
        if allowed is not None:
            told.append(Verdict(goal, own.median, allowed.most, row.work.unit, row.limit.median if row.limit else None, left_open(own, allowed)))
    return told


def left_open(own: Line, allowed: Allowed) -> str:
    if allowed.line is None:
        return BOTH_SIDES if own.least <= allowed.most < own.greatest else ""
    return OVERLAP if overlap(own, allowed.line, allowed.factor) else ""


def not_measured(all_rows: list[Row], goals: list[Goal] = GOALS) -> list[Goal]:
    """Those that this run says nothing about: a quick one leaves works out, and a peer may be missing."""
    told = [verdict.goal for verdict in verdicts(all_rows, goals)]
    return [goal for goal in goals if goal not in told]


def sentence(verdict: Verdict) -> str:
    """Met, or why not."""
    if verdict.is_met:
        return "met" + verdict.unsure
    missed = f"missed by {(verdict.measured / verdict.allowed - 1) * 100:.0f} %{verdict.unsure}: {verdict.goal.reason or 'no reason is written down yet'}"
    if verdict.by_hand is None:
        return missed + ("; nothing is there by hand" if verdict.goal.suite == "growth" else "")
    if verdict.by_hand > verdict.allowed:
        return f"{missed}; by hand it is {number(verdict.by_hand)}, which misses it too"
    return missed + (f"; by hand it is {number(verdict.by_hand)}" if verdict.goal.suite == "growth" else "")

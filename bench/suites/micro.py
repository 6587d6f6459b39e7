"""The smallest things that a loop does. Each program does `WORK COUNT SECONDS`: rounds of COUNT things, a line for each round."""

from harness.model import Case, Suite
from harness.rounds import median_round
from harness.tools import program

# What a round does, and the name of its unit: processor time of the process but for post_thread, where two threads work at once.
CASES = {
    "yield_2": (Case.of("yield_2", "ns", "yield while 2 tasks are ready"), 100_000),
    "yield_10k": (Case.of("yield_10k", "ns", "yield while 10,000 tasks are ready"), 200_000),
    "spawn_join": (Case.of("spawn_join", "ns", "spawn a task, let it end, join it"), 30_000),
    "child_await": (Case.of("child_await", "ns", "await a child that completes at once"), 100_000),
    "queue_pingpong": (Case.of("queue_pingpong", "ns", "a message between two tasks through a queue of one"), 60_000),
    "lock": (Case.of("lock", "ns", "take and release a lock that nobody else wants"), 300_000),
    "gather_100k": (Case.of("gather_100k", "ns", "gather 100,000 trivial tasks, each"), 100_000),
    "cancel_100k": (Case.of("cancel_100k", "ns", "cancel 100,000 sleeping tasks, whose deadlines have no order, and see them end, each"), 100_000),
    "post_soon": (Case.of("post_soon", "ns", "ask the loop to call a function, from its own thread"), 30_000),
    "post_thread": (Case.of("post_thread", "ns", "ask the loop to call a function, from another thread; time on the wall"), 100_000),
    "timers_1m_cpu": (Case.of("timers_1m_cpu", "s", "processor time for a million tasks that sleep up to a second"), 1_000_000),
    "task_bytes": (Case.of("task_bytes", "B", "resident memory of a sleeping task, of a million"), 1_000_000),
}
QUICK_COUNT = {"timers_1m_cpu": 100_000, "task_bytes": 100_000}
"""The timers of a quick run come as densely as those of a full one, in a tenth of the time, and count ten times."""
WITH_THREADS = {"post_thread"}


def gyre(tools):
    return program([tools.gyre("micro"), "gyre"], tools.gyre_version())


def limit(tools):
    return program([tools.gyre("micro"), "limit"], "by hand")


def asyncio_like(name):
    def build(tools):
        package = None if name == "asyncio" else name
        return program([tools.python(package), tools.sources / "python" / "micro_asyncio.py", name], tools.python_version(package))

    return build


def trio(tools):
    return program([tools.python("trio"), tools.sources / "python" / "micro_trio.py"], tools.python_version("trio"))


def tokio(tools):
    return program([tools.cargo("tokio", "micro")], tools.crate_version("tokio", "tokio"))


def go(tools):
    return program([tools.go("micro")], tools.go_version(), lacks={
        "child_await": "a function is called, nothing is awaited",
        "post_soon": "there is no loop that could be asked to call a function",
    })


def node(tools):
    return program([tools.node(), tools.sources / "node" / "micro.mjs"], tools.node_version(), lacks={
        "lock": "has no lock: nothing else runs between two awaits",
        "queue_pingpong": "has no queue that tasks wait for; a promise carries one value",
        "post_thread": "another thread has a loop of its own and can only send messages",
    })


def asio(tools):
    tools.unpack("libboost1.81-dev")
    return program([tools.native("asio/micro.cpp")], "Boost " + tools.unpacked_version("libboost1.81-dev"), lacks={"lock": "has no lock that a coroutine waits for"})


def libuv(tools):
    tools.unpack("libuv1-dev", "libuv1")
    return program([tools.native("libuv/micro.cpp", libraries=["-luv"])], tools.unpacked_version("libuv1-dev"),
                   only=("cancel_100k", "timers_1m_cpu", "task_bytes"), lacks={
                       "*": "has callbacks and no tasks",
                       "post_soon": "has no call on the next turn; an idle handle is called in every turn",
                       "post_thread": "uv_async_send may merge calls into one",
                   })


class Micro(Suite):
    name = "micro"
    what = "the smallest things that a loop does"
    repetitions, quick_repetitions = 5, 2
    budget_s, quick_budget_s = 40.0, 2.0

    def cases(self, quick):
        return [case for case, _ in CASES.values()]

    def builders(self):
        return {"gyre": gyre, "limit": limit, "tokio": tokio, "go": go, "asio": asio, "libuv": libuv, "node": node,
                "asyncio": asyncio_like("asyncio"), "uvloop": asyncio_like("uvloop"), "rloop": asyncio_like("rloop"), "trio": trio}

    def measure(self, peer, program, case, run):
        count = CASES[case.name][1]
        times = 1.0
        if run.quick and case.name in QUICK_COUNT:
            times = count / QUICK_COUNT[case.name] if case.works[0].unit == "s" else 1.0
            count = QUICK_COUNT[case.name]
        cores = run.cores.both if case.name in WITH_THREADS else run.cores.server
        return {case.name: times * median_round(program, case.name, count, run, cores=cores)}


SUITE = Micro()

"""Many connections to an echo server that have spoken once and are idle now: memory of each, and how fast they are accepted.

The memory of the kernel is that of both ends. There are 100,000, or as many as `ulimit -Hn` allows; the load comes from several loopback addresses."""

import resource

from harness.loaded import AS_ASKED, LoadedSuite
from harness.model import Case, Work
from harness.process import Server
from suites.echo import BUILDERS

COUNT, QUICK_COUNT = 100_000, 10_000
SPARE = 1_000


class Connections(LoadedSuite):
    name = "connections"
    what = "an echo server with many idle connections"
    repetitions, quick_repetitions = 2, 1
    budget_s, quick_budget_s = 60.0, 10.0
    load_source = "load/connections.cpp"

    def cases(self, quick):
        return [Case("idle", (Work("rss", "B", "resident memory of the server for each connection"),
                              Work("kernel", "B", "slab memory of the kernel for both ends of each connection, and for whatever else the machine does",
                                   is_compared=False),
                              Work("accept_cpu", "us", "processor time of the server to accept one"),
                              Work("accept_rate", "1/s", f"connections made one after another; {AS_ASKED}", more_is_better=True,
                                   is_compared=False)))]

    def peers(self):
        return BUILDERS

    def measure(self, peer, program, case, run):
        wanted = QUICK_COUNT if run.quick else COUNT
        count = min(wanted, allow_descriptors(wanted + SPARE) - SPARE)
        told = self.ask(program, run, count)
        return {"rss": told["rss"], "kernel": told["kernel"], "accept_cpu": told["cpu_us"], "accept_rate": told["rate"]}

    def ask(self, program, run, count):
        """What the load generator says of a server to which it made so many connections."""
        with Server(program, run) as server:
            return self.under_load(server, run, count)


def allow_descriptors(wanted):
    """For the programs that are started from here: not all of them raise their own limit. @return how many are allowed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
        return wanted
    except (ValueError, OSError):
        # Without the right to more there are fewer connections; what each takes is told all the same.
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, wanted), hard))
        return min(hard, wanted)


SUITE = Connections()

"""Jobs for a pool of two threads, submitted by a third. Each program does `WORK COUNT SECONDS`, as those of micro do."""

from harness.model import Case, Suite
from harness.rounds import median_round
from harness.tools import program

COUNTS = {"empty_job": 200_000, "one_us_job": 100_000}


def gyre(tools):
    return program([tools.gyre("gyre_pool")], tools.gyre_version())


def limit(tools):
    return program([tools.native("limit/pool.cpp")], "by hand")


def onetbb(tools):
    tools.unpack("libtbb-dev", "libtbb12", "libtbbbind-2-5", "libtbbmalloc2")
    return program([tools.native("onetbb/pool.cpp", libraries=["-ltbb"])], tools.unpacked_version("libtbb-dev"))


def asio(tools):
    tools.unpack("libboost1.81-dev")
    return program([tools.native("asio/pool.cpp")], "Boost " + tools.unpacked_version("libboost1.81-dev"))


def go(tools):
    return program([tools.go("pool")], tools.go_version())


def tokio(tools):
    return program([tools.cargo("tokio", "pool")], tools.crate_version("tokio", "tokio"))


def futures(tools):
    return program([tools.python(), tools.sources / "python" / "pool.py"], tools.python_version(),
                   lacks={"one_us_job": "a job of one microsecond cannot be written in Python: calling a function takes as long"})


class Pool(Suite):
    name = "pool"
    what = "jobs for a pool of two threads"
    repetitions, quick_repetitions = 7, 3

    def cases(self, quick):
        return [Case.of("empty_job", "ns", "a job that does nothing, from one thread into two; time on the wall"),
                Case.of("one_us_job", "ns", "a job that works for a microsecond, from one thread into two; time on the wall")]

    def builders(self):
        return {"gyre": gyre, "limit": limit, "onetbb": onetbb, "asio": asio, "go": go, "tokio": tokio, "concurrent.futures": futures}

    def measure(self, peer, program, case, run):
        return {case.name: median_round(program, case.name, COUNTS[case.name], run, cores=run.cores.both)}


SUITE = Pool()

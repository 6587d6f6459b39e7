"""How long one head of an HTTP/1 request takes to parse, framing decided. Each program does `WORK COUNT SECONDS`, as those of micro do.

The head is there as a whole, nothing of it is kept for the next. What is done with it differs, and has to be known beside a ratio: gyre
and Beast copy the fields, hold them against limits and decide the framing; the limit, which is picohttpparser, and httparse hand out
pointers into the text, know no field by its name and decide nothing: h2o and hyper, which they are of, do so afterwards."""

from harness.model import Case, Suite
from harness.rounds import median_round
from harness.tools import program

COUNTS = {"small": 300_000, "browser": 60_000}


def gyre(tools):
    return program([tools.gyre("gyre_parse")], tools.gyre_version())


def limit(tools):
    tools.unpack("libh2o-evloop-dev", "libh2o-evloop0.13", "libwslay1")
    built = tools.native("limit/parse.cpp", libraries=["-lh2o-evloop"])
    return program([built], f"picohttpparser of h2o {tools.unpacked_version('libh2o-evloop-dev')}")


def beast(tools):
    tools.unpack("libboost1.81-dev")
    return program([tools.native("beast/parse.cpp")], "Boost " + tools.unpacked_version("libboost1.81-dev"))


def httparse(tools):
    return program([tools.cargo("httparse", "parse")], tools.crate_version("httparse", "httparse"))


class Parse(Suite):
    name = "parse"
    what = "one head of an HTTP/1 request"
    repetitions, quick_repetitions = 7, 3

    def cases(self, quick):
        return [Case.of("small", "ns", "a head of 49 bytes with one field; limit and httparse decide no framing and copy nothing"),
                Case.of("browser", "ns", "a head of 703 bytes with nine fields; limit and httparse decide no framing and copy nothing")]

    def builders(self):
        return {"gyre": gyre, "limit": limit, "beast": beast, "httparse": httparse}

    def measure(self, peer, program, case, run):
        return {case.name: median_round(program, case.name, COUNTS[case.name], run)}


SUITE = Parse()

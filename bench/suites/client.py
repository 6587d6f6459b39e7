"""HTTP clients, each a whole process from its start to its end, against the hand-written server on the other core.

20,000 times 13 bytes with 100 requests under way, and 200 times 10 MiB with 8."""

from dataclasses import replace

from harness.model import Case, Missing, Suite, Work
from harness.process import Cores, Server
from harness.tools import gyre_on, program, python_on_uvloop
from suites import http

SMALL = {"path": "/plaintext", "size": 13, "count": 20_000, "at_once": 100}
LARGE = {"path": "/files/10m", "size": 10 << 20, "count": 200, "at_once": 8}
CASES = {"small_20k": SMALL, "large_200x10m": LARGE}
CURL_BUFFERS = {"small_20k": "65536", "large_200x10m": "524288"}
"""What libcurl receives into, one for each request under way; the second is the most that it allows."""
PARTS = {("httpx", "small_20k"): (200, 1_400)}
"""Who would take the time of all others together is asked for so many and for so many, and the line through both goes on to the whole."""


def limit(tools):
    return program([tools.native("limit/client.cpp")], "by hand")


def curl(tools):
    tools.unpack("libcurl4-openssl-dev")
    built = tools.native("curl/client.c", libraries=["-l:libcurl.so.4"])
    return program([built], tools.unpacked_version("libcurl4-openssl-dev"))


def beast(tools):
    tools.unpack("libboost1.81-dev")
    return program([tools.native("beast/client.cpp")], "Boost " + tools.unpacked_version("libboost1.81-dev"))


def go(tools):
    return program([tools.go("client")], tools.go_version(), env={"GOMAXPROCS": "1"})


def undici(tools):
    return program([tools.node(), tools.sources / "node" / "client.mjs", tools.npm("undici@7.16.0")], "7.16.0")


def reqwest(tools):
    return program([tools.cargo("reqwest", "client")], tools.crate_version("reqwest", "reqwest"))


def hyper(tools):
    return program([tools.cargo("hyper", "client")], tools.crate_version("hyper", "hyper"))


class Client(Suite):
    name = "client"
    what = "an HTTP/1.1 client, the whole process"
    repetitions, quick_repetitions = 3, 1
    budget_s, quick_budget_s = 60.0, 10.0

    def cases(self, quick):
        return [Case(name, (Work(f"{name}_cpu", "s", f"processor time of the client for {case['count']:,} times {case['size']:,} bytes"),
                            Work(f"{name}_wall", "s", "the same, time on the wall")))
                for name, case in CASES.items()]

    def builders(self):
        peers = {"gyre": gyre_on("mixed", "gyre_client"), "limit": limit, "gyre_io_uring": gyre_on("io_uring", "gyre_client"),
                 "curl": curl, "beast": beast, "hyper": hyper, "reqwest": reqwest, "go": go, "undici": undici,
                 "aiohttp": python_on_uvloop("aiohttp", "client_aiohttp.py"), "httpx": python_on_uvloop("httpx", "client_httpx.py")}
        return {peer: lambda tools, build=build: self._with_server(tools, build) for peer, build in peers.items()}

    def _with_server(self, tools, build):
        self.server = http.limit_epoll(tools)
        return build(tools)

    def measure(self, peer, program, case, run):
        told = CASES[case.name]
        http.prepare(run.scratch)
        few, many = PARTS.get((peer, case.name), (None, told["count"]))
        more = (CURL_BUFFERS[case.name],) if peer == "curl" else ()
        cpu, wall = self._ask(program, told, many, run, *more)
        if few is not None:
            least_cpu, least_wall = self._ask(program, told, few, run)
            steps = (told["count"] - many) / (many - few)
            cpu, wall = cpu + steps * (cpu - least_cpu), wall + steps * (wall - least_wall)
        return {f"{case.name}_cpu": cpu, f"{case.name}_wall": wall}

    def _ask(self, program, told, count, run, *more):
        """Processor time and time on the wall of a client that asks so often."""
        # The client is what is measured, so the server has the core of the load.
        swapped = replace(run, cores=Cores(run.cores.load, run.cores.server))
        with Server(self.server, swapped, f"{run.scratch}/www") as server:
            output, used = run.usage(program, f"http://127.0.0.1:{server.port}{told['path']}", str(count), str(told["at_once"]), *more)
        if f'"bytes": {count * told["size"]}' not in output.replace('":', '": ').replace(":  ", ": "):
            raise Missing(f"did not receive {count * told['size']} bytes: {output.strip()[:100]}")
        return used.cpu_s, used.wall_s


SUITE = Client()

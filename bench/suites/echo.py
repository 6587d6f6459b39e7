"""A TCP echo server on one core, asked from another: what a request costs the server, and how many it answers.

The connections are kept, and each has one message under way. The load generator is a program by hand on epoll."""

from harness.loaded import AS_ASKED, LoadedSuite
from harness.model import Case, Work
from harness.process import Server
from harness.tools import gyre_on, program

CONNECTIONS = (1, 64, 1000)
SIZES = {"64B": 64, "4KiB": 4096, "64KiB": 65536}
QUICK = ("64x64B", "1000x64B", "64x64KiB")
SECONDS, QUICK_SECONDS = 1.0, 0.4

# Receive buffers of the limit on io_uring, of what size and how many. With 64 KiB messages, more of them than fit the cache
# cost more than they spare.
RING_BUFFERS = {"64B": ("4096", "4096"), "4KiB": ("65536", "2048"), "64KiB": ("65536", "64")}


def limit_epoll(tools):
    return program([tools.native("limit/echo_epoll.cpp")], "by hand")


def limit_io_uring(tools):
    return program([tools.native("limit/echo_io_uring.cpp", libraries=["-luring"])], "by hand")


def asio(tools):
    tools.unpack("libboost1.81-dev")
    return program([tools.native("asio/echo.cpp")], "Boost " + tools.unpacked_version("libboost1.81-dev"))


def libuv(tools):
    tools.unpack("libuv1-dev", "libuv1")
    return program([tools.native("libuv/echo.c", libraries=["-luv"])], tools.unpacked_version("libuv1"))


def libevent(tools):
    tools.unpack("libevent-dev", "libevent-core-2.1-7")
    return program([tools.native("libevent/echo.c", libraries=["-levent_core"])], tools.unpacked_version("libevent-core-2.1-7"))


def go(tools):
    return program([tools.go("echo")], tools.go_version(), env={"GOMAXPROCS": "1"})


def node(tools):
    return program([tools.node(), tools.sources / "node" / "echo.mjs"], tools.node_version())


def tokio(tools):
    return program([tools.cargo("tokio", "echo")], tools.crate_version("tokio", "tokio"))


def monoio(tools):
    return program([tools.cargo("monoio", "echo")], tools.crate_version("monoio", "monoio"))


def asyncio_like(name):
    def build(tools):
        package = None if name == "asyncio" else name
        return program([tools.python(package), tools.sources / "python" / "echo.py", name], tools.python_version(package))

    return build


def trio(tools):
    return program([tools.python("trio"), tools.sources / "python" / "echo_trio.py"], tools.python_version("trio"))


BUILDERS = {
    "gyre": gyre_on("mixed", "gyre_echo"), "limit_epoll": limit_epoll, "limit_io_uring": limit_io_uring,
    "gyre_io_uring": gyre_on("io_uring", "gyre_echo"), "asio": asio, "libuv": libuv, "libevent": libevent, "go": go, "node": node,
    "tokio": tokio, "monoio": monoio, "asyncio": asyncio_like("asyncio"),
    "uvloop": asyncio_like("uvloop"), "rloop": asyncio_like("rloop"), "trio": trio,
}


class Echo(LoadedSuite):
    name = "echo"
    what = "a TCP echo server; connections x bytes of a message"
    repetitions, quick_repetitions = 4, 3
    budget_s, quick_budget_s = 30.0, 5.0
    load_source = "load/echo.cpp"

    def cases(self, quick):
        names = [f"{connections}x{size}" for size in SIZES for connections in CONNECTIONS]
        return [Case(name, (Work(f"{name}_cpu", "us", "processor time of the server for each echo"),
                            Work(f"{name}_rate", "1/s", f"echoes; {AS_ASKED}", more_is_better=True, is_compared=False)))
                for name in (QUICK if quick else names)]

    def peers(self):
        return BUILDERS

    def measure(self, peer, program, case, run):
        connections, size = case.name.split("x")
        told = self.ask(program, run, connections, size, *(RING_BUFFERS[size] if peer == "limit_io_uring" else ()))
        return {f"{case.name}_cpu": told["cpu_us"], f"{case.name}_rate": told["rate"]}

    def ask(self, program, run, connections, size, *arguments):
        """What the load generator says of a server with so many connections."""
        with Server(program, run, *arguments) as server:
            return self.under_load(server, run, connections, SIZES[size], QUICK_SECONDS if run.quick else SECONDS)


SUITE = Echo()

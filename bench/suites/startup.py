"""Hello world: how long it takes, what it occupies, how large it is, how long a compiler needs for it."""

import json
import os
import shutil
import statistics
from dataclasses import replace
from pathlib import Path

from harness.model import Case, Missing, Suite, Work
from harness.tools import CC, CXX, program

HELLO = Case("hello", (Work("time", "ms", "hello world with a loop, from its start to its end; a millisecond of it is slept"),
                       Work("max_rss", "KiB", "the most memory that hello world occupied")))
SIZE = Case.of("size", "KiB", "the program on the disk, without debug information; shared system libraries are not in it")
COMPILE = Case.of("compile", "s", "processor time to compile and link hello world, optimised; the library is built already")
FIRST_EXAMPLE = Case.of("compile_01_hello", "s", "processor time to compile tests/acceptance/01_hello.cpp, which includes all of gyre, with clang-19 -O2")

# The profile of Cargo for the time that a compiler takes: what a release build is by itself, without optimisation of the whole program.
PLAIN = "plain"
INTERPRETED = {"size": "is a text that the interpreter reads", "compile": "is compiled as it runs", "compile_01_hello": "is gyre's own"}
OWN = {"compile_01_hello": "is gyre's own"}


class Startup(Suite):
    name = "startup"
    what = "hello world: time, memory, size, compilation"
    repetitions, quick_repetitions = 5, 2
    runs, quick_runs = 20, 5

    def __init__(self):
        self._tools = None
        self._turn = 0

    def cases(self, quick):
        return [HELLO, SIZE, COMPILE, FIRST_EXAMPLE]

    def builders(self):
        return {"gyre": self.gyre, "limit": self.limit, "asio": self.asio, "tokio": self.tokio, "go": self.go, "node": self.node,
                "asyncio": self.asyncio}

    def gyre(self, tools):
        self._tools = tools
        return program([tools.gyre("gyre_hello")], tools.gyre_version())

    def limit(self, tools):
        return program([tools.native("limit/hello.c")], "by hand", lacks=OWN)

    def asio(self, tools):
        tools.unpack("libboost1.81-dev")
        return program([tools.native("asio/hello.cpp")], "Boost " + tools.unpacked_version("libboost1.81-dev"), lacks=OWN)

    def tokio(self, tools):
        tools.cargo("tokio", "hello", PLAIN)  # the library, whose compilation must not count
        return program([tools.cargo("tokio", "hello")], tools.crate_version("tokio", "tokio"), lacks=OWN)

    def go(self, tools):
        return program([tools.go("hello")], tools.go_version(), lacks=OWN)

    def node(self, tools):
        return program([tools.node(), tools.sources / "node" / "hello.mjs"], tools.node_version(), lacks=INTERPRETED)

    def asyncio(self, tools):
        return program([tools.python(), tools.sources / "python" / "hello.py"], tools.python_version(), lacks=INTERPRETED)

    def measure(self, peer, program, case, run):
        if case is HELLO:
            return self._hello(program, run)
        if case is SIZE:
            return {"size": stripped_size(Path(program.argv[0]), Path(run.scratch), run) / 1024}
        self._turn += 1
        return {case.name: self._compilation(peer, case, run)}

    def _hello(self, program, run):
        launched = replace(program, argv=(str(self._tools.native("common/launch.c")), *program.argv))
        used = []
        for _ in range(self.quick_runs if run.quick else self.runs):
            output, _ = run.usage(launched)
            said, _, usage = output.rstrip("\n").rpartition("\n")
            if said != "hello":
                raise Missing(f"said {said!r} in place of hello")
            used.append(json.loads(usage))
        return {"time": statistics.median(each["wall_s"] for each in used) * 1e3,
                "max_rss": statistics.median(each["max_rss_bytes"] for each in used) / 1024}

    def _compilation(self, peer, case, run):
        """Processor time of one build. No cache may answer: the source is changed where the tool would keep what it made."""
        tools, scratch = self._tools, Path(run.scratch)
        cxx = [CXX, "-std=c++20", "-O2", "-DNDEBUG", f"-I{tools.root / 'include'}"]
        if case is FIRST_EXAMPLE:
            command = [*cxx, "-c", str(tools.root / "tests" / "acceptance" / "01_hello.cpp"), "-o", str(scratch / "01_hello.o")]
        elif peer == "gyre":
            # All that CMake links with, from its own record of the link.
            libraries = link_line(tools.root / "build" / "release", "bench_gyre_hello")
            command = [*cxx, "-pthread", str(tools.root / "bench" / "gyre" / "hello.cpp"), "-o", str(scratch / "hello"), *libraries]
        elif peer == "limit":
            command = [CC, "-std=gnu17", "-O2", str(tools.sources / "limit" / "hello.c"), "-o", str(scratch / "hello")]
        elif peer == "asio":
            command = [CXX, "-std=c++20", "-O2", "-DNDEBUG", "-pthread", f"-isystem{tools.debian}/usr/include",
                       str(tools.sources / "asio" / "hello.cpp"), "-o", str(scratch / "hello")]
        elif peer == "tokio":
            os.utime(tools.sources / "tokio" / "src" / "bin" / "hello.rs")
            command = tools.cargo_command("tokio", "hello", PLAIN)
        else:
            command = self._go_copy(scratch)
        _, usage = run.usage(program(command, ""), cores=run.cores.both)
        return usage.cpu_s

    def _go_copy(self, scratch):
        copy = scratch / "go_hello"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self._tools.sources / "go" / "hello", copy)
        with (copy / "main.go").open("a") as file:
            file.write(f"\n// {os.getpid()} {self._turn}\n")
        return [self._tools.command("go", "golang-go"), "build", "-o", str(scratch / "hello"), str(copy / "main.go")]


def stripped_size(file, scratch, run):
    copy = scratch / "stripped"
    run.usage(program(["strip", "-o", copy, file], ""))
    return copy.stat().st_size


def link_line(build, target):
    """The libraries of a CMake target, as Ninja's file has them, with full paths."""
    lines = iter((build / "build.ninja").read_text().splitlines())
    for line in lines:
        if line.startswith("build ") and f"CMakeFiles/{target}.dir/" in line and "EXECUTABLE_LINKER" in line:
            break
    else:
        raise Missing(f"CMake knows no target {target}")
    for line in lines:
        name, _, value = line.strip().partition(" = ")
        if name == "LINK_LIBRARIES":
            return [str(build / word) if (build / word).is_file() else word for word in value.split()]
        if not line.startswith(" "):
            break
    raise Missing(f"{target} is linked with nothing")


SUITE = Startup()

"""Files in the page cache. Each program does `WORK COUNT SECONDS PATH`; time on the wall, two cores for all."""

import os
from pathlib import Path

from harness.model import Case, Suite
from harness.rounds import median_round
from harness.tools import gyre_on, program

LARGE_SIZE = 256 << 20
SMALL_FILES = 10_000
SMALL_SIZE = 1024
COUNTS = {"random_4k": 20_000, "sequential_1m": 1, "small_files": 5_000}


def make_files(folder):
    """The large file and, beside it, the small ones; those of an earlier run are good."""
    large = Path(folder) / "files"
    if not large.exists() or large.stat().st_size != LARGE_SIZE:
        part = large.with_suffix(".part")
        with part.open("wb") as file:
            for _ in range(LARGE_SIZE >> 20):
                file.write(os.urandom(1 << 20))
        part.rename(large)
    small = Path(folder) / "files.d"
    small.mkdir(exist_ok=True)
    for i in range(SMALL_FILES):
        file = small / str(i)
        if not file.exists() or file.stat().st_size != SMALL_SIZE:
            file.write_bytes(os.urandom(SMALL_SIZE))
    return large


def warm(large):
    """Into the page cache, which is what this suite measures."""
    with large.open("rb") as file:
        while file.read(1 << 20):
            pass


def limit_io_uring(tools):
    return program([tools.native("limit/files_io_uring.cpp", libraries=["-luring"])], "by hand")


def limit_pread(tools):
    return program([tools.native("limit/files_pread.cpp")], "by hand")


def go(tools):
    return program([tools.go("files")], tools.go_version())


def libuv(tools):
    tools.unpack("libuv1-dev", "libuv1")
    # As many threads as there are cores for all; its default is four.
    return program([tools.native("libuv/files.cpp", libraries=["-luv"])], tools.unpacked_version("libuv1-dev"), env={"UV_THREADPOOL_SIZE": "2"})


def tokio(tools):
    return program([tools.cargo("tokio", "files")], tools.crate_version("tokio", "tokio"))


def aiofiles(tools):
    return program([tools.python("aiofiles"), tools.sources / "python" / "files.py"], tools.python_version("aiofiles"))


gyre = gyre_on("mixed", "gyre_files")


class Files(Suite):
    name = "files"
    what = "files in the page cache"
    repetitions, quick_repetitions = 5, 2
    _large = None

    def cases(self, quick):
        return [Case.of("random_4k", "us", "read 4 KiB somewhere in a file of 256 MiB, 64 at a time, each"),
                Case.of("sequential_1m", "GB/s", "read a file of 256 MiB in pieces of 1 MiB", more_is_better=True),
                Case.of("small_files", "us", "open, read and close a file of 1 KiB, 64 at a time, each")]

    def builders(self):
        return {"gyre": gyre, "limit_io_uring": limit_io_uring, "limit_pread": limit_pread,
                "gyre_io_uring": gyre_on("io_uring", "gyre_files"), "tokio": tokio, "go": go, "libuv": libuv,
                "aiofiles": aiofiles}

    def measure(self, peer, program, case, run):
        if self._large is None:
            self._large = make_files(run.scratch)
        warm(self._large)
        return {case.name: median_round(program, case.name, COUNTS[case.name], run, str(self._large), cores=run.cores.both)}


SUITE = Files()

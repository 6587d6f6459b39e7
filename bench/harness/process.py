"""Runs programs: on chosen cores, with a limit of time, reading what they print; and servers that are asked by others."""

import json
import os
import subprocess
import threading
import time
from dataclasses import dataclass, field

from harness.model import Missing, Program
from harness.pace import Pace


@dataclass(frozen=True)
class Cores:
    """Which cores do what. With one core everything shares it, and the conditions say so."""

    server: frozenset[int]
    load: frozenset[int]

    @property
    def both(self) -> frozenset[int]:
        return self.server | self.load

    @staticmethod
    def of_machine() -> "Cores":
        usable = sorted(os.sched_getaffinity(0))
        if len(usable) == 1:
            return Cores(frozenset(usable), frozenset(usable))
        return Cores(frozenset(usable[:1]), frozenset(usable[1:2]))


@dataclass(frozen=True)
class Usage:
    """What a program used from its start to its end."""

    wall_s: float
    cpu_s: float
    max_rss_bytes: int


@dataclass(frozen=True)
class Run:
    """What a suite needs to know about the run that it is part of."""

    cores: Cores
    quick: bool
    scratch: str
    """A folder for files of the measurements, on the disk of the build folder."""
    pace: Pace = field(default_factory=Pace)

    def lines(self, program: Program, *arguments: str, cores: frozenset[int] | None = None, timeout_s: float = 180.0) -> list[dict]:
        """Runs a program to its end; the JSON lines that it printed. By default on the server's core alone."""
        output, _ = self.usage(program, *arguments, cores=cores, timeout_s=timeout_s)
        return [json.loads(line) for line in output.splitlines() if line.startswith("{")]

    def usage(self, program: Program, *arguments: str, cores: frozenset[int] | None = None,
              timeout_s: float = 180.0) -> tuple[str, Usage]:
        """Runs a program to its end; its output, and what the kernel says it used."""
        began = time.perf_counter()
        process = start(program, *arguments, cores=cores or self.cores.server)
        overdue = threading.Timer(timeout_s, process.kill)
        overdue.start()
        errors: list[str] = []

        def read_errors() -> None:
            with process.stderr:
                errors.append(process.stderr.read())

        reader = threading.Thread(target=read_errors)
        reader.start()
        try:
            output = process.stdout.read()
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            # Who interrupts a run wants nothing of it to go on.
            end(process)
            raise
        finally:
            overdue.cancel()
        wall = time.perf_counter() - began
        reader.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        if process.returncode != 0:
            raise Missing(ended_badly(process.returncode, wall >= timeout_s, timeout_s, "".join(errors)))
        return output, Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def ended_badly(code: int, late: bool, timeout_s: float, errors: str) -> str:
    """Why a program's run counts as failed, in one line."""
    if late:
        return f"did not end within {timeout_s:.0f} s"
    said = [line.strip() for line in errors.splitlines() if line.strip()]
    how = f"ended by signal {-code}" if code < 0 else f"exited with {code}"
    return how + (f": {said[-1][:300]}" if said else "")


def start(program: Program, *arguments: str, cores: frozenset[int]) -> subprocess.Popen:
    """Starts a program on these cores; it inherits nothing but the environment."""
    return subprocess.Popen([*program.argv, *arguments], env={**os.environ, **program.env}, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            preexec_fn=lambda: os.sched_setaffinity(0, cores))


def end(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()
    process.stdout.close()


class Server:
    """A peer's server while it is under load: `with Server(program, run, "ARGUMENT") as server: ... server.port`.

    The program listens on 127.0.0.1, and prints the port on a line of its own when it is ready. It is ended with SIGTERM."""

    def __init__(self, program: Program, run: Run, *arguments: str, timeout_s: float = 20.0):
        self._process = start(program, *arguments, cores=run.cores.server)
        self._errors: list[str] = []
        self._readers = [threading.Thread(target=lambda: self._errors.extend(self._process.stderr), daemon=True)]
        self._readers[0].start()
        late = threading.Timer(timeout_s, self._process.kill)
        late.start()
        try:
            self.port = self._first_number()
        except BaseException:
            end(self._process)
            raise
        finally:
            late.cancel()
        if self.port is None:
            self._process.kill()
            code = self._process.wait()
            self._hang_up()
            raise Missing("the server did not say its port; it " + ended_badly(code, False, timeout_s, "".join(self._errors)))
        self._readers.append(threading.Thread(target=self._process.stdout.read, daemon=True))
        self._readers[1].start()

    def _hang_up(self) -> None:
        """After the end of the process: what it printed is read, its pipes are closed."""
        for reader in self._readers:
            reader.join(1)
        self._process.stdout.close()
        self._process.stderr.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def cpu_s(self) -> float:
        """The processor time of all threads of the server and of its children, so far."""
        return sum(cpu_of(pid) for pid in family(self.pid))

    def rss_bytes(self) -> int:
        return sum(rss_of(pid) for pid in family(self.pid))

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            for pid in family(self.pid):
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    pass
            self._process.wait()
        self._hang_up()

    def _first_number(self) -> int | None:
        for line in self._process.stdout:
            if line.strip().isdigit():
                return int(line)
        return None


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for each in found:
        try:
            for thread in os.listdir(f"/proc/{each}/task"):
                with open(f"/proc/{each}/task/{thread}/children") as children:
                    found.extend(int(child) for child in children.read().split())
        except OSError:
            continue
    return found


def cpu_of(pid: int) -> float:
    """Nanosecond-exact processor time of the threads that a process has now; what ended threads used is not in it."""
    total = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat") as stat:
                total += int(stat.read().split()[0])
    except OSError:
        pass
    return total / 1e9


def rss_of(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0

"""What seeing inside costs a server: processor time of a request, beside a build that keeps neither marks nor clocks.

Each sample is two runs, of the build without and of what is measured, one right after the other, and the ratio of the two: some
percent are less than what a machine changes by in a minute. `gyre_without` is that build beside itself: how far two equal
programs are apart here."""

import collections

from harness.loaded import LoadedSuite
from harness.model import Case
from harness.process import Server
from harness.tools import program
from suites import http

ASK = http.ASKS["plaintext"]
TARGET = "gyre_http"
WITHOUT = "no-marks"
SECONDS, QUICK_SECONDS = 1.0, 0.5


class Seeing(LoadedSuite):
    name = "seeing"
    what = "what seeing inside costs an HTTP server"
    repetitions, quick_repetitions = 12, 3
    load_source, load_libraries = http.Http.load_source, http.Http.load_libraries

    def __init__(self):
        self._turns = collections.Counter()

    def cases(self, quick):
        return [Case.of("request_cpu", "times", f"processor time of the server for a request, beside a build without marks and clocks: {ASK.what}")]

    def peers(self):
        return {"gyre": self._way(), "gyre_watched": self._way(observe="stall=25ms"), "gyre_recording": self._way(observe="record"),
                "gyre_without": self._way(WITHOUT)}

    def _way(self, preset="release", observe=""):
        def build(tools):
            self._without = self._program(tools, WITHOUT)
            return self._program(tools, preset, observe)
        return build

    @staticmethod
    def _program(tools, preset, observe=""):
        return program([tools.gyre(TARGET, preset)], tools.gyre_version(), env={"GYRE_BACKEND": "mixed", "GYRE_OBSERVE": observe})

    def measure(self, peer, program, case, run):
        self._turns[peer] += 1
        # Who is first changes: a machine that gets slower favours neither.
        if self._turns[peer] % 2:
            without = self._request_cpu(self._without, run)
            own = self._request_cpu(program, run)
        else:
            own = self._request_cpu(program, run)
            without = self._request_cpu(self._without, run)
        return {case.name: own / without}

    def _request_cpu(self, program, run):
        http.prepare(run.scratch)
        with Server(program, run, f"{run.scratch}/www") as server:
            http.check(server.port, ASK)
            told = self.under_load(server, run, ASK.path, ASK.connections, ASK.pipelined, QUICK_SECONDS if run.quick else SECONDS, ASK.mode)
        return told["cpu_us"]


SUITE = Seeing()

"""Suites of servers under load: a load generator by hand on one core asks a peer's server on another."""

import functools

from harness.model import Missing, Program, Suite
from harness.process import Run, Server, family
from harness.tools import Toolbox, program

AS_ASKED = ("not compared: of a full core it is the inverse of the processor time, and lost or won with it; of another the load generator and the way "
            "to it decide")


class LoadedSuite(Suite):
    """A suite with a load generator, which is built before the first peer."""

    load_source: str
    load_libraries: tuple[str, ...] = ()
    load: Program

    def peers(self) -> dict:
        """As `builders` of other suites."""
        raise NotImplementedError

    def builders(self) -> dict:
        return {peer: functools.partial(self._build, builder) for peer, builder in self.peers().items()}

    def _build(self, builder, tools: Toolbox) -> Program:
        self.load = program([tools.native(self.load_source, libraries=self.load_libraries)], "by hand")
        return builder(tools)

    def under_load(self, server: Server, run: Run, *arguments: object) -> dict[str, float]:
        """What the load generator says, called with the port, these arguments and the ids of the server's processes."""
        processes = ",".join(map(str, family(server.pid)))
        told = run.lines(self.load, str(server.port), *map(str, arguments), processes, cores=run.cores.load)
        if not told or not told[-1].get("requests"):
            raise Missing("the server answered no request")
        return told[-1]

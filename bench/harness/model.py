"""The words of the harness: a suite has cases; in each case every peer does the same work; a run of one peer gives samples."""

from dataclasses import dataclass, field
from typing import Callable

GYRE = "gyre"
LAYERS = (GYRE, "gyre_app")
"""gyre, and another layer of it whose wins and losses are told beside."""


class Missing(Exception):
    """A peer, or one of its works, that cannot be measured here. The text is the reason, and goes into the results."""


@dataclass(frozen=True)
class Work:
    """One row of the results: what is measured, in what unit, and which direction is better."""

    name: str
    unit: str
    what: str
    more_is_better: bool = False
    is_compared: bool = True
    """False: told for the record; what bounds it is not the peer alone, and so it is neither won nor lost."""


@dataclass(frozen=True)
class Case:
    """One thing to run; it gives a value for each of its works. Often a case is one work, and has its name."""

    name: str
    works: tuple[Work, ...]

    @staticmethod
    def of(name: str, unit: str, what: str, more_is_better: bool = False) -> "Case":
        return Case(name, (Work(name, unit, what, more_is_better),))


@dataclass(frozen=True)
class Program:
    """What a builder gives: a peer's program, ready to be run."""

    argv: tuple[str, ...]
    version: str
    env: dict[str, str] = field(default_factory=dict)
    lacks: dict[str, str] = field(default_factory=dict)
    """Cases for which this peer has no equal, each with the reason; `*` stands for all that `only` does not name."""
    only: tuple[str, ...] = ()
    """When not empty: the only cases that this program has."""

    def reason_without(self, case: str) -> str | None:
        """Why this program cannot do the case; None when it can."""
        if case in self.lacks:
            return self.lacks[case]
        if self.only and case not in self.only:
            return self.lacks.get("*", "has no equal of it")
        return None


class Suite:
    """A folder of cases. Subclasses give `name`, `what`, `cases`, `builders` and `measure`."""

    name: str
    what: str
    repetitions = 5
    quick_repetitions = 2
    budget_s = 60.0
    """A peer that has spent this long on one case is not repeated again (its `n` tells); at least one sample is taken."""
    quick_budget_s = 10.0

    def cases(self, quick: bool) -> list[Case]:
        raise NotImplementedError

    def builders(self) -> dict[str, Callable[["harness.tools.Toolbox"], Program]]:
        """For each peer, in the order of the interleaving, what builds its program; a builder raises `Missing`.

        A peer whose name is `limit` or begins with `limit_` is the hand-written limit, no framework."""
        raise NotImplementedError

    def measure(self, peer: str, program: Program, case: Case, run: "harness.process.Run") -> dict[str, float]:
        """Runs one case of one peer once; a value for each work's name. Raises `Missing` when it cannot."""
        raise NotImplementedError


@dataclass
class Result:
    """The samples of one work of one peer."""

    suite: str
    work: Work
    peer: str
    version: str
    samples: list[float]


@dataclass(frozen=True)
class Absent:
    """Something that was not measured, and why. Without a work: the whole peer in this suite."""

    suite: str
    peer: str
    work: str | None
    reason: str


def is_limit(peer: str) -> bool:
    return peer == "limit" or peer.startswith("limit_")


def is_own(peer: str) -> bool:
    """gyre itself, or gyre in another setting: `gyre_io_uring`."""
    return peer == GYRE or peer.startswith(GYRE + "_")

"""Programs that measure themselves: `WORK COUNT SECONDS` makes them do rounds of COUNT things, and print a line for each round."""

import statistics

from harness.model import Missing, Program
from harness.process import Run

SECONDS, QUICK_SECONDS = 1.0, 0.1


def round_values(program: Program, work: str, count: int, run: Run, *arguments: str, cores: frozenset[int] | None = None,
                 seconds: float = SECONDS) -> list[float]:
    """The figures of the rounds of one process, which last `seconds`, or less in a quick run; at least one round."""
    lines = run.lines(program, work, str(count), str(QUICK_SECONDS if run.quick else seconds), *arguments, cores=cores)
    values = [line["value"] for line in lines if line["work"] == work]
    if not values:
        raise Missing("printed no figure")
    return values


def median_round(program: Program, work: str, count: int, run: Run, *arguments: str, cores: frozenset[int] | None = None) -> float:
    """The median of the rounds of one process: one sample."""
    return statistics.median(round_values(program, work, count, run, *arguments, cores=cores))

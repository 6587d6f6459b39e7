"""The results as JSON, and what follows from them: ratios, wins and losses."""

import json
from dataclasses import dataclass
from pathlib import Path

from harness.measure import Outcome
from harness.model import GYRE, LAYERS, Result, Work, is_limit, is_own
from harness.stats import advantage, number, summary


def as_json(outcome: Outcome, conditions: dict) -> dict:
    rows = []
    for result in outcome.results:
        rows.append({"suite": result.suite, "work": result.work.name, "peer": result.peer, "version": result.version,
                     "unit": result.work.unit, **summary(result.samples)})
    missing = [{"suite": each.suite, "peer": each.peer, "work": each.work, "reason": each.reason} for each in outcome.absent]
    return {"conditions": conditions, "results": rows, "missing": missing}


def write(path: Path, document: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


@dataclass(frozen=True)
class Line:
    """A peer in a row of the table: its figures, and how many times better gyre is (below 1: how much worse)."""

    peer: str
    version: str
    median: float
    least: float
    greatest: float
    n: int
    gyre_is_better: float | None


@dataclass(frozen=True)
class Row:
    """A work with all that did it, best first."""

    suite: str
    work: Work
    lines: tuple[Line, ...]

    def line(self, peer: str) -> Line | None:
        return next((line for line in self.lines if line.peer == peer), None)

    @property
    def frameworks(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if not is_own(line.peer) and not is_limit(line.peer))

    @property
    def limit(self) -> Line | None:
        """The best of the hand-written ones."""
        return next((line for line in self.lines if is_limit(line.peer)), None)

    @property
    def lost_to(self) -> tuple[Line, ...]:
        """The frameworks that were better than gyre."""
        return tuple(line for line in self.frameworks if line.gyre_is_better is not None and line.gyre_is_better < 1)

    def losses(self, layer: str = GYRE) -> list[str]:
        """Who was how many times better than gyre, or than another layer of it; what the samples leave open is said."""
        return self.behind(layer) if self.work.is_compared else []

    def behind(self, layer: str = GYRE) -> list[str]:
        """The same, also where it is no loss."""
        own = self.line(layer)
        told = []
        for line in self.frameworks if own else ():
            better = advantage(own.median, line.median, self.work.more_is_better)
            if better is not None and better < 1:
                told.append(f"{line.peer} is {number(1 / better)}x better{OVERLAP if overlap(own, line) else ''}")
        return told


OVERLAP = " (the spreads overlap)"
BOTH_SIDES = " (the samples lie on both sides)"


def overlap(own: Line, other: Line, factor: float = 1.0) -> bool:
    """Whether some sample of one lies within those of the other, which is taken so many times."""
    return own.least <= other.greatest * factor and other.least * factor <= own.greatest


def losses(all_rows: list[Row]) -> list[tuple[Row, str, list[str]]]:
    """Each work that gyre or another layer of it lost, with the name of the layer if it is not gyre, and to whom."""
    return [(row, "" if layer == GYRE else layer, told) for row in all_rows for layer in LAYERS if (told := row.losses(layer))]


NOT_COMPARED = "Told and not compared, where others have the better figure"


def not_compared(all_rows: list[Row]) -> list[tuple[Row, str, list[str]]]:
    """The same of works that are neither won nor lost. Exponents say nothing of who is faster: the goals have them."""
    return [(row, "" if layer == GYRE else layer, told) for row in all_rows if not row.work.is_compared and row.work.unit != "exponent"
            for layer in LAYERS if (told := row.behind(layer))]


FULL = 0.95
"""The part of a core's time from which on the core counts as full."""


def with_full_core(row: Row, all_rows: list[Row]) -> list[str] | None:
    """Of a rate: whose server had no processor time left, so that the rate says what the row of processor time says.
    None for rows that are no rates of a server."""
    if not row.work.name.endswith("_rate"):
        return None
    cpu = next((each for each in all_rows if each.suite == row.suite and each.work.name == row.work.name.removesuffix("_rate") + "_cpu"), None)
    if cpu is None:
        return None
    return [line.peer for line in row.lines if (other := cpu.line(line.peer)) and line.median * other.median / 1e6 >= FULL]


def told_core(row: Row, all_rows: list[Row]) -> str:
    """A sentence about the core of a rate; empty for other rows."""
    full = with_full_core(row, all_rows)
    if full is None:
        return ""
    if not full:
        return "no server's core was full"
    return "the server's core was full with all" if len(full) == len(row.lines) else "the server's core was full with " + ", ".join(full)


def rows(results: list[Result]) -> list[Row]:
    """In the order in which they were measured; in each the best peer first."""
    grouped: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        grouped.setdefault((result.suite, result.work.name), []).append(result)
    return [row_of(group) for group in grouped.values()]


def row_of(group: list[Result]) -> Row:
    work = group[0].work
    own = next((summary(result.samples)["median"] for result in group if result.peer == GYRE), None)
    lines = []
    for result in group:
        told = summary(result.samples)
        has_ratio = own is not None and result.peer != GYRE and work.is_compared
        ratio = advantage(own, told["median"], work.more_is_better) if has_ratio else None
        lines.append(Line(result.peer, result.version, told["median"], told["min"], told["max"], int(told["n"]), ratio))
    lines.sort(key=lambda line: line.median, reverse=work.more_is_better)
    return Row(group[0].suite, work, tuple(lines))

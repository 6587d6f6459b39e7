"""One run: builds what a suite needs, measures peers in turn, and keeps what came out and what did not."""

import math
import sys
import time
from dataclasses import dataclass, field
from typing import Iterable

from harness.model import Absent, Case, Missing, Program, Result, Suite, is_limit, is_own
from harness.process import Run
from harness.stats import interleaved
from harness.tools import Toolbox


@dataclass
class Outcome:
    results: list[Result] = field(default_factory=list)
    absent: list[Absent] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        self.results += other.results
        self.absent += other.absent


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def reason(why: Exception) -> str:
    """What of one peer goes wrong in a way that nobody thought of is its reason too: the figures of the others are kept."""
    return str(why) if isinstance(why, Missing) else f"{type(why).__name__}: {why}"


def wanted(peer: str, chosen: Iterable[str] | None) -> bool:
    """gyre and the limits are always measured: without them no ratio can be told."""
    return chosen is None or is_own(peer) or is_limit(peer) or peer in chosen


def build(suite: Suite, tools: Toolbox, chosen: Iterable[str] | None) -> tuple[dict[str, Program], list[Absent]]:
    programs: dict[str, Program] = {}
    absent: list[Absent] = []
    for peer, builder in suite.builders().items():
        if not wanted(peer, chosen):
            continue
        try:
            programs[peer] = builder(tools)
        except Exception as why:
            say(f"    {peer} is missing: {reason(why)}")
            absent.append(Absent(suite.name, peer, None, reason(why)))
    return programs, absent


def measure_case(suite: Suite, case: Case, programs: dict[str, Program], run: Run) -> Outcome:
    """All repetitions of one case: A B C A B C."""
    outcome = Outcome()
    samples: dict[str, dict[str, list[float]]] = {}
    spent: dict[str, float] = {}
    for peer, program in programs.items():
        lacks = program.reason_without(case.name)
        if lacks is None:
            samples[peer] = {work.name: [] for work in case.works}
            spent[peer] = 0.0
        else:
            outcome.absent += [Absent(suite.name, peer, work.name, lacks) for work in case.works]
    repetitions, budget = (suite.quick_repetitions, suite.quick_budget_s) if run.quick else (suite.repetitions, suite.budget_s)
    failed: dict[str, str] = {}
    for _, peer in interleaved(list(samples), repetitions):
        if peer in failed or spent[peer] > budget or (spent[peer] > 0 and run.pace.is_over):
            continue
        began = time.perf_counter()
        try:
            for name, value in suite.measure(peer, programs[peer], case, run).items():
                if not math.isfinite(value):
                    raise Missing(f"gave {value} as a figure")
                samples[peer][name].append(value)
        except Exception as why:
            failed[peer] = reason(why)
            say(f"    {peer} failed in {case.name}: {failed[peer]}")
        taken = time.perf_counter() - began
        spent[peer] += taken
        run.pace.add(taken)
    for peer, by_work in samples.items():
        for work in case.works:
            if peer in failed:
                # A figure of a peer that fails now and then would hide that it does.
                outcome.absent.append(Absent(suite.name, peer, work.name, failed[peer]))
            elif by_work[work.name]:
                outcome.results.append(Result(suite.name, work, peer, programs[peer].version, by_work[work.name]))
            else:
                outcome.absent.append(Absent(suite.name, peer, work.name, "gave no value"))
    return outcome


def measure(suite: Suite, tools: Toolbox, run: Run, chosen: Iterable[str] | None, outcome: Outcome) -> None:
    """Adds case by case: who interrupts a run keeps what was measured until then."""
    say(f"==> {suite.name}: building the programs")
    programs, absent = build(suite, tools, chosen)
    outcome.add(Outcome(absent=absent))
    for case in suite.cases(run.quick):
        began = time.perf_counter()
        outcome.add(measure_case(suite, case, programs, run))
        say(f"    {suite.name} {case.name}: {time.perf_counter() - began:.1f} s")

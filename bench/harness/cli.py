"""The command line of `./dev bench`."""

import argparse
import time
from pathlib import Path

from harness import machine, report, results, suites, table
from harness.measure import Outcome, measure, say
from harness.pace import Pace
from harness.process import Cores, Run
from harness.tools import Toolbox

ROOT = Path(__file__).resolve().parents[2]


def arguments(argv: list[str], names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description="Holds gyre against its peers, side by side, losses included.")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(names)}; without: all of them")
    parser.add_argument("--peers", metavar="A,B", help="only these, beside gyre and the limits")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: at most 15 minutes on two cores")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the results there")
    parser.add_argument("--report", metavar="DIR", type=Path, help="write a page with charts there: index.html, results.json, and report.md with charts/ for a manual")
    parser.add_argument("--list", action="store_true", help="name suites, cases and peers; measure nothing")
    chosen = parser.parse_args(argv)
    unknown = [name for name in chosen.suites if name not in names]
    if unknown:
        parser.error(f"no suite is called {', '.join(unknown)}; there are {', '.join(names)}")
    return chosen


def list_all(known: dict) -> None:
    for suite in known.values():
        print(f"{suite.name}: {suite.what}")
        print(f"    cases: {', '.join(case.name for case in suite.cases(quick=False))}")
        print(f"    peers: {', '.join(suite.builders())}")


def main(argv: list[str]) -> int:
    known = suites.find()
    chosen = arguments(argv, list(known))
    if chosen.list:
        list_all(known)
        return 0
    peers = set(filter(None, chosen.peers.split(","))) if chosen.peers else None
    picked = [known[name] for name in (chosen.suites or known)]
    if peers is not None:
        strangers = peers - {peer for suite in picked for peer in suite.builders()}
        if strangers:
            say(f"bench: no suite here knows {', '.join(sorted(strangers))}")
            return 2
    tools = Toolbox(ROOT)
    cores = Cores.of_machine()
    scratch = tools.folder / "scratch"
    scratch.mkdir(exist_ok=True)
    run = Run(cores, chosen.quick, str(scratch), Pace.of_run(chosen.quick))
    began = time.monotonic()
    told = machine.conditions(ROOT, cores, chosen.quick)
    outcome = Outcome()
    try:
        for suite in picked:
            measure(suite, tools, run, peers, outcome)
    except KeyboardInterrupt:
        # What was measured until then is worth having.
        say("bench: interrupted; this is what there is")
        told["interrupted"] = True
    if run.pace.is_over:
        told["hurried"] = "the time for a run was over before its end: what came last was measured once"
        say(f"bench: {told['hurried']}")
    told.update(load_after=machine.load(), seconds=round(time.monotonic() - began), flags=machine.flags(ROOT))
    document = results.as_json(outcome, told)
    print(table.text(outcome))
    if chosen.json:
        results.write(chosen.json, document)
    if chosen.report:
        report.write(chosen.report, outcome, document)
        say(f"==> the report is {chosen.report / 'index.html'}")
    return 0 if outcome.results else 1

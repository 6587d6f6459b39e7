#!/usr/bin/env python3
"""What bench/harness promises: its arithmetic, its turns, its JSON, and that nothing goes missing in silence."""

import json
import os
import re
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tools")]
sys.dont_write_bytecode = True

import count_instructions  # noqa: E402
from harness import charts, cli, goals, machine, manual, report, results, stats, suites, table  # noqa: E402
from harness.measure import Outcome, build, measure_case  # noqa: E402
from harness.model import Absent, Case, Missing, Program, Result, Suite, Work, is_limit, is_own  # noqa: E402
from harness.pace import Pace  # noqa: E402
from harness.process import Cores, Run, Server  # noqa: E402
from harness.tools import digest  # noqa: E402
from suites import growth as suites_growth, http as suites_http, micro as suites_micro  # noqa: E402
from suites.seeing import Seeing  # noqa: E402

NANOSECONDS = Work("lock", "ns", "take a lock")
RATE = Work("rate", "1/s", "requests", more_is_better=True)


def a_run(quick=False):
    return Run(Cores.of_machine(), quick, tempfile.gettempdir())


def python(code):
    return Program((sys.executable, "-c", code), "1")


def result(work, peer, *samples):
    return Result("micro", work, peer, "1.0", list(samples))


class PretendedTools:
    """Has everything already: a path or a text for whatever it is asked."""

    def __getattr__(self, name):
        if name in ("root", "sources", "folder", "debian", "library_folder"):
            return Path("/nowhere")
        texts = name.endswith("version") or name in ("command", "node")
        return lambda *arguments, **more: "1.0 (text)" if texts else Path("/nowhere")


class ASuite(Suite):
    """Peers whose figures are in a list; remembers in which order it was asked."""

    name = "a"
    what = "for the tests"
    repetitions, quick_repetitions = 3, 2

    def __init__(self, **figures):
        self.figures = figures
        self.asked = []

    def cases(self, quick):
        return [Case("lock", (NANOSECONDS,))]

    def builders(self):
        return {peer: (lambda tools: Program(("true",), "1")) for peer in self.figures}

    def measure(self, peer, program, case, run):
        self.asked.append(peer)
        value = self.figures[peer].pop(0)
        if isinstance(value, Exception):
            raise value
        return {"lock": value}


class Arithmetic(unittest.TestCase):
    def test_summary_has_median_spread_and_count(self):
        self.assertEqual(stats.summary([3.0, 1.0, 10.0, 2.0]), {"median": 2.5, "min": 1.0, "max": 10.0, "n": 4})
        with self.assertRaises(ValueError):
            stats.summary([])

    def test_exponent_of_powers_is_found(self):
        for power in (0.0, 0.5, 1.0, 1.15, 2.0):
            points = [(n, 7.0 * n**power) for n in stats.doublings(1000, 5)]
            self.assertAlmostEqual(stats.exponent(points), power)

    def test_exponent_of_noise_around_a_line(self):
        points = [(n, n * factor) for n, factor in zip(stats.doublings(100, 5), (1.1, 0.9, 1.05, 0.95, 1.0))]
        self.assertAlmostEqual(stats.exponent(points), 1.0, delta=0.06)

    def test_one_size_has_no_exponent(self):
        with self.assertRaises(ValueError):
            stats.exponent([(10, 1.0), (10, 2.0)])

    def test_the_least_of_rounds_that_are_taken_together(self):
        rounds = [3.0, 1.0, 2.0, 2.0, 9.0]
        self.assertEqual([stats.least_of(rounds, together) for together in (1, 2, 4, 8)], [1.0, 2.0, 2.0, 3.4])

    def test_growth_takes_as_many_things_together_at_each_size(self):
        suite = suites.find()["growth"]
        suite._programs = {"gyre": {suites_micro: None}}
        # Every other round is disturbed: the least single round of a small size would hide it, and that of the largest cannot.
        with mock.patch.object(suites_growth, "round_values", lambda _, work, n, *more, **named: [1.0, 3.0] * 64 if n < 16 * 16_000 else [2.0]):
            found = suite.measure("gyre", Program(("true",), "1"), Case.of("lock_waiters", "exponent", ""), a_run())
        self.assertAlmostEqual(found["lock_waiters"], 1.0)

    def test_doublings(self):
        self.assertEqual(stats.doublings(3, 5), [3, 6, 12, 24, 48])

    def test_advantage_is_above_one_for_a_win_whichever_way_is_better(self):
        self.assertEqual(stats.advantage(2.0, 10.0, more_is_better=False), 5.0)
        self.assertEqual(stats.advantage(10.0, 2.0, more_is_better=True), 5.0)
        self.assertEqual(stats.advantage(10.0, 2.0, more_is_better=False), 0.2)
        self.assertIsNone(stats.advantage(0.0, 2.0, more_is_better=False), "too little to be seen is no figure to compare")
        self.assertIsNone(stats.advantage(10.0, -2.0, more_is_better=False))


class Turns(unittest.TestCase):
    def test_a_b_c_a_b_c(self):
        self.assertEqual(list(stats.interleaved("ABC", 2)), [(0, "A"), (0, "B"), (0, "C"), (1, "A"), (1, "B"), (1, "C")])

    def test_peers_of_a_case_take_turns(self):
        suite = ASuite(gyre=[1.0, 2.0, 3.0], limit=[1.0] * 3, tokio=[5.0] * 3)
        outcome = measure_case(suite, suite.cases(False)[0], {peer: Program(("true",), "1") for peer in suite.figures}, a_run())
        self.assertEqual(suite.asked, ["gyre", "limit", "tokio"] * 3)
        self.assertEqual([(each.peer, each.samples) for each in outcome.results],
                         [("gyre", [1.0, 2.0, 3.0]), ("limit", [1.0] * 3), ("tokio", [5.0] * 3)])

    def test_a_quick_run_repeats_less(self):
        suite = ASuite(gyre=[1.0, 2.0])
        measure_case(suite, suite.cases(True)[0], {"gyre": Program(("true",), "1")}, a_run(quick=True))
        self.assertEqual(suite.asked, ["gyre"] * 2)

    def test_who_has_spent_the_budget_is_not_repeated_but_counts(self):
        suite = ASuite(gyre=[1.0, 2.0, 3.0])
        suite.budget_s = -1.0
        outcome = measure_case(suite, suite.cases(False)[0], {"gyre": Program(("true",), "1")}, a_run())
        self.assertEqual(outcome.results, [])
        suite.budget_s = 0.0
        outcome = measure_case(suite, suite.cases(False)[0], {"gyre": Program(("true",), "1")}, a_run())
        self.assertEqual([each.samples for each in outcome.results], [[1.0]])

    def test_a_run_whose_time_is_over_measures_the_rest_once(self):
        class Slow(ASuite):
            def measure(self, peer, program, case, run):
                run.pace.add(10)
                return super().measure(peer, program, case, run)

        run = Run(Cores.of_machine(), False, tempfile.gettempdir(), Pace(25.0))
        suite = Slow(gyre=[1.0, 2.0, 3.0], asio=[4.0, 5.0, 6.0])
        programs = {peer: Program(("true",), "1") for peer in suite.figures}
        measure_case(suite, suite.cases(False)[0], programs, run)
        self.assertEqual(suite.asked, ["gyre", "asio", "gyre"])
        self.assertTrue(run.pace.is_over)
        another = Slow(gyre=[1.0, 2.0], asio=[4.0, 5.0])
        found = measure_case(another, another.cases(False)[0], programs, run)
        self.assertEqual(another.asked, ["gyre", "asio"])
        self.assertEqual(len(found.results), 2)


class NothingGoesMissing(unittest.TestCase):
    def test_a_peer_that_cannot_be_built_is_named_with_its_reason(self):
        class Broken(ASuite):
            def builders(self):
                def fail(tools):
                    raise Missing("no such package")

                return {"gyre": lambda tools: Program(("true",), "1"), "tokio": fail}

        programs, absent = build(Broken(gyre=[]), None, None)
        self.assertEqual(list(programs), ["gyre"])
        self.assertEqual(absent, [Absent("a", "tokio", None, "no such package")])

    def test_chosen_peers_come_beside_gyre_and_the_limits(self):
        programs, _ = build(ASuite(gyre=[], gyre_epoll=[], limit=[], limit_epoll=[], tokio=[], go=[]), None, {"go"})
        self.assertEqual(list(programs), ["gyre", "gyre_epoll", "limit", "limit_epoll", "go"])

    def test_a_peer_that_fails_once_has_no_figure_but_a_reason(self):
        suite = ASuite(gyre=[1.0] * 3, tokio=[5.0, Missing("exited with 1")])
        outcome = measure_case(suite, suite.cases(False)[0], {peer: Program(("true",), "1") for peer in suite.figures}, a_run())
        self.assertEqual([each.peer for each in outcome.results], ["gyre"])
        self.assertEqual(outcome.absent, [Absent("a", "tokio", "lock", "exited with 1")])

    def test_whatever_goes_wrong_with_one_peer_leaves_the_others_their_figures(self):
        class Broken(ASuite):
            def builders(self):
                return {**super().builders(), "trio": lambda tools: Program(("true",), tools["version"])}

        suite = Broken(gyre=[1.0] * 3, tokio=[5.0, FileNotFoundError("no such program")], go=[float("nan")])
        programs, absent = build(suite, {}, None)
        self.assertEqual(absent, [Absent("a", "trio", None, "KeyError: 'version'")])
        outcome = measure_case(suite, suite.cases(False)[0], programs, a_run())
        self.assertEqual([each.peer for each in outcome.results], ["gyre"])
        self.assertEqual([each.reason for each in outcome.absent], ["FileNotFoundError: no such program", "gave nan as a figure"])

    def test_what_a_peer_has_no_equal_of_is_told(self):
        suite = ASuite(node=[])
        program = Program(("true",), "1", lacks={"lock": "has no lock"})
        outcome = measure_case(suite, suite.cases(False)[0], {"node": program}, a_run())
        self.assertEqual(outcome.absent, [Absent("a", "node", "lock", "has no lock")])
        self.assertEqual(suite.asked, [])

    def test_reasons(self):
        program = Program(("true",), "1", only=("timers",), lacks={"*": "has no tasks", "post": "merges calls"})
        self.assertIsNone(program.reason_without("timers"))
        self.assertEqual(program.reason_without("post"), "merges calls")
        self.assertEqual(program.reason_without("lock"), "has no tasks")

    def test_kinds_of_peers(self):
        self.assertTrue(is_limit("limit") and is_limit("limit_epoll") and not is_limit("limitless"))
        self.assertTrue(is_own("gyre") and is_own("gyre_epoll") and not is_own("gyreish"))


class Programs(unittest.TestCase):
    def test_lines_of_json_are_read_and_the_rest_is_not(self):
        lines = a_run().lines(python('print("ready"); print(\'{"work": "lock", "value": 1.5, "unit": "ns"}\')'))
        self.assertEqual(lines, [{"work": "lock", "value": 1.5, "unit": "ns"}])

    def test_a_program_that_fails_is_missing_with_its_last_words(self):
        with self.assertRaisesRegex(Missing, "exited with 3: no ring"):
            a_run().lines(python('import sys; print("no ring", file=sys.stderr); sys.exit(3)'))

    def test_a_program_that_hangs_is_ended(self):
        with self.assertRaisesRegex(Missing, "did not end within"):
            a_run().lines(python("import time; time.sleep(60)"), timeout_s=0.2)

    def test_a_program_does_not_outlive_a_run_that_is_interrupted(self):
        with mock.patch("harness.process.os.wait4", side_effect=KeyboardInterrupt) as asked, self.assertRaises(KeyboardInterrupt):
            a_run().lines(python("import os, time; os.close(1); time.sleep(60)"))
        self.assertFalse(os.path.exists(f"/proc/{asked.call_args.args[0]}"))
        with mock.patch.object(Server, "_first_number", side_effect=KeyboardInterrupt), mock.patch("harness.process.end") as ended:
            with self.assertRaises(KeyboardInterrupt):
                Server(python("pass"), a_run())
        with ended.call_args.args[0]:
            pass  # waits, and closes its pipes

    def test_a_program_runs_on_the_cores_that_it_was_given(self):
        core = {min(os.sched_getaffinity(0))}
        [line] = a_run().lines(python('import os; print(\'{"cores": %s}\' % sorted(os.sched_getaffinity(0)))'), cores=frozenset(core))
        self.assertEqual(line["cores"], sorted(core))

    def test_a_server_says_its_port_and_is_ended(self):
        code = "import time; print('hello'); print(4711, flush=True); time.sleep(60)"
        with Server(python(code), a_run()) as server:
            self.assertEqual(server.port, 4711)
            self.assertGreater(server.cpu_s(), 0)
            self.assertGreater(server.rss_bytes(), 1 << 20)
            pid = server.pid
        self.assertFalse(os.path.exists(f"/proc/{pid}"))

    def test_a_server_that_ends_at_once_is_missing(self):
        with self.assertRaisesRegex(Missing, "did not say its port.*exited with 1"):
            Server(python("import sys; sys.exit('no address')"), a_run())

    def test_one_core_serves_for_all(self):
        self.assertEqual(Cores(frozenset({3}), frozenset({3})).both, {3})


class Results(unittest.TestCase):
    OUTCOME = Outcome([result(NANOSECONDS, "gyre", 2.0, 2.0, 8.0), result(NANOSECONDS, "limit", 1.0), result(NANOSECONDS, "go", 10.0),
                       result(NANOSECONDS, "corral", 1.6), result(RATE, "gyre", 100.0), result(RATE, "go", 80.0)],
                      [Absent("micro", "rloop", None, "pip <failed>")])

    def test_json_has_the_promised_form(self):
        document = results.as_json(self.OUTCOME, {"cpu": "x"})
        self.assertEqual(set(document), {"conditions", "results", "missing"})
        self.assertEqual(document["results"][0], {"suite": "micro", "work": "lock", "peer": "gyre", "version": "1.0", "unit": "ns", "median": 2.0,
                                                  "min": 2.0, "max": 8.0, "n": 3})
        self.assertEqual(document["missing"], [{"suite": "micro", "peer": "rloop", "work": None, "reason": "pip <failed>"}])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "deep" / "r.json"
            results.write(path, document)
            self.assertEqual(json.loads(path.read_text()), document)

    def test_rows_have_the_best_first_and_say_how_gyre_stands(self):
        lock, rate = results.rows(self.OUTCOME.results)
        self.assertEqual([(line.peer, line.gyre_is_better) for line in lock.lines],
                         [("limit", 0.5), ("corral", 0.8), ("gyre", None), ("go", 5.0)])
        self.assertEqual([line.peer for line in lock.lost_to], ["corral"])
        self.assertEqual([(line.peer, line.gyre_is_better) for line in rate.lines], [("gyre", None), ("go", 1.25)])

    def test_the_table_tells_losses_and_what_is_missing(self):
        text = table.text(self.OUTCOME)
        self.assertIn("micro lock: corral is 1.25x better", text)
        self.assertIn("micro rloop (all of it): pip <failed>", text)
        self.assertIn("gyre 5.00x better", text)

    def test_what_the_load_bounds_is_neither_won_nor_lost(self):
        asked = Work("rate", "1/s", "responses", more_is_better=True, is_compared=False)
        row = results.rows([result(asked, "gyre", 1.0), result(asked, "tokio", 9.0)])[0]
        self.assertEqual(row.lost_to, ())
        self.assertIsNone(row.line("tokio").gyre_is_better)

    def test_who_is_ahead_in_what_is_not_compared_is_told_beside_the_losses(self):
        asked = Work("rate", "1/s", "responses", more_is_better=True, is_compared=False)
        outcome = Outcome([result(asked, "gyre", 1.0), result(asked, "tokio", 9.0), result(Work("k", "exponent", "", is_compared=False), "gyre", 1.1),
                           result(Work("k", "exponent", "", is_compared=False), "tokio", 1.0)])
        self.assertIn("where others have the better figure:\n  micro rate: tokio is 9.00x better", table.text(outcome))
        self.assertIn("tokio is 9.00x better", report.page(outcome, {}))
        text = manual.page(outcome, {})
        self.assertIn("- **micro rate**: tokio is 9.00x better", text)
        self.assertNotIn("- **micro k**", text)
        self.assertNotIn(results.NOT_COMPARED, manual.page(self.OUTCOME, {}))

    def test_without_gyre_there_is_no_ratio(self):
        [row] = results.rows([result(NANOSECONDS, "go", 10.0)])
        self.assertIsNone(row.lines[0].gyre_is_better)

    def test_the_page_is_whole_and_needs_nothing_from_outside(self):
        page = report.page(self.OUTCOME, {"quick": True, "cpu": "a <b>"})
        self.assertNotRegex(page, r"(src|href)=\"(http|//|/)")
        self.assertIn("prefers-color-scheme: dark", page)
        self.assertIn("pip &lt;failed&gt;", page)
        self.assertIn("a &lt;b&gt;", page)
        self.assertIn("corral is 1.25x better", page)
        self.assertEqual(page.count("<svg"), 2)

    def test_the_manual_has_a_page_with_a_file_for_each_chart(self):
        with tempfile.TemporaryDirectory() as folder:
            report.write(Path(folder), self.OUTCOME, results.as_json(self.OUTCOME, {"cpu": "x", "compilers": {"go": "1.26"}}))
            text = (Path(folder) / manual.PAGE).read_text()
            named = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
            self.assertEqual(named, ["charts/micro-lock.svg", "charts/micro-rate.svg"])
            for name in named:
                ElementTree.parse(Path(folder) / name)
        self.assertIn("- **micro lock**: corral is 1.25x better", text)
        self.assertIn("| micro | rloop | all of it | pip <failed> |", text)
        self.assertIn("- compilers: go: 1.26", text)

    def test_goals_are_met_or_missed_with_a_reason(self):
        aims = [goals.Goal("micro", "lock", "at most 3 ns", goals.at_most(3)), goals.Goal("micro", "lock", "at most 1 ns", goals.at_most(1), "why"),
                goals.compared("micro", "lock", 1.5, "limit"), goals.foremost("micro", "lock", "because"), goals.compared("micro", "lock", 1.0, "asio"),
                goals.Goal("pool", "lock", "not in this run", goals.at_most(1))]
        told = [goals.sentence(verdict) for verdict in goals.verdicts(results.rows(self.OUTCOME.results), aims)]
        self.assertEqual(told, ["met (the samples lie on both sides)", "missed by 100 %: why", "missed by 33 %: no reason is written down yet",
                                "missed by 25 %: because"])
        self.assertEqual(goals.not_measured(results.rows(self.OUTCOME.results), aims), aims[4:])

    def test_a_goal_that_was_set_beside_the_limit_is_a_ratio(self):
        verdict, = goals.verdicts(results.rows(self.OUTCOME.results), [goals.micro("lock", 3, 2)])
        self.assertEqual(verdict.allowed, 1.5 * next(line.median for row in results.rows(self.OUTCOME.results)
                                                     if (line := row.line("limit"))))

    def test_a_verdict_says_when_the_samples_leave_it_open(self):
        row = results.rows([result(NANOSECONDS, "gyre", 2.0, 3.0, 4.0), result(NANOSECONDS, "go", 1.0, 2.5, 2.6), result(NANOSECONDS, "tokio", 1.0)])
        told = [goals.sentence(verdict) for verdict in goals.verdicts(row, [goals.compared("micro", "lock", 1.0, "go", "why"),
                                                                            goals.compared("micro", "lock", 2.0, "go"),
                                                                            goals.compared("micro", "lock", 1.0, "tokio", "why")])]
        self.assertEqual(told, ["missed by 20 % (the spreads overlap): why", "met (the spreads overlap)", "missed by 200 %: why"])
        self.assertEqual(row[0].losses(), ["tokio is 3.00x better", "go is 1.20x better (the spreads overlap)"])

    def test_a_verdict_says_when_samples_lie_on_both_sides_of_a_fixed_bound(self):
        row = results.rows([result(NANOSECONDS, "gyre", 2.0, 3.0, 4.0)])
        aims = [goals.Goal("micro", "lock", "", goals.at_most(most), "why") for most in (1.5, 2, 3.5, 4)]
        self.assertEqual([goals.sentence(verdict) for verdict in goals.verdicts(row, aims)],
                         ["missed by 100 %: why", "missed by 50 % (the samples lie on both sides): why", "met (the samples lie on both sides)", "met"])

    def test_a_missed_goal_says_when_it_is_missed_by_hand_too(self):
        told = results.rows([result(NANOSECONDS, "gyre", 4.0), result(NANOSECONDS, "go", 1.0), result(NANOSECONDS, "limit", 2.0)])
        verdict, = goals.verdicts(told, [goals.compared("micro", "lock", 1.0, "go", "why")])
        self.assertEqual(goals.sentence(verdict), "missed by 300 %: why; by hand it is 2.00, which misses it too")

    def test_another_layer_has_losses_and_verdicts_of_its_own(self):
        told = results.rows([result(NANOSECONDS, "gyre", 1.0), result(NANOSECONDS, "gyre_app", 4.0), result(NANOSECONDS, "go", 2.0)])
        self.assertEqual([(layer, lost) for _, layer, lost in results.losses(told)], [("gyre_app", ["go is 2.00x better"])])
        aims = [goals.compared("micro", "lock", 1.0, "go"), goals.compared("micro", "lock", 1.0, "go", "why", "gyre_app")]
        self.assertEqual([(verdict.goal.title, verdict.is_met) for verdict in goals.verdicts(told, aims)],
                         [("micro lock", True), ("micro lock, gyre_app", False)])

    def test_a_rate_says_whose_core_was_full(self):
        cpu, rate = Work("a_cpu", "us", "each"), Work("a_rate", "1/s", "answers", more_is_better=True, is_compared=False)
        told = results.rows([result(cpu, "gyre", 10.0), result(cpu, "go", 20.0), result(rate, "gyre", 50_000.0), result(rate, "go", 49_000.0)])
        self.assertEqual([results.told_core(row, told) for row in told], ["", "the server's core was full with go"])

    def test_a_run_names_its_conditions(self):
        told = machine.conditions(ROOT, Cores.of_machine(), quick=True)
        for name in ("cpu", "kernel", "compilers", "flags", "commit", "load_before"):
            self.assertTrue(told[name], name)

    def test_goals_are_of_works_that_exist(self):
        known = {(suite.name, work.name) for suite in suites.find().values() for case in suite.cases(quick=False) for work in case.works}
        self.assertEqual([goal for goal in goals.GOALS if (goal.suite, goal.work) not in known], [])

    def test_bars_are_as_long_as_their_values(self):
        axis = charts.Axis([1.0, 4.0])
        self.assertFalse(axis.logarithmic)
        self.assertEqual(axis.length(1.0) * 4, axis.length(4.0))
        axis = charts.Axis([1.0, 1000.0])
        self.assertTrue(axis.logarithmic)
        self.assertAlmostEqual(axis.length(100.0) - axis.length(10.0), axis.length(1000.0) - axis.length(100.0))
        self.assertGreater(axis.length(1.0), 0)

    def test_numbers(self):
        self.assertEqual([table.number(value) for value in (0, 0.0123, 0.5, 12.34, 123.4, 1234567)],
                         ["0", "0.012", "0.50", "12.3", "123", "1,234,567"])


class TheReportOfTheManual(unittest.TestCase):
    def test_every_peer_of_a_suite_has_a_figure_or_a_reason_in_each_row(self):
        document = json.loads((ROOT / "docs" / "peers" / "results.json").read_text())
        told = document["results"] + document["missing"]
        whole = {(each["suite"], each["peer"]) for each in document["missing"] if each["work"] is None}
        named = {(each["suite"], each["work"], each["peer"]) for each in told}
        lost = [(suite, work, peer) for suite, work in sorted({(each["suite"], each["work"]) for each in document["results"]})
                for peer in sorted({each["peer"] for each in told if each["suite"] == suite})
                if (suite, work, peer) not in named and (suite, peer) not in whole]
        self.assertEqual(lost, [])
        self.assertEqual(len(named), len(told))


class Pairs(unittest.TestCase):
    def test_what_seeing_costs_is_a_ratio_of_two_runs_whose_order_changes(self):
        asked = []
        suite = Seeing()
        suite._without = "without"
        suite._request_cpu = lambda program, run: asked.append(program) or {"without": 8.0, "with": 10.0}[program]
        case = suite.cases(False)[0]
        for peer in ("gyre", "gyre_recording") * 2:
            self.assertEqual(suite.measure(peer, "with", case, a_run()), {case.name: 1.25})
        self.assertEqual(asked, ["without", "with"] * 2 + ["with", "without"] * 2)


class Registry(unittest.TestCase):
    def test_every_suite_has_gyre_cases_and_a_limit_or_peers(self):
        known = suites.find()
        self.assertIn("micro", known)
        for suite in known.values():
            self.assertIn("gyre", suite.builders(), suite.name)
            self.assertGreater(len(suite.builders()), 1, suite.name)
            names = [work.name for case in suite.cases(quick=False) for work in case.works]
            self.assertEqual(len(names), len(set(names)), suite.name)

    def test_every_builder_finds_what_it_names(self):
        with mock.patch.object(suites_http, "tool", lambda *words: ""):
            for suite in suites.find().values():
                programs, absent = build(suite, PretendedTools(), None)
                self.assertEqual(absent, [], suite.name)
                self.assertEqual(list(programs), list(suite.builders()), suite.name)

    def test_micro_has_the_works_that_were_promised(self):
        names = {case.name for case in suites.find()["micro"].cases(quick=False)}
        self.assertEqual(names, {"yield_2", "yield_10k", "spawn_join", "child_await", "queue_pingpong", "lock", "gather_100k", "cancel_100k",
                                 "post_soon", "post_thread", "timers_1m_cpu", "task_bytes"})

    def test_a_program_is_built_again_when_its_source_changes(self):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "a.c"
            source.write_text("int a;")
            first = digest(["cc"], Path(folder))
            self.assertEqual(digest(["cc"], Path(folder)), first)
            self.assertNotEqual(digest(["cc", "-O2"], Path(folder)), first)
            source.write_text("int b;")
            self.assertNotEqual(digest(["cc"], Path(folder)), first)

    def test_unknown_suites_are_refused(self):
        with self.assertRaises(SystemExit), open(os.devnull, "w") as nowhere:
            stderr, sys.stderr = sys.stderr, nowhere
            try:
                cli.arguments(["nosuch"], ["micro"])
            finally:
                sys.stderr = stderr


class Budgets(unittest.TestCase):
    def test_three_percent_more_fails(self):
        lines, passed, failed = count_instructions.judge({"a": 1030, "b": 1031}, {"a": 1000, "b": 1000})
        self.assertEqual((passed, failed), (1, 1))
        self.assertIn("error: b: 1,031 instructions, the budget is 1,000 (+3.1 %)", lines)

    def test_a_gain_asks_for_a_new_budget(self):
        lines, passed, failed = count_instructions.judge({"a": 990, "b": 989}, {"a": 1000, "b": 1000})
        self.assertEqual((passed, failed), (2, 0))
        self.assertEqual(lines, ["a: 990 of 1,000 (-1.0 %)", "b: 989 of 1,000 (-1.1 %); renew the budget"])

    def test_what_only_one_side_knows_fails(self):
        self.assertEqual(count_instructions.judge({"a": 1}, {})[1:], (0, 1))
        self.assertEqual(count_instructions.judge({}, {"a": 1})[1:], (0, 1))

    def test_what_marks_may_cost(self):
        lines, passed, failed = count_instructions.judge_marks(
            {"http/sim": 1021, "yields/sim": 1099, "http/epoll": 1020}, {"http/sim": 1000, "yields/sim": 1000, "http/epoll": 1000})
        self.assertEqual((passed, failed), (2, 1))
        self.assertIn("error: http/sim: 1,021 instructions, 1,000 without marks (+2.10 %, at most +2 %)", lines)

    def test_compilers(self):
        self.assertEqual(count_instructions.compiler_name("Debian clang version 19.1.7 (3~deb12u1)"), "clang 19.1")
        self.assertEqual(count_instructions.compiler_name("g++ (Debian 12.2.0-14) 12.2.0"), "gcc 12.2")

    def test_totals_of_callgrind(self):
        self.assertEqual(count_instructions.counted("events: Ir\n\nfn=f\n1 2\n\ntotals: 1234\n"), 1234)
        with self.assertRaises(ValueError):
            count_instructions.counted("events: Ir\n")


if __name__ == "__main__":
    unittest.main()

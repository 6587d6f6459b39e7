#!/usr/bin/env python3
"""The circles that the page finds in the snapshots of ../cli/circles.json, in headless Chromium: those that `gyre locks` finds.

usage: circles_test.py [TEST...]

Needs Playwright (PyPI) and Chromium: `./dev check web` gets them.
"""

import functools
import http.server
import json
import threading
import unittest
from pathlib import Path

from browser import Browser
from running import run_tests

ROOT = Path(__file__).resolve().parent.parent.parent
CASES = json.loads((ROOT / "tests/cli/circles.json").read_text())

IN_PAGE = """async (tasks) => {
  const { Model } = await import(new URL('snapshot.js', location.href).href);
  const { graph, why } = await import(new URL('waits.js', location.href).href);
  const loop = { loop: 0, backend: 'mixed', task_count: tasks.length, tasks };
  const model = new Model({ version: 1, pid: 1, program: 'dine', uptime_ns: 1, loops: [loop] });
  const { rings, held } = graph(model);
  const names = (some) => some.map((ring) => ring.nodes.map(({ title }) => title).sort()).sort();
  return {
    circles: names(rings.filter(({ limit }) => !limit)), for_now: names(rings.filter(({ limit }) => limit)),
    held: held.map(({ title }) => title), why: why(model, 1).steps.map(({ title }) => title), limit: why(model, 1).limit?.text,
    also: why(model, 1).steps[0].also.map(({ title }) => title),
  };
}"""


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Circles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # The files as they are, without the program that the page is made for.
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=ROOT / "cli/web"))
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.browser = Browser()
        cls.page = cls.browser.page(f"http://127.0.0.1:{cls.server.server_port}/format.js")

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.server.shutdown()
        cls.server.server_close()

    def found(self, name):
        (case,) = [each for each in CASES if each["name"] == name]
        return self.page.evaluate(IN_PAGE, case["tasks"])

    def test_they_are_those_of_the_command_line(self):
        wrong = {}
        for case in CASES:
            found = self.page.evaluate(IN_PAGE, case["tasks"])
            if any(found[key] != case[key] for key in ("circles", "for_now")):
                wrong[case["name"]] = found
        self.assertEqual(wrong, {})

    def test_who_holds_a_permit_holds_others_up(self):
        self.assertIn("y", self.found("the holder of the only permit")["held"])
        self.assertEqual(self.found("the holder of the only permit")["why"], ["x", "y"])

    def test_a_wait_in_a_generator_leads_on(self):
        self.assertEqual(self.found("the body of a generator")["why"], ["x", "y"])

    def test_a_branch_of_several_leads_on_and_no_race_is_a_deadlock(self):
        race = self.found("one branch of a race of several")
        self.assertEqual((race["why"], race["limit"]), (["x", "y"], "goes on with another of its branches"))
        both = self.found("two branches that wait for others")
        self.assertEqual((both["why"], both["also"]), (["x", "y"], ["z"]))


if __name__ == "__main__":
    run_tests()

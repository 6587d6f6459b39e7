#!/usr/bin/env python3
"""The page of `gyre web` in headless Chromium, in front of programs that run.

usage: page_test.py PATH_TO_GYRE [TEST...]

Needs Playwright (PyPI) and Chromium: `./dev check web` gets them.
"""

import re
import signal
import sys
import unittest

from playwright.sync_api import expect

from browser import Browser
from running import PATIENCE, Load, Web, run_tests, subject, until

GYRE = ""
expect.set_options(timeout=PATIENCE * 1000)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()

    def start(self, *arguments):
        """A subject and `gyre web` for it."""
        program = subject(GYRE, *arguments)
        self.addCleanup(program.close)
        web = Web(GYRE, program.pid)
        self.addCleanup(web.close)
        return program, web

    def open(self, web, view="tasks", **options):
        page = self.browser.page(f"{web.url}#{view}", **options)
        self.addCleanup(page.close)
        self.addCleanup(lambda: self.check(page, web))
        return page

    def check(self, page, web):
        """What must hold of every page: nothing was refused or went wrong, and nobody else was asked."""
        self.assertEqual(page.complaints, [])
        self.assertEqual([url for url in page.asked if not url.startswith(web.url)], [])

    def row(self, page, text):
        return page.locator(".row", has=page.locator(".name", has_text=re.compile(f"^{re.escape(text)}$"))).first

    def pictures(self, page):
        return int(page.locator("body").get_attribute("data-pictures") or 0)


class Deadlock(Case):
    def test_it_is_announced_drawn_and_explained(self):
        _, web = self.start("deadlock", 2)
        page = self.open(web)
        banner = page.locator("[data-banner=deadlock]")
        expect(banner).to_contain_text("A deadlock: 16 tasks will not go on.")
        expect(page.locator("#tab-waits .number")).to_have_text("1")
        banner.get_by_role("button", name="Show it").click()
        ring = page.locator("article.ring")
        expect(ring.locator("h2")).to_have_text("Deadlock: 2 tasks wait for each other")
        expect(ring.locator(".node")).to_have_count(2)
        expect(ring.locator(".edge")).to_have_count(2)
        self.assertEqual(sorted(ring.locator(".edge-text").all_text_contents()), ["lock 'fork 0'", "lock 'fork 1'"])
        # Who waits for what that whom holds, in words, with the line.
        sentences = ring.locator(".sentences li")
        expect(sentences.filter(has_text=re.compile(r"Plato waits for lock 'fork 1', which is held by Kant\s*subject\.cpp:\d+"))).to_have_count(1)
        expect(sentences.filter(has_text=re.compile(r"Kant waits for lock 'fork 0', which is held by Plato"))).to_have_count(1)
        expect(ring).to_contain_text("Stuck behind them: 14 tasks")

    def test_a_circle_that_a_limit_ends_is_none(self):
        _, web = self.start("patient")
        page = self.open(web, "waits")
        ring = page.locator("article.ring")
        expect(ring.locator("h2")).to_have_text("2 tasks wait for each other, for now")
        expect(ring).to_contain_text(re.compile(r"'Plato' has a time limit, 59 m \d\d s left\."))
        expect(page.locator("[data-banner=deadlock]")).to_have_count(0)
        expect(page.locator("#tab-waits .number")).to_have_count(0)
        ring.locator(".node", has_text="Kant").click()
        expect(page.locator("#details")).to_contain_text("These wait for each other, for now: 'Plato' has a time limit")

    def test_a_card_leads_to_the_task(self):
        _, web = self.start("deadlock", 2)
        page = self.open(web, "waits")
        page.locator(".node", has_text="Kant").click()
        expect(page.locator("#tab-tasks")).to_have_attribute("aria-selected", "true")
        expect(page.locator(".details-title")).to_have_text("Kant")
        expect(page.locator(".row[aria-selected=true] .name")).to_have_text("Kant")
        details = page.locator("#details")
        expect(details).to_contain_text("lock 'fork 0', which task 'Plato' holds")
        expect(details).to_contain_text("These wait for each other: none of them can go on.")
        details.locator(".why").get_by_role("button", name="Plato").first.click()
        expect(page.locator(".details-title")).to_have_text("Plato")

    def test_a_circle_of_five_is_drawn_whole(self):
        _, web = self.start("deadlock", 5)
        page = self.open(web, "waits")
        expect(page.locator(".node")).to_have_count(5)
        boxes = [page.locator(".node rect").nth(i).bounding_box() for i in range(5)]
        for i, one in enumerate(boxes):
            for other in boxes[i + 1:]:
                apart = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"] or one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
                self.assertTrue(apart, "cards lie on each other")
        page.set_viewport_size({"width": 390, "height": 844})
        until(lambda: page.locator(".graph").bounding_box()["width"] <= 390, "it fits on a phone")
        self.assertTrue(all(page.locator(".node rect").nth(i).bounding_box()["x"] >= 0 for i in range(5)))

    def test_no_deadlock_is_said_too(self):
        _, web = self.start("crowd", 10)
        page = self.open(web, "waits")
        expect(page.locator("#view-waits .empty-title")).to_have_text("No deadlock")
        expect(page.locator("[data-banner=deadlock]")).to_have_count(0)


class Serving(Case):
    """`gyre serve` while clients fetch from it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.load = Load(GYRE)
        cls.web = Web(GYRE, cls.load.pid)

    @classmethod
    def tearDownClass(cls):
        cls.web.close()
        cls.load.__exit__()
        super().tearDownClass()

    def test_the_rates_are_those_of_the_program(self):
        page = self.open(self.web)
        expect(page.locator("#program")).to_have_text("gyre-serve")
        expect(page.locator("#facts")).to_contain_text(f"pid {self.load.pid} · 2 loops")
        number = lambda name: float(re.sub(r"[^\d.]", "", page.locator(f"#meter-{name}").inner_text()) or 0)
        until(lambda: number("turns") > 10, "turns are counted")
        until(lambda: number("slices") > 10, "slices are counted")
        until(lambda: number("tasks") > 5, "there are tasks")
        path = page.locator(".spark-line").nth(3).get_attribute("d")
        until(lambda: page.locator(".spark-line").nth(3).get_attribute("d") != path, "the line goes on")
        expect(page.locator("#live-text")).to_have_text("Live")

    def test_the_tree_has_both_loops_and_their_connections(self):
        page = self.open(self.web)
        for loop in ("loop 0", "loop 1"):
            expect(self.row(page, loop)).to_be_visible()
        page.fill("#search", "socket")
        until(lambda: "of" in page.locator(".found").inner_text(), "the search says what it found")
        until(lambda: any("socket" in text for text in page.locator(".row .wait").all_inner_texts()), "sockets are waited on")

    def test_histograms_have_bars_marks_and_numbers(self):
        page = self.open(self.web, "figures")
        card = page.locator("[data-histogram=turn]").first
        until(lambda: card.locator(".bar").count() > 5, "bars are drawn")
        for mark in ("p50", "p90", "p99", "longest"):
            expect(card.locator(f".mark.{mark} dd")).to_have_text(re.compile(r"^[\d.]+ (ns|µs|ms|s)$"))
        box = card.locator("svg").bounding_box()
        bar = card.locator(".bar").nth(2).bounding_box()
        page.mouse.move(bar["x"] + bar["width"] / 2, box["y"] + 60)
        expect(card.locator(".chart-hint")).to_have_text(re.compile(r"to .*: [\d,]+ \(.* %\), .* % within"))
        page.get_by_role("button", name="Last minute").click()
        page.get_by_role("button", name="Linear").click()
        until(lambda: card.locator(".bar").count() > 2, "the last minute has bars too")
        expect(page.locator("table.figures tbody tr")).to_have_count(2)

    def test_flame_charts_show_where_tasks_wait(self):
        page = self.open(self.web, "flame")
        until(lambda: page.locator(".frame").count() > 4, "frames are drawn")
        expect(page.locator(".frame").first).to_contain_text("all:")
        leaf = page.locator(".frame.leaf", has_text="waits on").first
        expect(leaf).to_be_visible()
        wide = page.locator(".flame").bounding_box()["width"]
        frame = page.locator(".frame").nth(2)
        name = frame.get_attribute("aria-label").split(",")[0]
        frame.click()
        zoomed = page.locator(f'.frame[aria-label^="{name}"]').first
        until(lambda: zoomed.bounding_box()["width"] > wide - 4, "the frame is as wide as the chart")
        page.get_by_role("button", name="Whole chart").click()
        expect(page.get_by_role("button", name="Whole chart")).to_be_hidden()

    def test_the_level_of_measuring_is_switched(self):
        page = self.open(self.web)
        switch = page.locator("#timing")
        expect(switch).to_have_attribute("aria-checked", "false")
        switch.click()
        expect(switch).to_have_attribute("aria-checked", "true")
        until(lambda: page.locator("#timing").get_attribute("aria-checked") == "true", "the program says so itself")
        page.keyboard.press("e")
        expect(switch).to_have_attribute("aria-checked", "false")

    def test_the_recorder_is_switched_and_its_time_is_drawn(self):
        page = self.open(self.web, "flame")
        switch = page.locator("#recorder")
        expect(switch).to_have_attribute("aria-checked", "false")
        expect(page.locator("#trace")).to_be_hidden()
        switch.click()
        expect(switch).to_have_attribute("aria-checked", "true")
        expect(page.locator("#view-flame > .note")).to_contain_text("Recorded: where the last 10 s of all tasks went.")
        expect(page.locator(".frame").first).to_have_text(re.compile(r"^all: [\d.]+ (ms|s)$|^all: \d+ m \d+ s$"))
        page.get_by_role("button", name="Running").click()
        until(lambda: page.locator(".frame[class*=running]").count() > 2, "what runs is drawn")
        with page.expect_download() as download:
            page.locator("#trace").click()
        self.assertEqual(download.value.suggested_filename, f"gyre-{self.load.pid}.pftrace")
        switch.click()
        expect(switch).to_have_attribute("aria-checked", "false")
        expect(page.locator("#view-flame > .note")).to_contain_text("Recorded until it was switched off")
        expect(page.locator("#trace")).to_be_visible()

    def test_held_the_picture_stays(self):
        page = self.open(self.web)
        until(lambda: self.pictures(page) > 0, "a picture came")
        page.keyboard.press("p")
        expect(page.locator("#live-text")).to_have_text("Held")
        page.wait_for_timeout(1000)
        before = len(page.asked)
        page.wait_for_timeout(3500)
        self.assertEqual(len(page.asked), before, "nothing is asked while it is held")
        page.keyboard.press("p")
        expect(page.locator("#live-text")).to_have_text("Live")
        until(lambda: len(page.asked) > before, "it goes on")


class Crowd(Case):
    """100,000 tasks."""

    def test_it_stays_quick(self):
        _, web = self.start("crowd", 100_000)
        page = self.open(web)
        group = page.locator(".row[data-kind=group]", has_text="subject.cpp").first
        expect(group.locator(".badge")).to_have_text("100,000 ×")
        page.evaluate("""() => { window.longest = 0; new PerformanceObserver((list) => {
            for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration); }).observe({ entryTypes: ['longtask'] }); }""")
        group.locator(".twist").click()
        until(lambda: page.evaluate("document.querySelector('#tree').scrollHeight") > 2_000_000, "all rows have room")
        self.assertLess(page.locator(".row").count(), 150, "only those in sight exist")
        page.locator("#tree").press("End")
        until(lambda: page.locator(".row").last.get_attribute("aria-rowindex") == "100002", "the last one comes into sight")
        page.fill("#search", "visitor 99000")
        expect(page.locator(".found")).to_have_text("1 of 100,001 tasks")
        expect(self.row(page, "visitor 99000")).to_be_visible()
        page.fill("#search", "")
        page.get_by_role("button", name="Stacks").click()
        expect(page.locator(".row").first.locator(".badge")).to_have_text("100,000 ×")
        page.keyboard.press("3")
        until(lambda: page.locator(".frame").count() >= 4, "the flame chart is drawn")
        longest = page.evaluate("window.longest")
        self.assertLess(longest, 500, "the page froze")

    def test_it_is_looked_at_less_often(self):
        _, web = self.start("crowd", 100_000)
        page = self.open(web)
        until(lambda: self.pictures(page) >= 1, "a picture came")
        page.wait_for_timeout(4000)
        asked = [url for url in page.asked if url.endswith("/snapshot")]
        figures = [url for url in page.asked if url.endswith("/figures")]
        self.assertLessEqual(len(asked), 3)
        self.assertGreater(len(figures), len(asked))


class Trouble(Case):
    def test_a_blocked_loop_is_announced_with_who_blocks_it(self):
        _, web = self.start("blocked")
        page = self.open(web)
        banner = page.locator("[data-banner=blocked]")
        expect(banner).to_contain_text(re.compile(r"Loop 0 is blocked for [\d.]+ m?s"))
        first = banner.inner_text()
        until(lambda: banner.count() and banner.inner_text() != first, "it counts on")
        expect(banner).to_contain_text(re.compile(r"by report at subject\.cpp:\d+"))
        expect(banner).to_have_count(0)  # it comes back
        page.keyboard.press("5")
        report = page.locator("article.report").first
        expect(report).to_contain_text(re.compile(r"on loop 0: (own code|no core)"))
        expect(report).to_contain_text("report")
        report.locator("summary").click()
        expect(report.locator("pre")).to_be_visible()

    def test_an_ended_process_leaves_its_last_picture(self):
        program, web = self.start("mixed")
        page = self.open(web)
        expect(self.row(page, "limited")).to_be_visible()
        program.close()
        expect(page.locator("[data-banner=trouble]")).to_contain_text("The process has ended. This is the last picture of it, from")
        expect(page.locator("#live-text")).to_have_text("Ended")
        expect(self.row(page, "limited")).to_be_visible()
        page.locator("#tab-flame").click()
        until(lambda: page.locator(".frame").count() > 3, "the last picture can be looked at in other ways")
        page.wait_for_timeout(500)
        before = len(page.asked)
        page.wait_for_timeout(3000)
        self.assertEqual(len(page.asked), before, "nobody is asked any more")

    def test_a_stopped_process_comes_back(self):
        program, web = self.start("mixed")
        page = self.open(web)
        expect(self.row(page, "limited")).to_be_visible()
        program.signal(signal.SIGSTOP)
        expect(page.locator("[data-banner=trouble]")).to_contain_text("stopped, by SIGSTOP")
        program.signal(signal.SIGCONT)
        expect(page.locator("[data-banner=trouble]")).to_have_count(0)
        expect(page.locator("#live-text")).to_have_text("Live")

    def test_without_gyre_web_the_page_says_so(self):
        _, web = self.start("mixed")
        page = self.open(web)
        expect(self.row(page, "limited")).to_be_visible()
        web.close()
        expect(page.locator("[data-banner=trouble]")).to_contain_text("gyre web does not answer")


class Details(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subject = subject(GYRE, "mixed")
        cls.web = Web(GYRE, cls.subject.pid)

    @classmethod
    def tearDownClass(cls):
        cls.web.close()
        cls.subject.close()
        super().tearDownClass()

    def details_of(self, name, **options):
        page = self.open(self.web, **options)
        self.row(page, name).click()
        expect(page.locator(".details-title")).to_have_text(name)
        return page, page.locator("#details")

    def test_names_are_text_and_never_markup(self):
        page, details = self.details_of("<img src=x onerror=alert(1)>")
        self.assertEqual(page.locator("img:not(.mark)").count(), 0)
        expect(details).to_contain_text("8 of 8")
        expect(details.locator(".fill.full")).to_have_count(1)

    def test_a_cancelled_task_has_its_record(self):
        page, details = self.details_of("stubborn")
        expect(details).to_contain_text("no longer needed")
        expect(details).to_contain_text("request")
        expect(self.row(page, "stubborn").locator(".dot.cancelled")).to_have_count(1)
        page.locator(".filter.cancelled").click()
        expect(page.locator(".found")).to_have_text(re.compile(r"^1 of \d tasks$"))
        expect(self.row(page, "stubborn")).to_be_visible()
        expect(self.row(page, "limited")).to_have_count(0)
        expect(page.locator(".row.miss .name").first).to_have_text("main")  # what it is inside of stays

    def test_the_chain_has_lines_scopes_and_branches(self):
        _, details = self.details_of("limited")
        expect(details.locator(".chain .where").first).to_have_text(re.compile(r"^subject\.cpp:\d+$"))
        expect(details.locator(".scope").first).to_contain_text("left")
        _, details = self.details_of("brancher")
        expect(details.locator(".branch")).to_have_count(2)

    def test_a_socket_has_the_line_and_the_task_that_opened_it(self):
        _, details = self.details_of("porter")
        expect(details).to_contain_text(re.compile(r"127\.0\.0\.1:\d+\s*opened at subject\.cpp:\d+ by porter"))

    def test_figures_of_a_task_add_up_to_a_bar(self):
        _, details = self.details_of("limited")
        expect(details.locator(".stack-bar .cost")).to_have_count(4)
        expect(details).to_contain_text("waiting")


class Keyboard(Case):
    def test_everything_is_reached_without_a_mouse(self):
        _, web = self.start("mixed")
        page = self.open(web)
        expect(self.row(page, "limited")).to_be_visible()
        page.locator("#tree").focus()
        selected = page.locator(".row[aria-selected=true]")
        page.keyboard.press("Home")
        expect(selected.locator(".name")).to_have_text("main")
        page.keyboard.press("ArrowLeft")
        expect(selected).to_have_attribute("aria-expanded", "false")
        expect(page.locator(".row")).to_have_count(1)
        page.keyboard.press("ArrowRight")
        expect(selected).to_have_attribute("aria-expanded", "true")
        page.keyboard.press("ArrowDown")
        expect(selected).to_have_attribute("aria-level", "2")
        name = selected.locator(".name").inner_text()
        expect(page.locator(".details-title")).to_have_text(name)
        self.assertEqual(page.locator("#tree").get_attribute("aria-activedescendant"), selected.get_attribute("id"))
        page.keyboard.press("ArrowLeft")
        expect(selected.locator(".name")).to_have_text("main")
        page.keyboard.press("/")
        page.keyboard.type("stubborn")
        expect(page.locator(".found")).to_have_text(re.compile("^1 of"))
        page.keyboard.press("Escape")
        expect(page.locator("#search")).to_have_value("")
        page.keyboard.press("ArrowDown")
        for key, view in zip("123456", ("tasks", "figures", "flame", "waits", "stalls", "findings")):
            page.keyboard.press(key)
            expect(page.locator(f"#tab-{view}")).to_have_attribute("aria-selected", "true")
            expect(page.locator(f"#view-{view}")).to_be_visible()
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#tab-stalls")).to_be_focused()
        page.keyboard.press("?")
        expect(page.locator("#keys")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#keys")).to_be_hidden()

    def test_what_is_selected_survives_new_pictures(self):
        _, web = self.start("mixed")
        page = self.open(web)
        self.row(page, "stubborn").click()
        count = self.pictures(page)
        until(lambda: self.pictures(page) >= count + 2, "new pictures came")
        expect(page.locator(".row[aria-selected=true] .name")).to_have_text("stubborn")
        expect(page.locator(".details-title")).to_have_text("stubborn")


CONTRAST = """() => {
  const light = (colour) => { const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((v) => { const c = v / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const probe = document.body.appendChild(document.createElement('i'));
  const read = (name) => { probe.style.color = `var(--${name})`; return light(getComputedStyle(probe).color); };
  const found = {};
  for (const ink of ['text', 'muted', 'accent', 'running', 'ready', 'bad']) for (const paper of ['bg', 'surface', 'raised']) {
    const [a, b] = [read(ink), read(paper)].sort((x, y) => y - x);
    found[`${ink} on ${paper}`] = (a + 0.05) / (b + 0.05);
  }
  probe.remove();
  return found;
}"""


class Looks(Case):
    def test_both_themes_can_be_read(self):
        _, web = self.start("mixed")
        for theme in ("dark", "light"):
            page = self.open(web, theme=theme)
            expect(page.locator("html")).to_have_attribute("data-theme", theme)
            for pair, ratio in page.evaluate(CONTRAST).items():
                self.assertGreaterEqual(ratio, 4.0 if "bg" in pair else 4.5, f"{theme}: {pair}")

    def test_the_switch_wins_over_the_system_and_is_remembered(self):
        _, web = self.start("mixed")
        page = self.open(web, theme="light")
        page.locator("#theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.keyboard.press("t")
        expect(page.locator("html")).to_have_attribute("data-theme", "light")

    def test_nothing_sticks_out_of_a_phone_or_a_small_window(self):
        _, web = self.start("mixed")
        for width, height in ((390, 844), (1280, 800)):
            page = self.open(web, width=width, height=height)
            expect(self.row(page, "limited")).to_be_visible()
            for key in "123456":
                page.keyboard.press(key)
                self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width)
                self.assertLessEqual(page.evaluate("document.documentElement.scrollHeight"), height)

    def test_on_a_phone_the_details_cover_the_list(self):
        _, web = self.start("mixed")
        page = self.open(web, width=390, height=844)
        self.row(page, "limited").click()
        expect(page.locator(".details-title")).to_have_text("limited")
        expect(page.locator("#details")).to_be_visible()
        page.get_by_role("button", name="Close the details").click()
        expect(page.locator("#details")).to_be_hidden()


MODULES = """async (base) => {
  const load = (name) => import(base + name);
  const [{ Model }, { circles, graph, why }, { flatten, reveal }, { parse, pack }, histograms, format] = await Promise.all(
    ['snapshot.js', 'waits.js', 'rows.js', 'folded.js', 'histograms.js', 'format.js'].map(load));
  const at = (line) => ({ file: 'a.cpp', line, function: 'f' });
  const task = (id, more) => ({ id, name: `t${id}`, spawned: at(1), state: 'waiting', awaits: [at(2)], ...more });
  const on = (owner_id, kind = 'lock') => ({ wait: { kind, object: 'x', address: 1, owner: `t${owner_id}`, owner_id, text: kind } });
  const model = (tasks) => new Model({ loops: [{ loop: 0, backend: 'epoll', task_count: tasks.length, tasks }] });
  const view = (more) => ({ mode: 'tree', search: '', states: [], toggled: new Set(), ...more });
  const deep = Array.from({ length: 20000 }, (_, i) => task(i + 1, { parent: i }));
  const chain = Array.from({ length: 20000 }, (_, i) => task(i + 1, i < 19999 ? on(i + 2) : on(1)));
  const group = [task(1, { wait: { kind: 'group', text: '' } }), task(2, { parent: 1, ...on(3) }), task(3, on(1, 'join'))];
  const either = (kind) => [task(1, { wait: { kind, text: '' }, branches: [{ awaits: [], ...on(2) }, { awaits: [] }] }), task(2, on(1))];
  const same = model([1, 2, 3].map((id) => task(id, { name: undefined, wait: { kind: 'event', address: 7, text: 'event' } })));
  const packed = pack(parse('a;b;c 10\\na;d 5\\nnonsense\\ne 0\\na;b 1\\n', 'running'));
  const now = { count: 10, longest: 9, buckets: [{ upto_ns: 1, count: 4 }, { upto_ns: 9, count: 6 }] };
  return {
    deepRows: flatten(model(deep), view()).rows.length,
    deepCircles: circles(model(deep)).length,
    longRing: circles(model(chain)).map((part) => part.length),
    throughGroup: graph(model(group)).rings.map((ring) => ring.nodes.map(({ title }) => title)),
    gather: circles(model(either('gather'))).length,
    race: circles(model(either('race'))).length,
    ready: circles(model([task(1, { state: 'ready', ...on(2) }), task(2, on(1))])).length,
    limits: [
      [task(1, { ...on(2), limit_left: 2e9 }), task(2, on(1))],
      [task(1, { wait: { kind: 'gather', text: '' }, branches: [{ awaits: [], ...on(2), limit_left: 2e9 }] }), task(2, on(1))],
      [task(1, { wait: { ...on(2).wait, left: -1 } }), task(2, on(1))],
      [task(1, on(2)), task(2, { ...on(1), cancelled: { kind: 'request', text: '', since: 1 } })],
      [task(3, { wait: { kind: 'group', text: '' }, limit_left: 5e9 }), task(1, { parent: 3, ...on(2) }), task(2, on(1))],
      [task(4, { cancelled: {}, wait: { kind: 'group', text: '' } }), task(3, { parent: 4, wait: { kind: 'group', text: '' } }), task(1, { parent: 3, ...on(2) }), task(2, on(1))],
      [task(3, { limit_left: 1, wait: { kind: 'sleep', text: '' } }), task(1, on(2)), task(2, on(1))],
    ].map((tasks) => graph(model(tasks)).rings.map(({ limit }) => limit && `${limit.title} ${limit.text}`)),
    // A limited way between tasks of a deadlock makes it none that ends.
    both: graph(model([task(1, { wait: { kind: 'gather', text: '' }, branches: [{ awaits: [], ...on(2) }, { awaits: [], ...on(3), limit_left: 1 }] }), task(2, on(1)), task(3, on(1))])).rings.map(({ size, limit }) => [size, limit]),
    stepped: (() => {
      const loops = (steps) => ({ loops: [{ loop: 0, backend: 'epoll', task_count: 2, steps, tasks: [task(1, on(2)), task(2, on(1))] }] });
      const first = new Model(loops(2));
      const unsure = Boolean(graph(first).rings[0].limit);
      const second = new Model(loops(2));
      second.ringKeysBefore = first.ringKeys;
      return [unsure, Boolean(graph(second).rings[0].limit), Boolean(graph(new Model(loops(undefined))).rings[0].limit)];
    })(),
    acrossLoops: (() => {
      const asks = { wait: { kind: 'other loop', loop: 1, address: 1, owner: 'a.cpp:1', owner_id: 2, text: 'other loop 1' } };
      const loops = () => new Model({ loops: [[task(1, asks)], [task(2, { ...on(1), sender: "task 't1' of loop 0", sender_id: 1 })]].map((tasks, loop) => ({ loop, backend: 'epoll', task_count: 1, tasks })) });
      const first = loops();
      const [ring] = graph(first).rings;
      const second = loops();
      second.ringKeysBefore = first.ringKeys;
      return [ring.size, ring.edges.map(({ what }) => what).sort(), Boolean(ring.limit), Boolean(graph(second).rings[0].limit)];
    })(),
    whyLimited: why(model([task(1, { ...on(2), limit_left: 2e9 }), task(2, on(1))]), 1).limit.text,
    why: why(model(group), 2).steps.map(({ title }) => title),
    whyCircle: why(model([task(1, on(2)), task(2, on(1))]), 1).circle,
    grouped: flatten(same, view()).rows.map(({ kind, count }) => [kind, count]),
    opened: flatten(same, view({ toggled: new Set([same.groupsInside('loop 0')[0].key]) })).rows.length,
    revealed: (() => { const v = view({ search: 'nothing' }); return [reveal(same, v, 2), v.search, flatten(same, v).rows.length]; })(),
    packed: [packed.value, packed.children[0].name, packed.children[0].children.map(({ name, value }) => [name, value])],
    waits: pack(parse('t;l;socket: 1.2.3.4:5 3\\nt;l;socket: 5.6.7.8:9 4', 'waiting')).children[0].children[0].children.map(({ name, value }) => [name, value]),
    since: histograms.since(now, { count: 4, buckets: [{ upto_ns: 1, count: 4 }] }),
    restarted: histograms.since(now, { count: 50, buckets: [] }).count,
    names: ['gyre::http::internal::ServerConnection::run', 'gyre::net::', 'main', 'gyre::fs::open', undefined].map(format.functionName),
    median: histograms.quantile(now.buckets, 0.5),
    lower: [1, 8, 9, 18].map(histograms.lower),
    durations: [0, 999, 1000, 12345, 3.07e6, 1.2e9, 125e9, 11040e9, 190000e9, -5, undefined].map(format.duration),
  };
}"""


class Modules(Case):
    """What the page computes, called directly."""

    def test_graphs_rows_flames_and_numbers(self):
        _, web = self.start("crowd", 1)
        page = self.open(web)
        got = page.evaluate(MODULES, web.url)
        self.assertEqual(got["deepRows"], 20000)
        self.assertEqual(got["deepCircles"], 0)
        self.assertEqual(got["longRing"], [20000])
        self.assertEqual([sorted(ring) for ring in got["throughGroup"]], [["t1", "t2", "t3"]])
        self.assertEqual((got["gather"], got["race"], got["ready"]), (1, 0, 0))
        self.assertEqual(got["limits"], [
            ["t1 has a time limit, 2 s left"], ["t1 has a time limit, 2 s left"], ["t1 has a time limit that has passed"], ["t2 is being cancelled"],
            ["t1 is in a group of 't3', which has a time limit, 5 s left"], ["t1 is in a group of 't4', which is being cancelled"], [None]])
        self.assertEqual(got["both"], [[2, None]])
        self.assertEqual(got["stepped"], [True, False, False])
        self.assertEqual(got["acrossLoops"], [2, ["its work on loop 1", "lock 'x'"], True, False])
        self.assertEqual(got["whyLimited"], "has a time limit, 2 s left")
        self.assertEqual(got["why"], ["t2", "t3", "t1"])
        self.assertEqual(got["whyCircle"], 1)
        self.assertEqual(got["grouped"], [["group", 3]])
        self.assertEqual(got["opened"], 4)
        self.assertEqual(got["revealed"], ["t2", "", 4])
        self.assertEqual(got["packed"], [16, "a", [["b", 11], ["d", 5]]])
        self.assertEqual(got["waits"], [["waits on socket", 7]])
        self.assertEqual((got["since"]["count"], got["since"]["buckets"], got["restarted"]), (6, [{"upto_ns": 9, "count": 6}], 10))
        self.assertEqual(got["names"], ["ServerConnection::run", "", "main", "open", ""])
        self.assertEqual(got["median"], 9)
        self.assertEqual(got["lower"], [0, 7, 8, 16])
        self.assertEqual(got["durations"], ["0 ns", "999 ns", "1 µs", "12.3 µs", "3.07 ms", "1.2 s", "2 m 05 s", "3 h 04 m", "2 d 04 h", "−5 ns", "—"])


if __name__ == "__main__":
    GYRE = sys.argv.pop(1)
    run_tests()

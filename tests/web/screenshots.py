#!/usr/bin/env python3
"""Takes the pictures of `gyre web` in the manual.

usage: screenshots.py PATH_TO_GYRE FOLDER [deadlock|serve|get...]
"""

import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect

from browser import Browser
from running import Load, Program, Web, subject, until

GYRE, FOLDER = sys.argv[1], Path(sys.argv[2])


def shot(page, name):
    page.screenshot(path=FOLDER / f"web-{name}.png")


def serving(browser):
    with Load(GYRE, clients=16) as load, Web(GYRE, load.pid) as web:
        page = browser.page(web.url, theme="dark")
        page.wait_for_timeout(25_000)  # for the lines to be worth looking at
        page.locator(".row[data-kind=group]").first.click()
        page.wait_for_timeout(500)
        shot(page, "serve-dark")
        page.keyboard.press("2")
        until(lambda: page.locator(".bar").count() > 20, "bars")
        shot(page, "figures-dark")
        page.keyboard.press("t")
        shot(page, "figures-light")
        page.keyboard.press("3")
        until(lambda: page.locator(".frame").count() > 5, "frames")
        page.wait_for_timeout(500)
        shot(page, "flame-light")
        page.keyboard.press("1")
        page.wait_for_timeout(500)
        shot(page, "serve-light")


def watch(pid):
    """The page of a process that may not have its socket yet."""

    def begin():
        try:
            return Web(GYRE, pid)
        except RuntimeError:
            return None

    return until(begin, "a control socket")


def getting(browser):
    """The other side: a few downloads that last."""
    with tempfile.TemporaryDirectory() as folder:
        names = [f"disk-{number}.img" for number in range(1, 9)]
        for name in names:
            with open(Path(folder, name), "wb") as file:
                file.truncate(200 << 30)  # holes, which take no room
        with Program(GYRE, "serve", folder, "--port", "0") as server:
            base = re.search(r"http://[\d.]+:\d+/", server.line).group()
            get = [GYRE, "get", *(base + name for name in names), "-j", "8", "--discard"]
            # It prints nothing before its end, of which nobody waits for here.
            with Program("sh", "-c", 'echo $$; exec "$@"', "sh", *get) as client, watch(int(client.line)) as web:
                page = browser.page(web.url, theme="dark")
                page.wait_for_timeout(25_000)
                page.get_by_text("disk-3.img").first.click()
                page.wait_for_timeout(500)
                shot(page, "get-dark")
                page.keyboard.press("2")
                until(lambda: page.locator(".bar").count() > 20, "bars")
                page.keyboard.press("t")
                page.wait_for_timeout(500)
                shot(page, "get-figures-light")
                page.keyboard.press("1")
                page.wait_for_timeout(500)
                shot(page, "get-light")


def deadlock(browser):
    with subject(GYRE, "deadlock", 2) as program, Web(GYRE, program.pid) as web:
        for theme in ("dark", "light"):
            page = browser.page(web.url + "#waits", theme=theme)
            expect(page.locator(".node")).to_have_count(2)
            page.wait_for_timeout(3000)
            shot(page, f"deadlock-{theme}")


PICTURES = {"deadlock": deadlock, "serve": serving, "get": getting}
browser = Browser()
FOLDER.mkdir(parents=True, exist_ok=True)
for name in sys.argv[3:] or PICTURES:
    PICTURES[name](browser)
browser.close()

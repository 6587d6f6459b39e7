#!/usr/bin/env python3
"""Takes the pictures of `gyre web` in the manual.

usage: screenshots.py PATH_TO_GYRE FOLDER
"""

import sys
from pathlib import Path

from playwright.sync_api import expect

from browser import Browser
from running import Load, Web, subject, until

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


def deadlock(browser):
    with subject(GYRE, "deadlock", 2) as program, Web(GYRE, program.pid) as web:
        for theme in ("dark", "light"):
            page = browser.page(web.url + "#waits", theme=theme)
            expect(page.locator(".node")).to_have_count(2)
            page.wait_for_timeout(3000)
            shot(page, f"deadlock-{theme}")


browser = Browser()
FOLDER.mkdir(parents=True, exist_ok=True)
deadlock(browser)
serving(browser)
browser.close()

"""Headless Chromium, steered by Playwright."""

import os
import shutil

from playwright.sync_api import sync_playwright

from running import PATIENCE

# Chromium asks hosts of its maker for this and that unless it is told not to.
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def find_chromium():
    found = os.environ.get("GYRE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        raise RuntimeError("no Chromium here: install it (Debian's package chromium), or name it in GYRE_CHROMIUM")
    return found


class Browser:
    def __init__(self):
        self.playwright = sync_playwright().start()
        options = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
        self.chromium = self.playwright.chromium.launch(executable_path=find_chromium(), args=options)

    def page(self, url, *, theme="dark", width=1280, height=800):
        """A page that keeps what went wrong in `.complaints`, and where it went in `.asked`."""
        page = self.chromium.new_page(viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce")
        page.set_default_timeout(PATIENCE * 1000)
        page.complaints, page.asked = [], []
        # That an answer is an error is the page's to tell; that a part of the page is missing is not.
        page.on("console", lambda message: page.complaints.append(message.text) if message.type in ("error", "warning") and "Failed to load resource" not in message.text else None)
        page.on("response", lambda answer: page.complaints.append(f"{answer.status} {answer.url}") if answer.status >= 400 and "/api/" not in answer.url else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(url)
        return page

    def close(self):
        self.chromium.close()
        self.playwright.stop()

"""What the tests of `gyre web` start: programs to be looked at, and the server of the page."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

PATIENCE = 30  # seconds: for machines that are busy with other things


class Program:
    """A child that is killed at the end. `line` is the first line that it prints."""

    def __init__(self, *arguments, env=None):
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ, **(env or {})))
        self.errors = []
        self._reader = threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True)
        self._reader.start()
        self.line = self.process.stdout.readline()
        if not self.line:
            self.close()
            raise RuntimeError(f"{arguments} printed nothing: {''.join(self.errors)}")
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self):
        with contextlib.suppress(ValueError):
            for _ in self.process.stdout:
                pass

    @property
    def pid(self):
        return self.process.pid

    def signal(self, number):
        self.process.send_signal(number)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Web(Program):
    """`gyre web` for a process."""

    def __init__(self, gyre, target, *arguments):
        super().__init__(gyre, "web", str(target), *arguments)
        self.url = re.search(r"http://127\.0\.0\.1:\d+/\w+/", self.line).group()
        self.port = int(self.url.split(":")[2].split("/")[0])
        self.path = "/" + self.url.split("/", 3)[3]


def subject(gyre, *arguments, env=None):
    return Program(Path(gyre).parent / "tests" / "web_subject", *map(str, arguments), env=env)


class Load:
    """`gyre serve` with clients that fetch from it all the time."""

    def __init__(self, gyre, clients=40):
        self.folder = tempfile.mkdtemp()
        for name, size in (("index.html", 2_000), ("picture.bin", 60_000), ("film.bin", 3_000_000)):
            Path(self.folder, name).write_bytes(os.urandom(size))
        self.server = Program(gyre, "serve", self.folder, "--port", "0", "--loops", "2")
        base = re.search(r"http://[\d.]+:\d+/", self.server.line).group()
        urls = Path(self.folder, "urls.txt")
        urls.write_text("".join(base + name + "\n" for _ in range(2_000) for name in ("index.html", "index.html", "picture.bin", "index.html", "film.bin")))
        self.ended = threading.Event()
        self.get = [gyre, "get", "-i", str(urls), "-j", str(clients), "--discard", "--json"]
        self.child = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.ended.is_set():
            self.child = subprocess.Popen(self.get, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.child.wait()

    @property
    def pid(self):
        return self.server.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        if self.child:
            self.child.kill()
        self.thread.join()
        self.server.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def until(condition, what, patience=PATIENCE):
    """Waits for a condition. The page's policy forbids the `eval` that Playwright's own waiting needs."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience} s: {what}")
        time.sleep(0.05)


def run_tests():
    """Runs the tests of the script that was started, and ends with the line that `./dev check` counts by."""
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    raise SystemExit(failed > 0)

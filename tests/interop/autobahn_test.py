#!/usr/bin/env python3
"""The Autobahn TestSuite against our WebSocket server and our client: all of 1 to 10, 12 and 13.

usage: autobahn_test.py BUILD/tests [--full]

The suite is autobahntestsuite of PyPI, which needs Python 2.7; peers/autobahn_suite.py runs its cases on Python 3. The cases of 9.7, 9.8, 12
and 13 send 1000 messages each with --full, else 5. A case has to end OK, or as ALLOWED says, with the reason.
"""

import collections
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time

from world import World, free_port, report  # finds the folder peers too
import toolbox
from toolbox import FOLDER, HERE

SUITE = "autobahntestsuite==25.10.1"
AUTOBAHN = "autobahn==26.10.2"
CASES = 517
ALLOWED = {
    "7.1.6": ("INFORMATIONAL", "a close frame behind a message that is still on its way: the RFC leaves open what comes back"),
    "7.13.1": ("INFORMATIONAL", "a close code of 5000: the RFC does not define it"),
    "7.13.2": ("INFORMATIONAL", "a close code of 65536: the RFC does not define it"),
}
IN_TIME = ("NON-STRICT", "the text is refused as soon as it is wrong; a second to do so may be short beside the other cases")
ALLOWED |= {f"6.4.{number}": IN_TIME for number in range(1, 5)}
# Beside 1000 messages the small number tells the same of framing and compression.
MESSAGES, ALL_MESSAGES = 5, 1000


def get_suite():
    """The folder autobahntestsuite of the source package."""
    folder = FOLDER / "autobahn" / SUITE
    if not (folder / "autobahntestsuite").exists():
        python = toolbox.python(AUTOBAHN)
        downloads = FOLDER / "downloads" / "autobahn"
        shutil.rmtree(downloads, ignore_errors=True)
        toolbox.run([python, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:", "-d",
                     str(downloads), SUITE], f"pip download {SUITE}")
        with tarfile.open(next(downloads.glob("*.tar.gz"))) as archive:
            archive.extractall(downloads, filter="data")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.move(str(next(downloads.glob("*/autobahntestsuite"))), folder)
        shutil.rmtree(downloads)
    return folder / "autobahntestsuite"


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def take(self, title, output, begun):
        results = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        counts = collections.Counter(result["behavior"] for result in results)
        bad = [result for result in results if not is_good(result)]
        missing = CASES - len({result["id"] for result in results})
        said = ", ".join(f"{count} {behavior}" for behavior, count in sorted(counts.items()))
        print(f"{'FAILED' if bad or missing else 'ok':7} {title}: {said}; {time.monotonic() - begun:.0f} s", flush=True)
        for result in bad:
            print(f"        {result['id']}: {result['behavior']}, closed {result['close']}: {result['why']}", flush=True)
        if missing:
            print(f"        {missing} cases were not run", flush=True)
        self.passed += len(results) - len(bad)
        self.failed += len(bad) + missing


def is_good(result):
    if result["behavior"] == "OK":
        return result["close"] == "OK"
    return result["behavior"] == ALLOWED.get(result["id"], ("", ""))[0]


def main():
    messages = ALL_MESSAGES if "--full" in sys.argv else MESSAGES
    suite, python = get_suite(), toolbox.python(AUTOBAHN)
    program = [python, HERE / "autobahn_suite.py", suite]
    world = World(sys.argv[1])
    tally = Tally()
    try:
        for backend in ("epoll", "io_uring"):
            begun = time.monotonic()
            port, _ = world.gyre(backend=backend)
            command = [*program, "client", f"ws://127.0.0.1:{port}/ws", 32, messages]
            done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=7200)
            tally.take(f"our server, {backend}", done.stdout, begun)

            begun = time.monotonic()
            port = free_port()
            with open(world.root / f"suite-{backend}", "w+") as output:
                server = subprocess.Popen(list(map(str, [*program, "server", port, messages])), stdin=subprocess.PIPE, stdout=output,
                                          stderr=subprocess.DEVNULL)
                world.wait_for(port, server)
                client = subprocess.run([world.programs / "interop_client", "websocket", f"http://127.0.0.1:{port}", "16"],
                                        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=7200,
                                        env=dict(os.environ, GYRE_BACKEND=backend))
                server.communicate()
                output.seek(0)
                tally.take(f"our client, {backend}", output.read(), begun)
            if client.returncode != 0:
                print(f"FAILED  our client ended with status {client.returncode}: {client.stderr[-500:]}")
                tally.failed += 1
        for name, (behavior, reason) in ALLOWED.items():
            print(f"        {name} may be {behavior}: {reason}")
    finally:
        world.close()
    return report(tally.passed, tally.failed)


if __name__ == "__main__":
    sys.exit(main())

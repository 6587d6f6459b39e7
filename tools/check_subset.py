#!/usr/bin/env python3
"""Holds gyre's sources to the rules that no compiler enforces.

  - coroutine code stays in the subset that GCC 12 compiles correctly (docs/gcc12.md says why);
  - clocks, chance, files and sockets are reached through the loop, so that a simulation can replace them;
  - includes go down the floors only, and public headers show no dependency.

usage: tools/check_subset.py [FILE...]      default: every source that git knows, and new ones
Prints `file:line: rule: what to write instead`, and exits 1 if there was anything to say.

A line may waive a rule for itself, with a reason:   // seam: REASON   for direct-call,   // subset: REASON   for the others.
The comment stands on the line, or alone on the line before.
"""

import os
import subprocess
import sys

from subset.awaits import check_awaits
from subset.classes import constructed_classes, one_definition
from subset.functions import check_functions, check_thread_locals
from subset.includes import check_headers, check_includes, check_words
from subset.seams import check_direct
from subset.source import Problem, Source
from subset.structure import Reader

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ("include/", "src/", "cli/", "examples/", "tests/", "bench/", "fuzz/")
NOT_OURS = ("tests/canary/", "tests/acceptance/", "tests/install/", "bench/peers/")


def check_source(source, constructed):
    problems = set()

    def report(line, rule, text):
        waived = source.waivers.get(line, ())
        if ("seam" if rule == "direct-call" else "subset") not in waived:
            problems.add(Problem(line, rule, text))

    check_awaits(source, constructed, report)
    check_functions(source, report)
    check_thread_locals(source, report)
    check_direct(source, report)
    check_includes(source, report)
    check_headers(source, report)
    check_words(source, report)
    return sorted(problems)


def load(path, text=None):
    if text is None:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
    source = Source(path, text)
    source.reader = Reader(source)
    return source


def check_text(path, text, constructed=()):
    """The problems of one text that stands at `path`: for the tests."""
    source = load(path, text)
    return check_source(source, constructed_classes(source) | set(constructed))


def default_files():
    """What git knows and new files; without git (an unpacked archive) what lies there."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard"],
                            cwd=ROOT, capture_output=True, text=True, check=False)
    paths = listed.stdout.split("\n")
    if listed.returncode != 0:
        paths = [os.path.relpath(os.path.join(folder, name), ROOT)
                 for top in FOLDERS for folder, _, names in os.walk(os.path.join(ROOT, top)) for name in names]
    return [p for p in sorted(set(paths))
            if p.startswith(FOLDERS) and not p.startswith(NOT_OURS) and p.endswith((".hpp", ".cpp")) and os.path.exists(os.path.join(ROOT, p))]


def main(arguments):
    paths = [os.path.relpath(os.path.abspath(a), ROOT) for a in arguments] or default_files()
    sources = [load(path) for path in paths]
    constructed = set()
    for source in sources:
        constructed |= constructed_classes(source)
    problems = [(source.path, problem) for source in sources for problem in check_source(source, constructed)]
    problems += one_definition(sorted(sources, key=lambda source: source.path.startswith("tests/")))
    for path, problem in problems:
        print(f"{path}:{problem.line}: {problem.rule}: {problem.text}")
    print(f"{len(sources)} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

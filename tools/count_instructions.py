#!/usr/bin/env python3
"""Counts the instructions of fixed small works with callgrind, and holds them against the budgets in bench/budgets.json.

usage: tools/count_instructions.py [--renew | --without OTHER] PROGRAM COMPILER      PROGRAM is build/release/bench/smoke
A count does not depend on how busy the machine is, but on the compiler: each version has its own budgets. For a version without any
the step says so and passes. `--renew` writes what is counted now as the budgets of this compiler. `--without` counts OTHER as well, which is
built without marks (the preset no-marks), and holds what they cost against their budget.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUDGETS = os.path.join(ROOT, "bench", "budgets.json")
ALLOWED = 1.03
"""A count may be this many times its budget."""
MARKS = {"http": 1.02}
"""The marks and the sampled clock may cost this many times a work without them."""
MARKS_OF_THE_SMALLEST = 1.10
"""The same of a work that does nothing but suspend."""
SLACK = 0.99
"""Below this it is worth renewing the budget: what it leaves, a later loss could use up unseen."""


def compiler_name(version_line):
    """`clang 19.1` or `gcc 12.2` of the first line of --version: patch releases of a distribution do not change the code."""
    found = re.search(r"(clang version|gcc|g\+\+)[^\d]*?(?:\([^)]*\) )?(\d+\.\d+)", version_line)
    if found is None:
        return version_line.strip()
    return f"{'clang' if found.group(1).startswith('clang') else 'gcc'} {found.group(2)}"


def counted(text):
    """The total of a file that callgrind wrote."""
    found = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
    if found is None:
        raise ValueError("callgrind wrote no total")
    return int(found.group(1))


def count(program, work, backend):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--collect-atstart=no", "--toggle-collect=counted_work",
                   program, work, backend]
        # Which variant of memcpy glibc takes depends on the processor; without this, so would the count.
        plain = {**os.environ, "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX512F,-ERMS,-FSRM,-AVX_Fast_Unaligned_Load", "GYRE_BACKEND": backend}
        done = subprocess.run(command, env=plain, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{work} on {backend} failed under callgrind:\n{done.stdout}")
        with open(out) as file:
            return counted(file.read())


def count_all(program):
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        # Valgrind 3.19 dies of the debug information of clang 19; the names of functions are all that it needs.
        plain = os.path.join(folder, "plain")
        subprocess.run(["strip", "--strip-debug", "-o", plain, program], check=True)
        listing = subprocess.run([plain], stdout=subprocess.PIPE, text=True, check=True).stdout
        for line in listing.splitlines():
            work, backends = line.split()
            for backend in backends.split(","):
                counts[f"{work}/{backend}"] = count(plain, work, backend)
    return counts


def judge(counts, budgets):
    """Lines to print, and how many works passed and failed. A work without a budget fails: it would never be seen again."""
    lines, failed = [], 0
    for name, value in counts.items():
        budget = budgets.get(name)
        if budget is None:
            lines.append(f"{name}: {value:,} instructions, and no budget: renew them")
            failed += 1
            continue
        change = f"{(value / budget - 1) * 100:+.1f} %"
        if value > budget * ALLOWED:
            lines.append(f"error: {name}: {value:,} instructions, the budget is {budget:,} ({change})")
            failed += 1
        else:
            lines.append(f"{name}: {value:,} of {budget:,} ({change})" + ("; renew the budget" if value < budget * SLACK else ""))
    for name in budgets.keys() - counts.keys():
        lines.append(f"error: {name}: has a budget and is no work any more: renew them")
        failed += 1
    return lines, len(counts) + len(budgets.keys() - counts.keys()) - failed, failed


def judge_marks(counts, without):
    """Lines to print of what the marks cost, and how many works passed and failed."""
    lines, failed = [], 0
    for name, value in counts.items():
        allowed = MARKS.get(name.split("/")[0], MARKS_OF_THE_SMALLEST)
        cost = value / without[name]
        verdict = "" if cost <= allowed else "error: "
        failed += cost > allowed
        lines.append(f"{verdict}{name}: {value:,} instructions, {without[name]:,} without marks ({(cost - 1) * 100:+.2f} %, at most {(allowed - 1) * 100:+.0f} %)")
    return lines, len(counts) - failed, failed


def load():
    if not os.path.exists(BUDGETS):
        return {}
    with open(BUDGETS) as file:
        return json.load(file)


def main(argv):
    parser = argparse.ArgumentParser(description="Counts instructions of fixed works and holds them against their budgets.")
    parser.add_argument("--renew", action="store_true", help="write what is counted now as the budgets of this compiler")
    parser.add_argument("--without", metavar="OTHER", help="the program built without marks: hold what they cost against their budget")
    parser.add_argument("program")
    parser.add_argument("compiler", help="the compiler that built the program")
    chosen = parser.parse_args(argv)
    if chosen.without:
        lines, passed, failed = judge_marks(count_all(chosen.program), count_all(chosen.without))
        print("\n".join(lines))
        print(f"{passed} passed, {failed} failed")
        return 1 if failed else 0
    version = subprocess.run([chosen.compiler, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[0]
    key = f"{compiler_name(version)} {os.uname().machine}"
    budgets = load()
    if chosen.renew:
        budgets[key] = count_all(chosen.program)
        with open(BUDGETS, "w") as file:
            file.write(json.dumps(budgets, indent=1, sort_keys=True) + "\n")
        print(f"the budgets of {key} are renewed")
        return 0
    if key not in budgets:
        print(f"skipped: there are no budgets for {key}, only for {', '.join(sorted(budgets)) or 'nothing'}")
        return 0
    lines, passed, failed = judge(count_all(chosen.program), budgets[key])
    print("\n".join(lines))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

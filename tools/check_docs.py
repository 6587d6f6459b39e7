#!/usr/bin/env python3
"""Compiles every whole program in the manual: each C++ block that has a `main` or an #include.

usage: tools/check_docs.py [FILE...]        default: README*.md and docs/*.md
"""

import concurrent.futures
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILER = os.environ.get("CXX", "clang++-19")
BLOCK = re.compile(r"^```cpp\n(.*?)^```", re.M | re.S)


def programs(path):
    text = path.read_text()
    for block in BLOCK.finditer(text):
        code = block.group(1)
        if "#include <gyre/" in code:
            yield path, text.count("\n", 0, block.start()) + 2, code


def compile_one(program):
    path, line, code = program
    name = path.relative_to(ROOT)
    result = subprocess.run([COMPILER, "-std=c++20", "-Wall", "-Wextra", "-Wno-missing-designated-field-initializers",
                             "-fsyntax-only", f"-I{ROOT}/include", "-x", "c++", "-"],
                            input=f'#line {line} "{name}"\n{code}', capture_output=True, text=True)
    return result.returncode == 0, f"{name}:{line}", result.stderr


def main():
    paths = [Path(name).resolve() for name in sys.argv[1:]] or sorted([*ROOT.glob("README*.md"), *ROOT.glob("docs/*.md")])
    found = [program for path in paths for program in programs(path)]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for good, place, output in pool.map(compile_one, found):
            if not good:
                failed += 1
                print(f"FAILED   {place}\n{output}")
    print(f"{len(found) - failed} passed, {failed} failed")
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(main())

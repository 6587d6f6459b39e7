#!/usr/bin/env python3
"""Compiles and runs every C++ block of the manual, against an installed gyre, and compares what the programs print.

usage: tools/check_docs.py PREFIX [FILE...]        default: README*.md and docs/*.md

A table of the manual with a last column `test` must name existing tests in every row.

A block with a `main` is a program. It must end by itself with status 0; if the next block of the page is a ```text block that
follows at once, that is what it must print, line by line ("..." in a line stands for anything).
Any other block gets <gyre/gyre.hpp>, <gyre/http.hpp> if there is one, and the std::chrono literals. If it defines functions,
the last `gyre::Task<> name()` in it is run; else it is the inside of a coroutine, which is run. What a block takes for granted
is given in a comment of the page just above it, which readers do not see:

    <!-- around            <!-- before
    code at file scope     code in the coroutine before the block
    -->                    -->
"""

import concurrent.futures
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILER = os.environ.get("CXX", "clang++-19")
PIECE = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$|^<!-- (?P<kind>around|before)\n(?P<hidden>.*?)^-->$", re.M | re.S)

FUNCTION = re.compile(r"^(?!if|for|while|switch|auto \w+ =)[\w:<>,&* ]+ \w+\(.*\) (-> [\w:<>]+ )?\{", re.M)


class Block:
    def __init__(self, path, line, code, around="", before=""):
        self.place = f"{path.relative_to(ROOT)}:{line}"
        self.expected = None
        mark = f'#line {line} "{path.relative_to(ROOT)}"\n'
        if re.search(r"\bint main\(", code):
            self.source = mark + code
            return
        prelude = ("#include <gyre/gyre.hpp>\n#if __has_include(<gyre/http.hpp>)\n#include <gyre/http.hpp>\n#endif\n"
                   "#include <iostream>\n#include <string>\n#include <vector>\nusing namespace std::chrono_literals;\n")
        if FUNCTION.search(code):
            mains = re.findall(r"^gyre::Task<> (\w+)\(\) \{$", code, re.M)
            run = f"gyre::run({mains[-1]}());" if mains else ""
            self.source = f"{prelude}{around}{mark}{code}\nint main() {{ {run} }}\n"
        else:
            self.source = (f"{prelude}{around}gyre::Task<> example() {{\n{before}{mark}{code}\nco_return;\n}}\n"
                           "int main() { gyre::run(example()); }\n")


def blocks_of(path):
    text = path.read_text()
    hidden, last, end = {}, None, 0
    for piece in PIECE.finditer(text):
        follows_at_once = text[end:piece.start()].strip() == ""
        end = piece.end()
        if piece["kind"]:
            hidden[piece["kind"]] = piece["hidden"]
        elif piece["language"] == "cpp":
            last = Block(path, text.count("\n", 0, piece.start()) + 2, piece["code"], **hidden)
            hidden = {}
            yield last
        else:
            if piece["language"] == "text" and last and follows_at_once:
                last.expected = piece["code"]
            last = None


def prints_as_told(expected, output):
    pattern = "".join(re.escape(line).replace(re.escape("..."), ".*") + "\n" for line in expected.splitlines())
    return re.fullmatch(pattern, output) is not None


def run_one(block, flags):
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "block.cpp"), Path(folder, "block")
        source.write_text(block.source)
        wanted = {"gtest.hpp": "-lgtest", "simdjson.hpp": "-lsimdjson"}
        libraries = [library for header, library in wanted.items() if header in block.source]
        cached = [shutil.which("ccache")] if shutil.which("ccache") else []
        compiled = subprocess.run([*cached, COMPILER, "-std=c++20", "-Wall", "-Wextra", "-Wno-missing-designated-field-initializers",
                                   "-Wno-unused-variable", *flags[0], "-c", "block.cpp", "-o", "block.o"],
                                  capture_output=True, text=True, cwd=folder)
        if compiled.returncode == 0:
            compiled = subprocess.run([COMPILER, "block.o", "-o", "block", *libraries, *flags[1]], capture_output=True, text=True, cwd=folder)
        if compiled.returncode != 0:
            return "does not compile\n" + compiled.stderr[:4000]
        try:
            done = subprocess.run([str(program)], capture_output=True, text=True, cwd=folder, timeout=30, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return "does not end within 30 seconds"
        if done.returncode != 0:
            return f"exit status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        if block.expected is not None and not prints_as_told(block.expected, done.stdout):
            return f"prints\n{done.stdout}--- and not\n{block.expected}"
        return None


TEST = re.compile(r"^(?:GYRE_TEST|GYRE_SEEDED_TEST|TEST|TEST_F|TEST_P)\((\w+),\s*(\w+)\)", re.M)


def missing_tests(path):
    """A table whose last column is headed `test` names a test that exists in each of its rows."""
    known = {f"{suite}.{name}" for source in ROOT.glob("tests/**/*.cpp") for suite, name in TEST.findall(source.read_text())}
    in_table = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            in_table = False
        elif cells[-1] == "test":
            in_table = True
        elif in_table and not set(line) <= set("|- "):
            names = re.findall(r"`([^`]+)`", cells[-1])
            if not names or any(name not in known for name in names):
                yield f"{path.relative_to(ROOT)}:{number}: there is no test '{cells[-1]}'"


def pkg_config(prefix, *arguments):
    folders = {str(path.parent) for path in Path(prefix).rglob("gyre.pc")}
    environment = {**os.environ, "PKG_CONFIG_PATH": ":".join(folders)}
    return shlex.split(subprocess.run(["pkg-config", *arguments, "gyre"], env=environment, check=True, capture_output=True, text=True).stdout)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    prefix = Path(sys.argv[1]).resolve()
    flags = pkg_config(prefix, "--cflags"), pkg_config(prefix, "--libs", "--static")
    paths = [Path(name).resolve() for name in sys.argv[2:]] or sorted([*ROOT.glob("README*.md"), *ROOT.glob("docs/**/*.md")])
    blocks = [block for path in paths for block in blocks_of(path)]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for block, wrong in zip(blocks, pool.map(lambda block: run_one(block, flags), blocks)):
            if wrong:
                failed += 1
                print(f"FAILED   {block.place}: {wrong}")
    for path in paths:
        for wrong in missing_tests(path):
            failed += 1
            print(f"FAILED   {wrong}")
    print(f"{len(blocks) + len(paths) - failed} passed, {failed} failed")
    return 1 if failed or not blocks else 0


if __name__ == "__main__":
    sys.exit(main())

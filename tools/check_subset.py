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

import bisect
import os
import re
import subprocess
import sys
from collections import namedtuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ("include/", "src/", "cli/", "examples/", "tests/", "bench/", "fuzz/")
NOT_OURS = ("tests/canary/", "tests/acceptance/", "tests/install/", "bench/peers/")

# Which folders a folder may include, besides itself. Floors: backend 0, core 1, sync 2, net and os 3 (os above net, whose
# streams its pipes are), exec 4, http 5.
MAY_INCLUDE = {
    "backend": set(),
    "core": {"backend"},
    "sync": {"core"},
    "net": {"sync", "core", "backend"},
    "os": {"net", "sync", "core", "backend"},
    "exec": {"sync", "core", "os", "backend"},
    "http": {"net", "os", "exec", "sync", "core"},
    "obs": {"core", "sync", "net", "http", "backend"},
    "sim": {"core", "sync", "backend"},
    "testing": {"core", "sync", "net", "backend", "obs"},
}
HIDDEN_DEPENDENCIES = re.compile(r"(openssl/|ares|liburing|fmt/|nghttp2|idn2|libpsl|zlib|brotli/|zstd|msgpack)")

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*(?:\\\n[^\n]*)*|/\*.*?\*/)
      | (?P<raw>(?:u8|[uUL])?R"(?P<delimiter>[^()\s\\]{0,16})\(.*?\)(?P=delimiter)")
      | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*")
      | (?P<char>(?:u8|[uUL])?'(?:\\.|[^'\\\n])+')
      | (?P<number>\.?\d(?:[eEpP][+-]|'?[\w.])*)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<operator>::|->|&&|\|\||\.\.\.|<=>|==|!=|<=|>=|\+\+|--|[-+*/%&|^]=|.)
      | (?P<space>\s+)""",
    re.X | re.S,
)

Token = namedtuple("Token", "text kind line")
Problem = namedtuple("Problem", "line rule text")


class Source:
    """A file as tokens, without comments, preprocessor lines and #else branches; brackets matched."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.waivers = {}  # line -> {"seam", "subset"}
        self.comments = []
        self.includes = []  # (line, "name", is_angle)
        self.tokens = []
        self.match = {}
        self._taken = []  # for each open #if: has a branch of it been read?
        self._read(text)
        self._match()

    def _read(self, text):
        newlines = [m.start() for m in re.finditer("\n", text)]
        line_of = lambda at: bisect.bisect_left(newlines, at) + 1
        dropped = []  # for each open #if: are we in a branch that is dropped?
        position = 0
        at_line_start = True
        while position < len(text):
            char = text[position]
            if char == "#" and at_line_start:
                end = position
                while True:
                    end = text.find("\n", end)
                    if end < 0:
                        end = len(text)
                    if end == len(text) or text[end - 1] != "\\":
                        break
                    end += 1
                self._directive(text[position:end], line_of(position), dropped)
                position = end
                continue
            found = TOKEN.match(text, position)
            position = found.end()
            kind = found.lastgroup if found.lastgroup != "delimiter" else "raw"
            if kind == "space" or (kind == "operator" and found.group().isspace()):
                at_line_start = at_line_start or "\n" in found.group()
                continue
            line = line_of(found.start())
            if kind == "comment":
                self._comment(found.group(), line, alone=at_line_start)
                continue
            at_line_start = False
            if not any(dropped):
                self.tokens.append(Token(found.group(), kind, line))

    def _directive(self, text, line, dropped):
        comment = text.find("//")
        if comment >= 0:
            self._comment(text[comment:], line, alone=False)
        include = re.match(r'#\s*include\s*(?:<([^>]+)>|"([^"]+)")', text)
        if include:
            self.includes.append((line, include.group(1) or include.group(2), include.group(1) is not None))
        word = re.match(r"#\s*(\w+)", text)
        word = word.group(1) if word else ""
        if word in ("if", "ifdef", "ifndef"):
            zero = bool(re.match(r"#\s*if\s+0\b", text))
            dropped.append(zero)
            self._taken.append(not zero)
        elif word in ("else", "elif") and dropped:  # only the first branch is read, so that brackets stay balanced
            dropped[-1] = self._taken[-1]
            self._taken[-1] = True
        elif word == "endif" and dropped:
            dropped.pop()
            self._taken.pop()

    def _comment(self, text, line, alone):
        self.comments.append((line, text))
        found = re.match(r"//\s*(seam|subset):\s*\S", text)
        if found:
            self.waivers.setdefault(line, set()).add(found.group(1))
            if alone:
                self.waivers.setdefault(line + 1, set()).add(found.group(1))

    def _match(self):
        stack = []
        closing = {")": "(", "]": "[", "}": "{"}
        for i, token in enumerate(self.tokens):
            if token.kind != "operator":
                continue
            if token.text in "([{":
                stack.append(i)
            elif token.text in closing:
                while stack:
                    opened = stack.pop()
                    if self.tokens[opened].text == closing[token.text]:
                        self.match[opened] = i
                        self.match[i] = opened
                        break

    def is_(self, i, *texts):
        return 0 <= i < len(self.tokens) and self.tokens[i].kind != "string" and self.tokens[i].text in texts


BEFORE_A_BLOCK = {"else", "do", "try", "noexcept", "const", "mutable", "override", "final", "constexpr", "requires", "volatile"}
TYPE_WORDS = re.compile(r"^(\w+|::|<|>|,|\*|&|&&|\.\.\.)$")


def is_block(source, brace):
    """Does this `{` open a block (of statements or declarations) and not an initialiser?"""
    before = brace - 1
    if before < 0:
        return True
    token = source.tokens[before]
    if token.text in ("{", "}", ";", ":", ")") and token.kind == "operator":
        if token.text == ")":
            opened = source.match.get(before, 1)
            return not source.is_(opened - 1, "decltype") or source.is_(opened - 2, "->")
        if token.text == "{":
            return is_block(source, before)
        return True
    if token.kind == "string":
        return source.is_(before - 1, "extern")
    if token.text in BEFORE_A_BLOCK:
        return True
    if token.text == "]":
        opened = source.match.get(before, before)
        if source.is_(opened - 1, "["):  # an attribute
            return True
        previous = source.tokens[opened - 1] if opened else None
        return not (previous and (previous.kind == "word" and previous.text not in ("return", "co_return", "co_await")
                                  or previous.text in (")", "]", ">")))
    # A type: of a trailing return (-> T {), or of a class, namespace or enumeration that is declared?
    i = before
    while i >= 0 and (TYPE_WORDS.match(source.tokens[i].text) or source.is_(i, ")", "]")):
        if source.is_(i, ")", "]"):
            opened = source.match.get(i)
            if opened is None or not source.is_(opened - 1, "decltype", "noexcept", "alignas", "["):
                break
            i = opened - 1
            continue
        i -= 1
    if source.is_(i, "->"):
        return source.is_(i - 1, ")", "mutable", "noexcept", "const", "constexpr", "override")
    start = brace
    while start > 0 and not source.is_(start - 1, ";", "{", "}"):
        if source.is_(start - 1, ")") and source.match.get(start - 1) is not None:
            start = source.match[start - 1]
            continue
        if source.is_(start - 1, "("):
            return False
        start -= 1
    head = [t.text for t in source.tokens[start:brace]]
    if "=" in head:
        return False
    depth = 0
    for word in head:
        depth += (word == "<") - (word == ">")
        if word in ("class", "struct", "union", "namespace", "enum") and depth <= 0:
            return True
    return False


def lambda_introducer(source, brace):
    """The index of `[` if the block that `{` opens is the body of a lambda, else None."""
    i = brace - 1
    while i >= 0:
        if source.is_(i, "]"):
            opened = source.match.get(i)
            if opened is None:
                return None
            if source.is_(opened - 1, "[") or source.is_(opened + 1, "["):  # an attribute
                i = (opened - 2) if source.is_(opened - 1, "[") else (opened - 1)
                continue
            previous = source.tokens[opened - 1] if opened else None
            if previous and (previous.kind in ("word", "string") and previous.text not in ("return", "co_return", "co_await",
                             "co_yield", "case", "else") or previous.text in (")", "]")):
                return None
            return opened
        if source.is_(i, ")"):
            opened = source.match.get(i)
            if opened is None:
                return None
            i = opened - 1
            if source.is_(i, ">"):  # template parameters of a lambda: back to `[...]<`
                depth = 0
                while i >= 0 and not source.is_(i, ";", "{", "}"):
                    depth += source.is_(i, ">") - source.is_(i, "<")
                    i -= 1
                    if depth == 0:
                        break
            continue
        text = source.tokens[i].text
        if TYPE_WORDS.match(text) or text == "->":
            if text in ("if", "for", "while", "switch", "catch"):
                return None
            i -= 1
            continue
        return None
    return None


Expression = namedtuple("Expression", "begin end skipped in_catch")  # token range; skipped: ranges of lambda bodies inside


class Reader:
    """Splits a file into full expressions (statements without their blocks) and remembers the block of each token."""

    def __init__(self, source):
        self.source = source
        self.expressions = []
        self.heads = []  # (head begin, brace, closing): every block with the tokens that lead to it
        self.block(0, len(source.tokens), False)

    def block(self, i, end, in_catch):
        s = self.source
        begin = i
        skipped = []
        depth_end = end
        while i < depth_end:
            token = s.tokens[i]
            if token.kind == "operator":
                if token.text == "{" and is_block(s, i):
                    close = s.match.get(i, end)
                    self._heads(begin, i, close)
                    if lambda_introducer(s, i) is not None:
                        self.block(i + 1, close, False)
                        skipped.append((i, close))
                        i = close + 1
                        continue
                    catch = in_catch or (s.is_(i - 1, ")") and s.is_(s.match.get(i - 1, 0) - 1, "catch"))
                    self._emit(begin, i, skipped, in_catch)
                    self.block(i + 1, close, catch)
                    begin, skipped, i = close + 1, [], close + 1
                    continue
                if token.text in ("(", "[", "{"):
                    close = s.match.get(i)
                    if close is None or close > end:
                        i += 1
                        continue
                    self._inside(i + 1, close, skipped)
                    i = close + 1
                    continue
                if token.text == ";":
                    self._emit(begin, i, skipped, in_catch)
                    begin, skipped = i + 1, []
            elif token.text in ("if", "while", "for", "switch") and token.kind == "word" and i < end:
                opened = i + 1
                if s.is_(opened, "constexpr", "consteval"):
                    opened += 1
                if s.is_(opened, "("):
                    close = s.match.get(opened, end)
                    self._emit(begin, i, skipped, in_catch)
                    self._condition(opened + 1, close, in_catch)
                    begin, skipped, i = close + 1, [], close + 1
                    if s.is_(i, "{"):  # the body is a block, whatever stands before it
                        inner = s.match.get(i, end)
                        self._heads(opened - 1, i, inner)
                        self.block(i + 1, inner, in_catch)
                        begin = i = inner + 1
                    continue
            elif token.text in ("else", "do") and token.kind == "word":
                self._emit(begin, i, skipped, in_catch)
                begin, skipped = i + 1, []
            i += 1
        self._emit(begin, end, skipped, in_catch)

    def _heads(self, begin, brace, close):
        self.heads.append((begin, brace, close))

    def _condition(self, begin, end, in_catch):
        s = self.source
        start, skipped, i = begin, [], begin
        while i < end:
            if s.is_(i, "(", "[", "{") and s.tokens[i].kind == "operator":
                close = s.match.get(i, end)
                if s.is_(i, "{") and is_block(s, i):
                    self._heads(start, i, close)
                    self.block(i + 1, close, False)
                    skipped.append((i, close))
                else:
                    self._inside(i + 1, close, skipped)
                i = close + 1
                continue
            if s.is_(i, ";"):
                self._emit(start, i, skipped, in_catch)
                start, skipped = i + 1, []
            i += 1
        self._emit(start, end, skipped, in_catch)

    def _inside(self, begin, end, skipped):
        """Within brackets: lambda bodies are blocks of their own."""
        s = self.source
        i = begin
        while i < end:
            if s.is_(i, "{") and s.tokens[i].kind == "operator" and is_block(s, i):
                close = s.match.get(i, end)
                self._heads(begin, i, close)
                self.block(i + 1, close, False)
                skipped.append((i, close))
                i = close
            i += 1

    def _emit(self, begin, end, skipped, in_catch):
        if begin < end:
            self.expressions.append(Expression(begin, end, list(skipped), in_catch))


def constructed_classes(source):
    """Names of classes that declare a constructor: `T{...}` of such a one is no aggregate."""
    names = set()
    reader = source.reader
    for begin, brace, close in reader.heads:
        head = source.tokens[begin:brace]
        for at, token in enumerate(head):
            if token.text in ("class", "struct") and token.kind == "word":
                rest = [t for t in head[at + 1:] if t.kind == "word" and t.text not in ("alignas", "final", "nodiscard")]
                if not rest:
                    break
                name = rest[0].text
                i = brace + 1
                while i < close:
                    if source.is_(i, "{", "(", "[") and source.tokens[i].kind == "operator":
                        i = source.match.get(i, close) + 1
                        continue
                    if source.tokens[i].text == name and source.is_(i + 1, "(") and not source.is_(i - 1, "~"):
                        names.add(name)
                        break
                    i += 1
                break
    return names


NOT_AGGREGATES = {
    "string", "string_view", "seconds", "milliseconds", "microseconds", "nanoseconds", "minutes", "hours", "duration",
    "time_point", "error_code", "exception_ptr", "runtime_error", "logic_error", "system_error", "span", "optional", "nullopt",
    "int", "unsigned", "long", "short", "bool", "char", "double", "float", "size_t", "byte", "thread", "unique_ptr", "shared_ptr",
    "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t", "ptrdiff_t", "source_location",
    "stop_token", "function", "tuple", "pair", "coroutine_handle", "monostate", "chrono", "Duration", "TimePoint", "invalid_argument",
}
OWNING_MEMBER = re.compile(r"^(string|vector|map|unordered_map|set|function|unique_ptr|shared_ptr|any|deque|list|exception_ptr)$")


def check_awaits(source, constructed, report):
    for expression in source.reader.expressions:
        positions = []
        i = expression.begin
        skipped = dict(expression.skipped)
        while i < expression.end:
            if i in skipped:
                i = skipped[i] + 1
                continue
            positions.append(i)
            i += 1
        awaits = [i for i in positions if source.tokens[i].text in ("co_await", "co_yield") and source.tokens[i].kind == "word"
                  and not source.is_(i - 1, "operator")]
        if not awaits:
            continue
        check_one_expression(source, expression, positions, awaits, constructed, report)


def groups_around(source, expression, at):
    """The brackets around a token within its expression, innermost first: (open, close); the expression itself last."""
    groups = []
    i = at - 1
    while i >= expression.begin:
        if source.is_(i, ")", "]", "}") and source.tokens[i].kind == "operator":
            i = source.match.get(i, i) - 1
            continue
        if source.is_(i, "(", "[", "{") and source.tokens[i].kind == "operator":
            groups.append((i, source.match.get(i, expression.end)))
        i -= 1
    groups.append((expression.begin - 1, expression.end))
    return groups


def operand_range(source, group, at):
    """The part of a group, between commas, in which the token stands."""
    opened, close = group
    begin, i = opened + 1, opened + 1
    while i < close:
        if source.is_(i, "(", "[", "{") and source.tokens[i].kind == "operator":
            i = source.match.get(i, close)
        elif source.is_(i, ","):
            if i > at:
                return begin, i
            begin = i + 1
        i += 1
    return begin, close


def same_level(source, begin, end):
    i = begin
    while i < end:
        if source.is_(i, "(", "[", "{") and source.tokens[i].kind == "operator":
            i = source.match.get(i, end) + 1
            continue
        yield i
        i += 1


def check_one_expression(source, expression, positions, awaits, constructed, report):
    tokens = source.tokens
    if len(awaits) > 1:
        report(tokens[awaits[1]].line, "await-twice", "one co_await per statement: name the first result, then await the second")
    at = awaits[0]
    line = tokens[at].line
    if expression.in_catch:
        report(line, "await-in-catch", "leave the catch block first: keep std::current_exception(), await after the try")
    for at in awaits:
        line = tokens[at].line
        for group in groups_around(source, expression, at):
            opened, _ = group
            if source.is_(opened, "{") and opened >= expression.begin and not is_block(source, opened):
                report(line, "await-in-braces", "await before the braced list: auto value = co_await ...; then { value }")
            if source.is_(opened, "(") and opened > expression.begin:
                word = tokens[opened - 1]
                if word.kind == "word" and re.match(r"^[A-Z][A-Z0-9_]{2,}$", word.text):
                    report(line, "await-in-macro", f"await before {word.text}: auto value = co_await ...; {word.text}(value ...)")
            begin, end = operand_range(source, group, at)
            for i in same_level(source, begin, end):
                if source.is_(i, "?"):
                    report(line, "await-in-conditional", "use if and else, or choose the task first and await it in the next statement")
                    break
            for i in same_level(source, begin, end):
                if source.is_(i, "&&", "||", "and", "or") and not (source.is_(i + 2, "=", ":") and tokens[i + 1].kind == "word") \
                        and not (source.is_(i + 1, "[") and source.is_(i - 1, "auto")):
                    report(line, "await-in-logical", "use nested ifs: the operand that is not taken is half evaluated by some compilers")
                    break
    at = awaits[0]
    line = tokens[at].line
    for i in positions:
        token = tokens[i]
        if token.text == "?" and i > at and token.kind == "operator" and makes_a_value(source, expression, i):
            report(token.line, "conditional-in-await",
                   "choose first: auto value = c ? make() : other; then await with it (GCC 12 destroys the value twice)")
        if token.text == "auto" and token.kind == "word":
            k = i + 1
            while source.is_(k, "&", "&&", "const"):
                k += 1
            if source.is_(k, "[") and k in source.match and source.is_(source.match[k] + 1, "="):
                report(token.line, "binding-awaited", "auto r = co_await x; auto& [a, b] = r; binding the awaited value itself leaks in some compilers")
        if token.text == "new" and token.kind == "word" and i < awaits[-1]:
            report(token.line, "new-awaited", "await first: auto value = co_await x; then new T(std::move(value)), or std::make_unique")
        if token.text == "[" and token.kind == "operator":
            check_capture(source, expression, i, report)
        if token.text == "{" and token.kind == "operator" and not is_block(source, i):
            check_braces(source, expression, i, constructed, report)


def makes_a_value(source, expression, question):
    """Does an arm of this ?: call something or build an object, so that the result may be a temporary of a class?"""
    for opened, close in groups_around(source, expression, question):
        begin, end = operand_range(source, (opened, close), question)
        if begin <= question < end:
            break
    else:
        end = expression.end
    return any(source.is_(i, "(", "{") and source.tokens[i].kind == "operator" for i in range(question + 1, end))


def check_capture(source, expression, opened, report):
    close = source.match.get(opened)
    if close is None or source.is_(opened + 1, "[") or source.is_(opened - 1, "["):
        return
    previous = source.tokens[opened - 1] if opened else None
    if previous and (previous.text in (")", "]", ">", "auto", "&", "&&") and not source.is_(opened - 2, "(", ",", "=")
                     and previous.text != "&" or previous.kind == "word"
                     and previous.text not in ("return", "co_return", "co_await", "co_yield")):
        return
    if not source.is_(close + 1, "(", "{", "<", "mutable", "->", "noexcept", "["):
        return
    begin = opened + 1
    while begin < close:
        _, end = operand_range(source, (opened, close), begin)
        end = min(end, close)
        if not source.is_(begin, "&", "this"):
            report(source.tokens[begin].line, "owning-capture",
                   "in an awaited expression only [&], [] and [this]: name the lambda first, then std::move it in (GCC PR 99576)")
            return
        begin = end + 1


def check_braces(source, expression, brace, constructed, report):
    close = source.match.get(brace)
    if close is None or close == brace + 1 and source.is_(brace - 1, "(", ",", "="):
        return
    line = source.tokens[brace].line
    before = source.tokens[brace - 1] if brace else None
    if before is None:
        return
    if before.text in ("(", ",", "{") and before.kind == "operator":
        outer = brace - 1
        if before.text == "{" or (before.text == "," and innermost_is_brace(source, expression, brace)):
            return  # the outer braces have been judged
        if not source.is_(brace + 1, "."):
            report(line, "braced-argument", "build the list or the object before, and move it in (GCC PR 103871, 100611)")
        return
    if before.kind == "word" and before.text not in ("return", "co_return"):
        name = before.text
        # `T x{co_await y}` is a declaration: await-in-braces has said it.
        previous = source.tokens[brace - 2] if brace > 1 else None
        if previous and previous.line and (previous.kind == "word" and previous.text not in
                                           ("return", "co_return", "co_await", "co_yield", "throw", "new", "typename")):
            return
        if previous and previous.text in ("&", "*", ">") and brace - 2 > expression.begin:
            return
    elif before.text == ">":
        name, i, depth = None, brace - 1, 0
        while i > expression.begin:
            depth += source.is_(i, ">") - source.is_(i, "<")
            i -= 1
            if depth == 0:
                break
        name = source.tokens[i].text
    else:
        return
    if close == brace + 1 and name in constructed | NOT_AGGREGATES:
        return
    if name in constructed or name in NOT_AGGREGATES:
        return
    chain = brace - 1
    while chain > 1 and source.is_(chain - 1, "::"):
        chain -= 2
        if source.tokens[chain].text in ("chrono",):
            return
    report(line, "aggregate-temporary",
           f"{name}{{...}} may be an aggregate, which GCC 12 destroys twice here: name it first, or give it a constructor (GCC PR 100611)")


def innermost_is_brace(source, expression, at):
    opened, _ = groups_around(source, expression, at)[0]
    return source.is_(opened, "{") and opened >= expression.begin


def check_functions(source, report):
    """Rules about the heads of functions: await_suspend."""
    tokens = source.tokens
    for i, token in enumerate(tokens):
        if token.text not in ("await_suspend", "final_suspend") or token.kind != "word" or not source.is_(i + 1, "("):
            continue
        if source.is_(i - 1, ".", "->", "(", ",", "=", "return"):
            continue
        begin = i
        while begin > 0 and not source.is_(begin - 1, ";", "{", "}", ":"):
            begin -= 1
        while begin > 1 and source.is_(begin - 1, ":") and source.is_(begin - 2, ":"):
            begin -= 1
        close = source.match.get(i + 1, i + 1)
        end = close
        while end < len(tokens) and not source.is_(end, "{", ";"):
            end += 1
        head = [t.text for t in tokens[begin:i]]
        tail = [t.text for t in tokens[close:end]]
        if token.text == "await_suspend" and any("always_inline" in t or "ALWAYS_INLINE" in t or t == "__forceinline" for t in head + tail):
            report(token.line, "inlined-suspend", "no always_inline on await_suspend: clang < 19 writes to the frame after its suspension")
        result = head
        if "->" in tail:
            result = tail[tail.index("->"):]
        if any(t in ("coroutine_handle", "noop_coroutine") for t in result):
            report(token.line, "symmetric-transfer",
                   f"{token.text} returns void or bool and leaves the handle to the loop: symmetric transfer overflows the stack (GCC PR 94794)")


def check_thread_locals(source, report):
    tokens = source.tokens
    blocks = sorted(source.reader.heads, key=lambda h: h[1])

    def marked(i):
        for begin, brace, close in blocks:
            if brace < i < close and any("noinline" in t.text or "NOINLINE" in t.text for t in tokens[begin:brace]):
                return True
        return False

    advice = "read it only in a function marked [[gnu::noinline]]: its address must not be kept over a suspension"
    for i, token in enumerate(tokens):
        if token.text != "thread_local" or token.kind != "word" or marked(i):
            continue
        name = None
        for k in range(i + 1, min(i + 60, len(tokens))):
            if source.is_(k, "=", ";", "{") and tokens[k].kind == "operator":
                name = tokens[k - 1].text
                break
        if name is None or source.path.endswith(".hpp"):
            report(token.line, "thread-local", advice)
            continue
        for k in range(i + 1, len(tokens)):
            if tokens[k].text == name and tokens[k].kind == "word" and k > i + 8 and not marked(k) \
                    and not source.is_(k - 1, ".", "->", "::"):
                report(tokens[k].line, "thread-local", f"{name}: {advice}")


DIRECT = [
    (re.compile(r"\b(steady|system|high_resolution|file|utc|tai)_clock\s*::\s*now\b"), "ask the loop: loop.now()"),
    (re.compile(r"(?<![\w.>])(clock_gettime|gettimeofday|std::clock)\s*\("), "ask the loop: loop.now()"),
    (re.compile(r"(?<![\w.>])time\s*\(\s*(nullptr|NULL|0|&\w+)\s*\)"), "ask the loop: loop.now()"),
    (re.compile(r"\bstd\s*::\s*(random_device|default_random_engine|mt19937(_64)?)\b"), "ask the loop for chance: it is seeded in a simulation"),
    (re.compile(r"(?<![\w.>])(rand|srand|random|drand48|getrandom|getentropy|arc4random|RAND_bytes)\s*\("),
     "ask the loop for chance: it is seeded in a simulation"),
    (re.compile(r"(?<![\w>])::\s*(read|write|readv|writev|pread|pwrite|socket|socketpair|connect|accept4?|bind|listen|shutdown|recv|recvfrom"
                r"|recvmsg|send|sendto|sendmsg|open|openat|close|poll|ppoll|select|getsockopt|setsockopt|getsockname|getpeername|pipe2?"
                r"|eventfd|fcntl|ioctl|unlink|stat|fstat)\s*\("), "go through the backend: a simulation replaces it"),
    (re.compile(r"(?<![\w.>])(getaddrinfo|getnameinfo|gethostbyname|epoll_\w+|io_uring_\w+)\s*\("), "go through the backend: a simulation replaces it"),
    (re.compile(r"\bstd\s*::\s*(ifstream|ofstream|fstream)\b|(?<![\w.>])(fopen|popen)\s*\("), "go through gyre/os: a simulation replaces it"),
]
SLEEPING = re.compile(r"\bstd\s*::\s*this_thread\s*::\s*sleep_(for|until)\b|(?<![\w.>:])(usleep|nanosleep)\s*\(|(?<![\w.>:])::\s*sleep\s*\(")


def check_direct(source, report):
    folder = source.path.split("/")[0]
    in_library = folder in ("include", "src") and not re.match(r"(src|include/gyre)/backend/", source.path)
    if not in_library and folder != "tests":
        return
    lines = {}
    for token in source.tokens:
        if token.kind not in ("string", "raw", "char"):
            lines.setdefault(token.line, []).append(token)
    for line, tokens in lines.items():
        text = ""
        for token in tokens:
            glue = " " if text and text[-1].isalnum() and (token.text[0].isalnum() or token.text[0] == "_" or token.text == "::") else ""
            text += glue + token.text
        # `std::time(...)` and `::time(...)` are the same call; `return ::read(` keeps its space.
        plain = re.sub(r"\b(\w+) ::", lambda m: m.group(0) if m.group(1) in KEYWORDS else m.group(1) + "::", text)
        if SLEEPING.search(plain):
            report(line, "direct-call", "no sleeping: wait for the event itself, or use the loop's (virtual) time")
        if in_library:
            for pattern, advice in DIRECT:
                if pattern.search(plain):
                    report(line, "direct-call", f"{advice}, or say why not: // seam: REASON")
                    break


KEYWORDS = {"return", "co_return", "co_await", "co_yield", "throw", "else", "do", "case"}


def check_includes(source, report):
    path = source.path
    public = re.match(r"include/gyre/(\w+)/", path)
    private = re.match(r"src/(\w+)/", path)
    folder = (public or private).group(1) if public or private else None
    for line, name, _ in source.includes:
        if path.startswith("include/") and HIDDEN_DEPENDENCIES.match(name):
            report(line, "dependency-in-header", f"<{name}> belongs into src/: forward declare, or hide it behind a pointer")
        if folder not in MAY_INCLUDE:
            continue
        if name in ("gyre/gyre.hpp",):
            report(line, "floor", "the library includes the headers that it needs, not <gyre/gyre.hpp>")
            continue
        other = re.match(r"(?:gyre/)?(\w+)/", name)
        if not other or other.group(1) not in MAY_INCLUDE:
            continue
        target = other.group(1)
        if target != folder and target not in MAY_INCLUDE[folder]:
            allowed = ", ".join(sorted(MAY_INCLUDE[folder])) or "nothing"
            report(line, "floor", f"{folder}/ may include only {allowed}: move the code down, or turn the dependency round")
        if "/http/core/" in path and (target not in ("http", "core") or (target == "http" and not re.match(r"(gyre/)?http/core/", name))):
            report(line, "floor", "http/core is sans-I/O: it includes only http/core")


def check_headers(source, report):
    if not source.path.endswith(".hpp"):
        return
    for i, token in enumerate(source.tokens):
        if token.text == "using" and source.is_(i + 1, "namespace"):
            name = "".join(t.text for t in source.tokens[i + 2:i + 7])
            if source.path.startswith("tests/") and re.match(r"(std::)?(chrono_|string_)?literals|std::(chrono|string)_literals", name):
                continue
            report(token.line, "using-namespace", "name what is needed: a header must not open a namespace for those who include it")
    if source.path.startswith("include/"):
        constructed = constructed_classes(source)
        for begin, brace, close in source.reader.heads:
            head = [t.text for t in source.tokens[begin:brace]]
            if "struct" not in head or not head[-1].endswith("Options") and not any(h.endswith("Options") for h in head[head.index("struct"):]):
                continue
            name = head[head.index("struct") + 1]
            if name in constructed:
                continue
            for i in same_level(source, brace + 1, close):
                if source.is_(i, "::") and source.is_(i - 1, "std") and OWNING_MEMBER.match(source.tokens[i + 1].text):
                    report(source.tokens[i].line, "owning-options",
                           f"{name} owns memory and has no constructor, so an awaited call with it is miscompiled by GCC 12: make it a builder")
                    break


def check_words(source, report):
    for line, text in source.comments:
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text):
            report(line, "unfinished", "finish it, or say in a sentence what is missing and why that is right for now")


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


DEFINITION = re.compile(r"(?:class|struct|union|enum class|enum) (?:\[\[\w+\]\] )?(\w+)(?: final)?(?: : [^;]*)? \{")


def defined_classes(source):
    """The classes that this file defines at namespace level, outside unnamed namespaces: (qualified name, line)."""
    spaces = []
    for line, text in enumerate(source.text.split("\n"), 1):
        if opened := re.match(r"(?:inline )?namespace ?([\w:]*) ?\{$", text):
            spaces.append(opened[1])
        elif text.startswith("}  // namespace") and spaces:
            spaces.pop()
        elif (found := DEFINITION.match(text)) and "" not in spaces:
            yield "::".join([*spaces, found[1]]), line


def program_of(path):
    """What is linked into one program: the library, and a room of the tests with it."""
    return "/".join(path.split("/")[:2]) if path.startswith("tests/") else "library" if path.startswith(("src/", "include/")) else path


def one_definition(sources):
    """Two classes of one name in one program: the linker keeps one of each member and says nothing."""
    seen = {}
    for source in sources:
        program = program_of(source.path)
        for name, line in defined_classes(source):
            there = seen.get((program, name)) or seen.get(("library", name))
            if there and there != source.path and "subset" not in source.waivers.get(line, ()):
                yield source.path, Problem(line, "one-definition", f"{name} is defined in {there} too: give one of them its own name")
            seen.setdefault((program, name), source.path)


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

"""Blocks, lambdas and full expressions of a file, found by its brackets."""

import re
from collections import namedtuple

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

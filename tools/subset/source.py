"""A file of C++ as tokens."""

import bisect
import re
from collections import namedtuple

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

"""Which classes a file defines, and which of them are no aggregates."""

import re

from subset.source import Problem


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

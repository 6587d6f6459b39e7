"""What includes what; what a header shows; what a comment must not say."""

import re

from subset.classes import constructed_classes
from subset.structure import same_level

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

OWNING_MEMBER = re.compile(r"^(string|vector|map|unordered_map|set|function|unique_ptr|shared_ptr|any|deque|list|exception_ptr)$")


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

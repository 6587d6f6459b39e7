"""Functions of awaiters, and variables of a thread."""


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

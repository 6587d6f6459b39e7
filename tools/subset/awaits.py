"""What may stand in an awaited expression: what GCC 12 compiles correctly (docs/gcc12.md says why)."""

import re

from subset.structure import groups_around, is_block, operand_range, same_level

NOT_AGGREGATES = {
    "string", "string_view", "seconds", "milliseconds", "microseconds", "nanoseconds", "minutes", "hours", "duration",
    "time_point", "error_code", "exception_ptr", "runtime_error", "logic_error", "system_error", "span", "optional", "nullopt",
    "int", "unsigned", "long", "short", "bool", "char", "double", "float", "size_t", "byte", "thread", "unique_ptr", "shared_ptr",
    "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t", "ptrdiff_t", "source_location",
    "stop_token", "function", "tuple", "pair", "coroutine_handle", "monostate", "chrono", "Duration", "TimePoint", "invalid_argument",
}


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
    arms = range(question + 1, end)
    joins_texts = any(source.is_(i, "+") for i in arms) and any(source.tokens[i].kind == "string" for i in arms)
    return joins_texts or any(source.is_(i, "(", "{") and source.tokens[i].kind == "operator" for i in arms)


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

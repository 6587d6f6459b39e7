"""Clocks, chance, files and sockets are reached through the loop, so that a simulation can replace them."""

import re

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
KEYWORDS = {"return", "co_return", "co_await", "co_yield", "throw", "else", "do", "case"}


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

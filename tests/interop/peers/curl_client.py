"""curl against the routes of README.md. usage: curl_client.py BASE [CA]"""

import asyncio
import json
import os
import subprocess
import tempfile

from python_checks import BASE, CA, TEXT, equal, pattern, run_all


def curl(path, *options, status=0, data=None):
    command = ["curl", "-sS", "--max-time", "50", *(["--cacert", CA] if CA else []), *options, BASE + path]
    done = subprocess.run(command, input=data, capture_output=True)
    equal(done.returncode, status)
    return done.stdout


async def hello():
    equal(curl("/hello"), b"hello\n")
    equal(curl("/hello", "--http1.0"), b"hello\n")


async def keep_alive():
    told = curl("/hello", "-o", os.devnull, "-w", "%{num_connects} ", BASE + "/hello", "-o", os.devnull)
    equal(told.split(), [b"1", b"0"])


async def head():
    equal(b"Content-Length: 1000\r\n" in curl("/bytes/1000", "-I"), True)


async def echo():
    for size in (0, 1, 1000, 100_000, 8_000_000):
        equal(curl("/echo", "--data-binary", "@-", data=pattern(size)), pattern(size))


async def put_chunked():
    equal(curl("/echo", "-T", "-", data=pattern(500_000)), pattern(500_000))
    equal(curl("/duplex", "-X", "POST", "-T", "-", data=pattern(5_000_000)), pattern(5_000_000))


async def large():
    equal(curl("/bytes/50000000"), pattern(50_000_000))


async def response_trailers():
    with tempfile.TemporaryDirectory() as folder:
        equal(curl("/chunks/300000/7777", "-D", f"{folder}/head"), pattern(300_000))
        with open(f"{folder}/head") as head_:
            text = head_.read()
    equal(("Transfer-Encoding: chunked" in text, "X-Count: 300000" in text), (True, True))


async def compression():
    equal(curl("/text", "--compressed").decode(), TEXT)
    for coding in ("gzip", "br", "zstd", "deflate"):
        told = curl("/text", "-H", f"Accept-Encoding: {coding}", "-o", os.devnull, "-D", "-").decode()
        equal(f"Content-Encoding: {coding}" in told, coding != "deflate")


async def redirects():
    equal(curl("/redirect/5", "-L"), b"hello\n")
    equal(curl("/redirect307", "-L", "-d", "carried along"), b"carried along")


async def cookies():
    with tempfile.NamedTemporaryFile() as jar:
        curl("/cookies/set?name=colour&value=blue", "-c", jar.name)
        equal(json.loads(curl("/cookies", "-b", jar.name)), {"colour": "blue"})


async def ranges():
    equal(curl("/file/data.bin", "-r", "1000-1999"), pattern(2000)[1000:])
    equal(curl("/file/data.bin", "-r", "-10"), pattern(1_000_000)[-10:])
    parts = curl("/file/data.bin", "-r", "0-9,100-109")
    equal((pattern(10) in parts, pattern(110)[100:] in parts), (True, True))


async def expect_continue():
    told = curl("/echo", "-H", "Expect: 100-continue", "--expect100-timeout", "20", "--data-binary", "@-", "-o", os.devnull, "-D", "-", data=pattern(3_000_000))
    equal(told.split(b"\r\n")[0], b"HTTP/1.1 100 Continue")


async def form():
    with tempfile.NamedTemporaryFile() as file:
        file.write(pattern(100_000))
        file.flush()
        equal(json.loads(curl("/form", "-F", "name=a value", "-F", f"upload=@{file.name}")), {"name": "a value", "upload": 100_000})


async def early_hints():
    equal(curl("/early", "-i").split(b"\r\n")[0], b"HTTP/1.1 103 Early Hints")


async def cut():
    curl("/cut/100000?length=1", status=18)
    curl("/cut/100000", status=18)


async def early_close():
    curl("/bytes/50000000", "--max-filesize", "1000", status=63)
    equal(curl("/hello"), b"hello\n")


async def refusals():
    equal(curl("/nothing", "-o", os.devnull, "-w", "%{http_code}"), b"404")
    equal(curl("/hello", "-X", "DELETE", "-o", os.devnull, "-w", "%{http_code}"), b"405")


asyncio.run(run_all((hello, keep_alive, head, echo, put_chunked, large, response_trailers, compression, redirects, cookies, ranges,
                     expect_continue, form, early_hints, cut, early_close, refusals)))

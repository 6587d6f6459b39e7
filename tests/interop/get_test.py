#!/usr/bin/env python3
"""Runs `gyre get` against servers that it was not made with, and against ones that misbehave.

usage: get_test.py PATH_TO_GYRE [TEST...]

Needs nginx and openssl. Every test runs on the epoll and on the io_uring backend.
"""

import hashlib
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from world import Base, free_port

GYRE = ""
BACKENDS = ("epoll", "io_uring")
FILE_COUNT = 2000
GIBIBYTE = 1 << 30
MOST_RSS_KIB = 64 * 1024


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


class Result:
    """How a run of gyre ended, with its peak memory."""

    def __init__(self, arguments, backend, timeout=120, cwd=None):
        env = dict(os.environ, GYRE_BACKEND=backend)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen([GYRE, *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env, cwd=cwd)
            watchdog = threading.Timer(timeout, process.kill)
            watchdog.start()
            _, status, usage = os.wait4(process.pid, 0)
            watchdog.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            self.status = process.returncode
            self.peak_rss_kib = usage.ru_maxrss
            out.seek(0)
            err.seek(0)
            self.out = out.read()
            self.err = err.read().decode(errors="replace")


class World(Base):
    """The files, the certificates and the servers that all tests share."""

    def __init__(self):
        super().__init__()
        self.site = self.root / "site"
        self.site.mkdir()
        self.make_files()
        self.make_lonely_certificate()
        self.urls = {}
        for backend in BACKENDS:
            self.start_gyre(backend, "http", [])
            self.start_gyre(backend, "https", ["--cert", str(self.root / "cert.pem"), "--key", str(self.root / "key.pem")])
        self.start_nginx()

    def make_files(self):
        choice = random.Random(1)
        self.digests = {}
        for number in range(FILE_COUNT):
            size = choice.choice((0, 1, 100, 4096, choice.randrange(200_000)))
            content = choice.randbytes(size)
            name = f"file-{number:04}.bin"
            (self.site / name).write_bytes(content)
            self.digests[name] = hashlib.sha256(content).hexdigest()
        digest = hashlib.sha256()
        block = choice.randbytes(1 << 20)
        with open(self.site / "big.bin", "wb") as big:
            for number in range(GIBIBYTE >> 20):
                piece = number.to_bytes(8, "big") + block[8:]
                big.write(piece)
                digest.update(piece)
        self.big_digest = digest.hexdigest()

    def make_lonely_certificate(self):
        """One that nobody has signed but itself."""
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "lonely.key", "-out", "lonely.pem",
                     "-days", "2", "-subj", "/CN=lonely", "-addext", "subjectAltName=IP:127.0.0.1")

    def start_gyre(self, backend, scheme, more):
        port = free_port()
        env = dict(os.environ, GYRE_BACKEND=backend)
        self.start([GYRE, "serve", str(self.site), "--port", str(port), *more], port, env)
        self.urls[f"gyre serve ({backend})", scheme] = f"{scheme}://127.0.0.1:{port}"

    def start_nginx(self):
        port, tls_port = free_port(), free_port()
        # Started by root, nginx would serve as another user, who may not read a temporary folder of root's.
        user = "user root;" if os.getuid() == 0 else ""
        (self.root / "nginx.conf").write_text(f"""
            {user} daemon off; worker_processes 1; pid {self.root}/nginx.pid; error_log {self.root}/nginx.log;
            events {{ worker_connections 1024; }}
            http {{
                access_log off; keepalive_requests 500;
                client_body_temp_path {self.root}/t1; proxy_temp_path {self.root}/t2; fastcgi_temp_path {self.root}/t3;
                uwsgi_temp_path {self.root}/t4; scgi_temp_path {self.root}/t5;
                server {{ listen 127.0.0.1:{port}; listen 127.0.0.1:{tls_port} ssl; root {self.site};
                         ssl_certificate {self.root}/cert.pem; ssl_certificate_key {self.root}/key.pem; }}
            }}""")
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        self.start([nginx, "-p", str(self.root), "-c", str(self.root / "nginx.conf")], port)
        self.urls["nginx", "http"] = f"http://127.0.0.1:{port}"
        self.urls["nginx", "https"] = f"https://127.0.0.1:{tls_port}"


class BadServer:
    """Answers each connection with what a function says, on a thread."""

    def __init__(self, answer, certificate=None):
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(f"{certificate}.pem", f"{certificate}.key")
        self.port = self.listener.getsockname()[1]
        self.over = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with connection:
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
                connection.recv(65536)
                self.answer(connection, self.over)
        except OSError:
            pass

    def close(self):
        self.over.set()
        self.listener.close()


def sends(data):
    return lambda connection, over: connection.sendall(data)


def resets(connection, over):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def says_nothing(connection, over):
    over.wait(60)


class GetTest(unittest.TestCase):
    def each_backend(self):
        for backend in BACKENDS:
            with self.subTest(backend=backend), tempfile.TemporaryDirectory(prefix="gyre-get-") as folder:
                yield backend, Path(folder)

    def test_two_thousand_urls_from_each_server(self):
        for backend, folder in self.each_backend():
            for (server, scheme), base in WORLD.urls.items():
                out = folder / f"{server}-{scheme}"
                urls = folder / "urls"
                urls.write_text("".join(f"{base}/{name}\n" for name in WORLD.digests))
                result = Result(["get", "-i", str(urls), "-j", "100", "-o", str(out), "--ca", WORLD.ca, "--json"], backend)
                self.assertEqual(result.status, 0, result.err)
                totals = json.loads(result.out)["totals"]
                self.assertEqual(totals["done"], FILE_COUNT)
                self.assertEqual(totals["concurrency_reached"], 100)
                self.assertGreater(totals["connections_reused"], FILE_COUNT // 2)
                self.assertEqual(sorted(path.name for path in out.iterdir()), sorted(WORLD.digests))
                for name, digest in WORLD.digests.items():
                    self.assertEqual(sha256_of(out / name), digest, f"{server} {scheme} {name}")
                shutil.rmtree(out)
                print(f"    {FILE_COUNT} URLs from {server} over {scheme}, {backend}: {totals['seconds']:.2f} s, "
                      f"{result.peak_rss_kib // 1024} MiB", flush=True)

    def test_a_gibibyte_in_bounded_memory(self):
        for backend, folder in self.each_backend():
            for server, scheme in (("nginx", "http"), (f"gyre serve ({backend})", "http"), ("nginx", "https")):
                url = WORLD.urls[server, scheme] + "/big.bin"
                result = Result(["get", url, "-o", str(folder), "--ca", WORLD.ca, "--json"], backend)
                self.assertEqual(result.status, 0, result.err)
                self.assertEqual(sha256_of(folder / "big.bin"), WORLD.big_digest)
                self.assertLess(result.peak_rss_kib, MOST_RSS_KIB)
                (folder / "big.bin").unlink()
                seconds = json.loads(result.out)["totals"]["seconds"]
                print(f"    1 GiB from {server} over {scheme}, {backend}: {seconds:.2f} s, peak {result.peak_rss_kib / 1024:.1f} MiB",
                      flush=True)

    def test_each_misbehaviour_has_its_line_and_the_others_go_on(self):
        good = WORLD.urls["nginx", "http"] + "/file-0001.bin"
        refused = free_port()
        cases = [
            # answer, certificate, words that its line must hold
            (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort"), None, ["{peer}", "end"]),
            (sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), None, ["{peer}", "end"]),
            (sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"), None, ["{peer}", "chunk"]),
            (sends(b"what?\r\n\r\n"), None, ["{peer}", "status line"]),
            (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), None, ["{peer}", "Content-Length"]),
            (sends(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n"), None, ["{peer}", "field"]),
            (sends(b""), None, ["{peer}", "clos"]),
            (resets, None, ["{peer}", "reset"]),
            (says_nothing, None, ["{peer}", "timed out"]),
            (sends(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), None, ["redirect"]),
            (sends(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), None, ["{peer}", "404"]),
            (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), str(WORLD.root / "lonely"), ["{peer}", "self-signed"]),
        ]
        for backend, folder in self.each_backend():
            servers = [(BadServer(answer, certificate), certificate, words) for answer, certificate, words in cases]
            expected = []
            for server, certificate, words in servers:
                url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.port}/"
                expected.append((url, [word.format(peer=f"127.0.0.1:{server.port}") for word in words]))
            expected.append((f"http://127.0.0.1:{refused}/", [f"127.0.0.1:{refused}", "connect", "refused"]))
            expected.append(("http://no-such-host.invalid/", ["no-such-host.invalid", "resolve"]))
            expected.append(("http://[::bad/", ["http://[::bad/"]))
            expected.append(("gopher://127.0.0.1/", ["gopher"]))
            urls = [url for url, _ in expected]
            result = Result(["get", *urls, good, "-o", str(folder / "out"), "--timeout", "2", "--retries", "0",
                             "--ca", WORLD.ca], backend)
            for server, _, _ in servers:
                server.close()
            self.assertEqual(result.status, 1, result.err)
            lines = result.err.splitlines()
            for url, words in expected:
                mine = [line for line in lines if line.startswith("gyre: ") and url in line]
                self.assertEqual(len(mine), 1, f"{url}: {mine}\n{result.err}")
                for word in words:
                    self.assertIn(word, mine[0])
            self.assertEqual([path.name for path in (folder / "out").iterdir()], ["file-0001.bin"])
            if backend == BACKENDS[0]:
                print("".join(f"    {line}\n" for line in lines if line.startswith("gyre: ")), end="", flush=True)

    def test_a_directory_that_cannot_be_written(self):
        for backend, folder in self.each_backend():
            (folder / "file").write_text("in the way")
            result = Result(["get", WORLD.urls["nginx", "http"] + "/file-0001.bin", "-o", str(folder / "file" / "out")], backend)
            self.assertEqual(result.status, 1)
            self.assertIn(str(folder / "file"), result.err)
            self.assertIn("Not a directory", result.err)

    def test_standard_output_keeps_the_order(self):
        for backend, folder in self.each_backend():
            names = list(WORLD.digests)[:200]
            base = WORLD.urls["nginx", "http"]
            result = Result(["get", *[f"{base}/{name}" for name in names], "--stdout", "-j", "50"], backend)
            self.assertEqual(result.status, 0, result.err)
            self.assertEqual(result.out, b"".join((WORLD.site / name).read_bytes() for name in names))

    def test_ctrl_c_cancels_at_once_and_leaves_no_half_file(self):
        half = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 300_000
        for backend, folder in self.each_backend():
            begun = threading.Semaphore(0)

            def stalls(connection, over):
                connection.sendall(half)
                begun.release()
                over.wait(60)

            server = BadServer(stalls)
            urls = [f"http://127.0.0.1:{server.port}/{number}" for number in range(20)]
            env = dict(os.environ, GYRE_BACKEND=backend)
            # A shell starts its background jobs with SIGINT ignored, and the program would leave that so.
            process = subprocess.Popen([GYRE, "get", *urls, "-o", str(folder / "out"), "-j", "10"], env=env,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
            for _ in range(10):
                begun.acquire()
            asked = time.monotonic()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
            took = time.monotonic() - asked
            server.close()
            self.assertEqual(process.returncode, 130, err)
            self.assertLess(took, 5)
            self.assertEqual(list((folder / "out").iterdir()), [])
            self.assertIn(b"interrupted: 0 of 20 done", out)


if __name__ == "__main__":
    GYRE = str(Path(sys.argv[1]).resolve())
    WORLD = World()
    try:
        chosen = [f"GetTest.{name}" for name in sys.argv[2:]]
        loader = unittest.TestLoader()
        suite = loader.loadTestsFromNames(chosen, sys.modules["__main__"]) if chosen else loader.loadTestsFromTestCase(GetTest)
        outcome = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
    finally:
        WORLD.close()
    bad = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - bad} passed, {bad} failed")
    sys.exit(0 if outcome.wasSuccessful() else 1)

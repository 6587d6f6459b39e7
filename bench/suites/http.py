"""An HTTP/1.1 server on one core, asked from another: what a request costs the server, and how many it answers.

Every peer gives the same status, type and body for the same path, which is looked at before it is measured; the other fields of
its responses are its own. With TLS the load generator offers version 1.3, TLS_AES_128_GCM_SHA256 and X25519 alone, and all servers
have the same P-256 key. After a handshake all send two session tickets, as OpenSSL does by itself, but Go, which always sends one.
The load generator is a program by hand on epoll and OpenSSL.

`gyre` answers from memory by a handler of exchanges, the layer without routes, and files by `App::files`; `gyre_app` is an App for all of it."""

import hashlib
import http.client
import os
import ssl
import subprocess
from dataclasses import dataclass, replace

from harness.loaded import AS_ASKED, LoadedSuite
from harness.model import Case, Missing, Work, is_own
from harness.process import Server
from harness.tools import gyre_on, program, python_on_uvloop
from harness.tools import run as tool

HELLO = b"Hello, World!"
SMALL = hashlib.sha256(b"small").digest() * 32
LARGE = hashlib.sha256(b"large").digest() * 32768


@dataclass(frozen=True)
class Ask:
    """One way to ask a server."""

    path: str
    kind: str
    body: bytes
    what: str
    connections: int = 64
    pipelined: int = 1
    mode: str = "plain"


ASKS = {
    "plaintext": Ask("/plaintext", "text/plain", HELLO, "13 bytes from memory"),
    "plaintext_512": Ask("/plaintext", "text/plain", HELLO, "13 bytes from memory, 512 connections", connections=512),
    "json": Ask("/json", "application/json", b'{"message":"Hello, World!"}', "27 bytes of JSON from memory"),
    "file_1k": Ask("/files/1k", "application/octet-stream", SMALL, "a file of 1 KiB"),
    "file_1m": Ask("/files/1m", "application/octet-stream", LARGE, "a file of 1 MiB", connections=16),
    "pipelined": Ask("/plaintext", "text/plain", HELLO, "13 bytes, 16 requests sent together", pipelined=16),
    "tls": Ask("/plaintext", "text/plain", HELLO, "13 bytes over TLS, on kept connections", mode="tls"),
    "tls_handshake": Ask("/plaintext", "text/plain", HELLO, "a TLS connection and one request", connections=16, mode="handshake"),
}
SECONDS, QUICK_SECONDS = 1.5, 0.5
FILES = ("file_1k", "file_1m")
NO_FILES = dict.fromkeys(FILES, "sends no files of its own")
APP = "gyre_app"
UWEBSOCKETS = "20.58.0"
"""What the crate pinned in peers/uwebsockets/Cargo.toml carries; its sources do not say it. It is the tag whose folder src is the same."""


def limit_epoll(tools):
    return program([tools.native("limit/http_epoll.cpp", libraries=["-lssl", "-lcrypto"])], "by hand")


def limit_io_uring(tools):
    built = tools.native("limit/http_io_uring.cpp", libraries=["-luring"])
    other = "the other limit does it: the ring has no sendfile, and OpenSSL reads sockets itself"
    return program([built], "by hand", only=("plaintext", "plaintext_512", "json", "pipelined"), lacks={"*": other})


def nginx(tools):
    serve, binary = tools.sources / "nginx" / "serve.py", tools.unpack("nginx") / "usr" / "sbin" / "nginx"
    return program([tools.python(), serve, binary], tools.unpacked_version("nginx"))


def h2o(tools):
    tools.unpack("libh2o-dev-common", "libh2o-evloop-dev", "libh2o-evloop0.13", "libwslay1")
    libraries = ["-lh2o-evloop", "-lssl", "-lcrypto", "-lz", "-lm"]
    built = tools.native("h2o/http.c", flags=["-DH2O_USE_EPOLL=1", "-DH2O_USE_LIBUV=0"], libraries=libraries)
    return program([built], tools.unpacked_version("libh2o-evloop-dev"))


def beast(tools):
    tools.unpack("libboost1.81-dev")
    built = tools.native("beast/http.cpp", libraries=["-lssl", "-lcrypto"])
    return program([built], "Boost " + tools.unpacked_version("libboost1.81-dev"))


def hyper(tools):
    return program([tools.cargo("hyper", "http")], tools.crate_version("hyper", "hyper"))


def go(tools):
    return program([tools.go("http")], tools.go_version(), env={"GOMAXPROCS": "1"})


def node(tools):
    return program([tools.node(), tools.sources / "node" / "http.mjs"], tools.node_version())


def uwebsockets(tools):
    carried = tools.crate_sources("uwebsockets", "libuwebsockets-sys") / "uWebSockets"
    flags = ["-DLIBUS_USE_OPENSSL", "-DUWS_NO_ZLIB", "-w", f"-I{carried}/src", f"-I{carried}/uSockets/src"]
    # As its own build has it, but for -march=native: the other peers are built for any processor too.
    own = ("-O3", "-flto", "-DNDEBUG")
    sockets = tools.native("uwebsockets/usockets.c", flags=[*flags, "-c"], optimised=own)
    built = tools.native("uwebsockets/http.cpp", flags=[*flags, "-fuse-ld=lld"], libraries=[str(sockets), "-lssl", "-lcrypto"], optimised=own)
    return program([built], UWEBSOCKETS, lacks=NO_FILES)


def uwebsockets_js(tools):
    modules = tools.npm("@btc-vision/uwebsockets.js@20.57.0")
    # Its binaries want a recent C library: said here once, and not in each case.
    folder = f"{modules}/node_modules/@btc-vision/uwebsockets.js"
    # Its own error begins with a list of platforms; what the loader said is at the end.
    tell = "console.error(error.message.trim().split('\\n').pop().replace(/\\(required by .*\\/(.*)\\)/, 'by $1')); process.exit(1)"
    tool([tools.node(), "-e", f"try {{ require('{folder}') }} catch (error) {{ {tell} }}"], "loading uWebSockets.js")
    return program([tools.node(), tools.sources / "node" / "uws.mjs", modules], "20.57.0", lacks=NO_FILES)


def prepare(folder):
    """The files and the key, made once a run."""
    os.makedirs(f"{folder}/www", exist_ok=True)
    for name, body in (("1k", SMALL), ("1m", LARGE), ("10m", LARGE * 10)):
        with open(f"{folder}/www/{name}", "wb") as file:
            file.write(body)
    if not os.path.exists(f"{folder}/key.pem"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
                        "-subj", "/CN=localhost", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
                       check=True, capture_output=True)


def check(port, ask):
    """Raises Missing unless the server gives what all must give."""
    host = f"127.0.0.1:{port}"
    try:
        if ask.mode == "plain":
            connection = http.client.HTTPConnection(host, timeout=5)
        else:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            connection = http.client.HTTPSConnection(host, timeout=5, context=context)
        connection.request("GET", ask.path)
        response = connection.getresponse()
        body = response.read()
        connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise Missing(f"{ask.path} was not answered: {error}") from error
    kind = (response.getheader("Content-Type") or "").split(";")[0]
    if (response.status, kind, response.getheader("Content-Length"), body) != (200, ask.kind, str(len(ask.body)), ask.body):
        raise Missing(f"{ask.path} has another answer than asked for: {response.status} {kind} {response.getheader('Content-Length')}")


class Http(LoadedSuite):
    name = "http"
    what = "an HTTP/1.1 server"
    repetitions, quick_repetitions = 5, 2
    budget_s, quick_budget_s = 30.0, 5.0
    load_source, load_libraries = "load/http.cpp", ("-lssl", "-lcrypto")

    def cases(self, quick):
        return [Case(name, (Work(f"{name}_cpu", "us", f"processor time of the server: {ask.what}"),
                            Work(f"{name}_rate", "1/s", f"responses: {ask.what}; {AS_ASKED}", more_is_better=True, is_compared=False)))
                for name, ask in ASKS.items()]

    def peers(self):
        return {"gyre": gyre_on("mixed", "gyre_http"), APP: self._app, "limit_epoll": limit_epoll, "limit_io_uring": limit_io_uring,
                "gyre_io_uring": gyre_on("io_uring", "gyre_http"), "nginx": nginx, "h2o": h2o, "beast": beast, "hyper": hyper, "go": go,
                "node": node, "uwebsockets": uwebsockets, "uwebsockets_js": uwebsockets_js, "aiohttp": python_on_uvloop("aiohttp", "http_aiohttp.py"),
                "granian": python_on_uvloop("granian", "http_granian.py")}

    def _app(self, tools):
        self._served_by_app = gyre_on("mixed", "gyre_app")(tools)
        return self._served_by_app

    def measure(self, peer, program, case, run):
        if case.name in FILES and is_own(peer):
            program = replace(self._served_by_app, env=program.env)
        told = self.ask(program, run, ASKS[case.name])
        return {f"{case.name}_cpu": told["cpu_us"], f"{case.name}_rate": told["rate"]}

    def ask(self, program, run, ask):
        """What the load generator says of a server that it asks like that."""
        prepare(run.scratch)
        keys = () if ask.mode == "plain" else (f"{run.scratch}/cert.pem", f"{run.scratch}/key.pem")
        seconds = QUICK_SECONDS if run.quick else SECONDS
        with Server(program, run, f"{run.scratch}/www", *keys) as server:
            check(server.port, ask)
            return self.under_load(server, run, ask.path, ask.connections, ask.pipelined, seconds, ask.mode)


SUITE = Http()

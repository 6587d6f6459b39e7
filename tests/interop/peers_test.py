#!/usr/bin/env python3
"""Other people's clients against our server, and our client against other people's servers: tests/interop/peers/README.md.

usage: peers_test.py BUILD/tests [--full] [PEER...]      PEER: curl, aiohttp, httpx, websockets, undici, ws, go, node, chromium, nginx, haproxy

Each client meets a server on epoll over http and one on io_uring over https; with --full both over both.
"""

import concurrent.futures
import os
import subprocess
import sys
import time

from world import World, free_port, report  # finds the folder peers too
import toolbox
from proxies import start_haproxy, start_nginx
from toolbox import HERE

PYTHON = ("aiohttp==3.14.5", "httpx==0.28.1", "websockets==17.4", "brotli==1.2.1", "zstandard==0.25.0")
NODE = ("undici@7.30.2", "ws@8.23.0", "playwright-core@1.65.1", "webm-muxer@5.1.4")


def script(name):
    return lambda world: ([toolbox.python(*PYTHON), HERE / f"{name}_client.py"], {})


def module(name):
    def get(world):
        node, home = toolbox.node(*NODE)
        return [node, home / f"{name}_client.mjs"], {}
    return get


def chromium(world):
    command, _ = module("chromium")(world)
    return command, toolbox.environment(CHROMIUM=toolbox.debian("chromium", "chromium"), FILES=str(world.files))


CLIENTS = {
    "curl": script("curl"),
    "aiohttp": script("aiohttp"),
    "httpx": script("httpx"),
    "websockets": script("websockets"),
    "undici": module("undici"),
    "ws": module("ws"),
    "go": lambda world: ([toolbox.go("go"), "client"], {}),
    "chromium": chromium,
}


def aiohttp_server(world, is_tls):
    port = free_port()
    world.start([toolbox.python(*PYTHON), HERE / "aiohttp_server.py", port, world.files, *world.tls(is_tls)], port)
    # It tells a handler of no trailers, sends none, and knows no 103.
    return port, ("request_trailers", "response_trailers", "early_hints")


def node_server(world, is_tls):
    node, home = toolbox.node(*NODE)
    port = free_port()
    world.start([node, home / "node_server.mjs", port, world.files, *world.tls(is_tls)], port)
    return port, ()


def go_server(world, is_tls):
    port = free_port()
    world.start([toolbox.go("go"), "server", port, world.files, *world.tls(is_tls)], port)
    return port, ("websocket", "websocket_deflate")  # net/http has none


def nginx_before_gyre(world, is_tls):
    # nginx 1.22 passes on no trailers, and waits for ever behind a 103. It may sleep with bytes of the request unread when it has sent
    # a part of the response: the server waits for more of the body then, and what the client has sent lies in nginx's socket.
    return start_nginx(world, is_tls, world.gyre()[0]), ("request_trailers", "response_trailers", "early_hints", "duplex")


def haproxy_before_gyre(world, is_tls):
    return start_haproxy(world, is_tls, world.gyre("--proxied", backend="io_uring")[0]), ("early_hints",)


SERVERS = {
    "aiohttp": aiohttp_server,
    "node": node_server,
    "go": go_server,
    "nginx": nginx_before_gyre,
    "haproxy": haproxy_before_gyre,
}


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def take(self, title, begun, done, output):
        lines = output.splitlines()
        good = sum(line.startswith("ok ") for line in lines)
        bad = [line for line in lines if line.startswith("FAILED ")]
        if not bad and (done != 0 or good == 0):
            bad = [f"FAILED: it ended with status {done}: {output[-1500:]}"]
        self.passed += good
        self.failed += len(bad)
        print(f"{'FAILED' if bad else 'ok':7} {title}: {good} checks, {time.monotonic() - begun:.1f} s", flush=True)
        for line in bad + [line for line in lines if line.startswith("skipped ")]:
            print(f"        {line}", flush=True)

    def lacks(self, what, error):
        is_fault = not isinstance(error, toolbox.NotHere)
        self.failed += is_fault
        print(f"{'FAILED' if is_fault else 'missing'} {what}: {error}", flush=True)


def run_checks(command, env, timeout=240):
    begun = time.monotonic()
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=dict(os.environ, **env), timeout=timeout)
    return begun, done.returncode, done.stdout.decode(errors="replace")


def main():
    words = [word for word in sys.argv[1:] if word != "--full"]
    is_full = "--full" in sys.argv
    chosen = words[1:] or [*CLIENTS, *SERVERS]
    ways = [("epoll", False), ("io_uring", True)] + ([("epoll", True), ("io_uring", False)] if is_full else [])
    world = World(words[0])
    tally = Tally()
    try:
        jobs = []
        for backend, is_tls in ways:
            scheme = "https" if is_tls else "http"
            port, server = world.gyre(backend=backend, tls=is_tls)
            ca = [world.ca] if is_tls else []
            for name, get in CLIENTS.items():
                if name not in chosen:
                    continue
                try:
                    command, env = get(world)
                except toolbox.Missing as error:
                    tally.lacks(name, error)
                    continue
                jobs.append((f"{name} asks gyre ({backend}, {scheme})", [*command, f"{scheme}://127.0.0.1:{port}", *ca], env))
            for name, start in SERVERS.items():
                if name not in chosen:
                    continue
                try:
                    port_, without = start(world, is_tls)
                except toolbox.Missing as error:
                    tally.lacks(name, error)
                    continue
                options = [word for check in without for word in ("--without", check)] + [word for path in ca for word in ("--ca", path)]
                jobs.append((f"gyre ({backend}, {scheme}) asks {name}",
                             [world.programs / "interop_client", f"{scheme}://127.0.0.1:{port_}", *options], {"GYRE_BACKEND": backend}))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            running = [(title, pool.submit(run_checks, command, env)) for title, command, env in jobs]
            for title, future in running:
                try:
                    tally.take(title, *future.result())
                except subprocess.TimeoutExpired as error:
                    tally.take(title, time.monotonic(), 124, (error.stdout or b"").decode(errors="replace") + "\nFAILED: it did not end")
        for process in list(world.processes):
            if "interop_server" in str(process.args[0]) and world.end(process) != 0:
                tally.take("the end of a server", time.monotonic(), process.returncode, "")
    finally:
        world.close()
    return report(tally.passed, tally.failed)


if __name__ == "__main__":
    sys.exit(main())

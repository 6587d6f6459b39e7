#!/usr/bin/env python3
"""What a server and a client bear for long: hostile clients, idle connections, servers that close at random, restarts under load.

usage: soak.py BUILD/tests [--long] [hostile|idle|closes|restart]...

By itself some two minutes; with --long an hour of closes, 100,000 idle connections over seven processes, 10,000 hostile ones, and minutes
of restarts. The figures that it holds, and those that were measured, stand in docs/robustness.md. All traffic stays on the loopback
addresses of this machine.
"""

import os
import random
import resource
import select
import selectors
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import threading
import time

from world import World, free_port, report

BACKENDS = ("mixed", "io_uring")  # the sockets of the one are those of epoll
HOSTILE, HOSTILE_SHORT = 10_000, 2000
RUNS, RUN = 10, 1000            # of a good client beside them, at least; and the requests of each
HOSTILE_KIB_EACH = 32           # of the server's memory for each hostile connection, at most
IDLE_BYTES_EACH = 4096           # of user memory for each idle connection, at most
IDLE_TLS_BYTES_EACH = 20 * 1024  # the same with TLS
IDLE_TLS, IDLE_TLS_SHORT = 2000, 500
TLS_RESTS_AFTER = 3             # seconds: then a connection with TLS has given its buffers back
SLOWER_AT_MOST = 2              # p99 of a good client beside hostile ones, as a multiple of what it is beside as many good ones
PER_SERVER = 18_000             # connections: below the limit of descriptors that may not be raised everywhere

FAILURES = []


def check(holds, what):
    print(f"{'ok' if holds else 'FAILED':7} {what}", flush=True)
    if not holds:
        FAILURES.append(what)


def memory_kib(process, name="VmRSS"):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name + ":"))


def user_memory_bytes(process):
    """What is only in this process's heap and stacks: neither its program nor the kernel's buffers."""
    with open(f"/proc/{process.pid}/smaps_rollup") as rollup:
        return 1024 * next(int(line.split()[1]) for line in rollup if line.startswith("Anonymous:"))


def open_descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def connect(port, number, small_buffer=False):
    """A connection from one of many addresses, so that neither ports nor the server's limit for each source run out."""
    connection = socket.socket()
    if small_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.bind((f"127.1.{number // 200 % 200}.{number % 200 + 1}", 0))
    connection.setblocking(False)
    connection.connect_ex(("127.0.0.1", port))
    return connection


# --- hostile clients ------------------------------------------------------------------------------------------------------


class Hostile:
    """One connection of a kind; `step` does the next bad thing. False: the server has closed it."""

    KINDS = ("slow head", "slow body", "slow read", "idle", "flood", "large head", "chunk extensions", "websocket bomb")

    def __init__(self, port, number, kind=None):
        self.kind = kind or self.KINDS[number % len(self.KINDS)]
        self.connection = connect(port, number, self.kind in ("slow read", "flood"))
        self.number = number
        self.steps = 0

    def bytes(self):
        """What to send next."""
        first, self.steps = self.steps == 0, self.steps + 1
        if self.kind == "good":
            return b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
        if self.kind == "slow head":
            return b"GET /hello HTTP/1.1\r\n" if first else b"X"
        if self.kind == "slow body":
            return b"POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" if first else b"x"
        if self.kind == "slow read":
            return b"GET /bytes/200000 HTTP/1.1\r\nHost: x\r\n\r\n" if first else b""
        if self.kind == "flood":
            return b"GET /bytes/1000 HTTP/1.1\r\nHost: x\r\n\r\n" * 5
        if self.kind == "large head":
            return b"GET /hello HTTP/1.1\r\nHost: x\r\n" if first else b"X-%d: %s\r\n" % (self.steps, b"y" * 300)
        if self.kind == "chunk extensions":
            return b"POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" if first else b"1;" + b"x" * 200 + b"\r\nZ\r\n"
        if self.kind == "websocket bomb":
            return WEBSOCKET if first else BOMB[self.steps % 2 * 4096:][:4096]
        return b""

    def step(self):
        try:
            more = self.bytes()
            if more:
                self.connection.send(more)
            if self.kind not in ("slow read", "flood"):
                return self.connection.recv(4096) != b""
            if self.steps % 4 == 0:
                return self.connection.recv(64) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True


WEBSOCKET = (b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
             b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n")


def make_bomb():
    """A frame of 8 KiB that unpacks to 8 MiB, masked with zeros."""
    import zlib
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    content = (packer.compress(bytes(8 << 20)) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
    return b"\xc2\xfe" + len(content).to_bytes(2, "big") + bytes(4) + content


BOMB = make_bomb()


class Crowd(threading.Thread):
    """Keeps so many connections open, each doing its bad thing about every five seconds, at a moment of its own; or a good one."""

    SECONDS_APART = 5
    LATE = 0.05  # seconds: who is so late forgets what should have been done, so that it does not come all at once

    def __init__(self, port, count, kind=None):
        super().__init__(daemon=True)
        self.port, self.count, self.kind = port, count, kind
        self.over = threading.Event()
        self.full = threading.Event()
        self.opened = 0
        self.pace = 0  # steps a second

    def run(self):
        members = []
        while not self.over.is_set() and len(members) < self.count:
            members.append(self.open())
            if len(members) % 200 == 0:
                self.over.wait(0.01)
        at = steps = 0
        chance = random.Random(1)
        following = began = time.monotonic()
        while not self.over.is_set():
            following += chance.expovariate(self.count / self.SECONDS_APART)
            pause = following - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            elif pause < -self.LATE:
                following = time.monotonic()
            if not members[at].step():
                members[at].connection.close()
                members[at] = self.open()
            steps += 1
            at = steps % self.count
            if at == 0:
                self.full.set()
        self.pace = steps / (time.monotonic() - began)
        for member in members:
            member.connection.close()

    def open(self):
        self.opened += 1
        return Hostile(self.port, self.opened, self.kind)


def latency(world, port, count, backend):
    """Median and p99 of a client that asks one request after the other, in microseconds."""
    done = subprocess.run([world.programs / "interop_client", "latency", f"http://127.0.0.1:{port}/hello", str(count)], capture_output=True,
                          text=True, timeout=300, env=dict(os.environ, GYRE_BACKEND=backend))
    if done.returncode != 0:
        raise RuntimeError(f"the good client failed: {done.stderr}")
    return [float(word) for word in done.stdout.split()]


def crowd_process(port, count, kind):
    """The crowd in a process of its own, until its input ends."""
    return subprocess.Popen([sys.executable, __file__, "--crowd", str(port), str(count), kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def be_a_crowd(port, count, kind):
    # In life a crowd has machines of its own: here it gets what the server and the good client leave of these cores.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    crowd = Crowd(port, count, None if kind == "hostile" else kind)
    crowd.start()
    crowd.full.wait(60)
    say_and_stay("full")
    crowd.over.set()
    crowd.join()
    print(crowd.opened, round(crowd.pace), flush=True)


class Latency:
    """Of some runs. What else the machine does only makes a run slower: the better quarter of them speaks for the server."""

    def __init__(self, runs):
        medians, p99s, worsts = zip(*runs)
        self.median, self.p99 = (statistics.quantiles(column, n=4)[0] for column in (medians, p99s))
        self.usual_p99, self.worst = statistics.median(p99s), max(worsts)

    def __str__(self):
        return f"p99 {self.p99:.0f} us (of all runs {self.usual_p99:.0f}, median {self.median:.0f}, worst {self.worst:.0f})"


def beside(world, port, server, kind, is_long, backend):
    """The latency of a good client beside a crowd of a kind."""
    seconds, size = (120, HOSTILE) if is_long else (10, HOSTILE_SHORT)
    crowd = crowd_process(port, size, kind)
    crowd.stdout.readline()
    runs = []
    begun = time.monotonic()
    while len(runs) < RUNS or time.monotonic() - begun < seconds:
        runs.append(latency(world, port, RUN, backend))
    opened, pace = map(int, crowd.communicate("")[0].split())
    check(server.poll() is None, f"hostile, {backend}: the server lives; {opened} {kind} connections in all, {size} at a time, {len(runs)} runs beside them")
    check(pace > 0.8 * size / Crowd.SECONDS_APART, f"hostile, {backend}: the crowd does {pace} things a second")
    return Latency(runs)


def hostile(world, is_long):
    size = HOSTILE if is_long else HOSTILE_SHORT
    for backend in BACKENDS:
        port, server = world.gyre("--limits", "--connections", "15000", backend=backend)
        alone = Latency([latency(world, port, RUN, backend) for _ in range(RUNS)])
        # On two cores a crowd takes time from the good client and the server whatever it does: as many good ones show how much.
        good = beside(world, port, server, "good", is_long, backend)
        check(world.end(server) == 0, f"hostile, {backend}: it ends in good order")
        port, server = world.gyre("--limits", "--connections", "15000", backend=backend)
        latency(world, port, RUN, backend)
        before = memory_kib(server)
        bad = beside(world, port, server, "hostile", is_long, backend)
        each = (memory_kib(server, "VmHWM") - before) / size
        check(each <= HOSTILE_KIB_EACH, f"hostile, {backend}: {each:.1f} KiB for each connection at the peak, at most {HOSTILE_KIB_EACH}")
        print(f"        a good client alone: {alone}; beside good ones: {good}; beside hostile ones: {bad}")
        for than, p99 in (("alone", alone.p99), ("beside as many good ones", good.p99)):
            check(bad.p99 <= SLOWER_AT_MOST * p99, f"hostile, {backend}: p99 of a good client {bad.p99:.0f} us beside them, {p99:.0f} us {than}, "
                                                   f"at most {SLOWER_AT_MOST} times that")
        check(world.end(server) == 0, f"hostile, {backend}: it ends in good order")


# --- idle connections -----------------------------------------------------------------------------------------------------


def be_idle(port, count, first, is_secure):
    """Opens connections, asks once on each, says when all are answered, and keeps them until its input ends."""
    if is_secure:
        kept = [ask_securely(port, number) for number in range(first, first + count)]
        print("idle", flush=True)
        if sys.stdin.readline():  # go on
            for connection in kept:
                socket.socket.send(connection, b"\x17")  # past the layer of TLS: the first byte of a record
            say_and_stay("begun")
        return None
    selector = selectors.DefaultSelector()
    waiting = 0
    kept = []
    for number in range(first, first + count):
        connection = connect(port, number)
        kept.append(connection)
        selector.register(connection, selectors.EVENT_WRITE)
        waiting += 1
        if waiting % 500 == 0:
            waiting -= answer_some(selector, 0.05)
    deadline = time.monotonic() + 300
    while waiting and time.monotonic() < deadline:
        waiting -= answer_some(selector, 1)
    return say_and_stay("idle" if waiting == 0 else f"{waiting} connections got no answer")


def say_and_stay(what):
    print(what, flush=True)
    sys.stdin.read()


def answer_some(selector, patience):
    done = 0
    for key, events in selector.select(patience):
        if events & selectors.EVENT_WRITE:
            key.fileobj.send(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
            selector.modify(key.fileobj, selectors.EVENT_READ)
        elif key.fileobj.recv(4096):
            selector.unregister(key.fileobj)
            done += 1
    return done


def ask_securely(port, number):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    plain = socket.socket()
    plain.bind((f"127.1.{number // 200 % 200}.{number % 200 + 1}", 0))
    plain.connect(("127.0.0.1", port))
    connection = context.wrap_socket(plain)
    connection.sendall(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
    if not connection.recv(4096):
        raise RuntimeError("an answer that is empty")
    return connection


def idle_clients(port, count, first, is_secure=False):
    return subprocess.Popen([sys.executable, __file__, "--idle", str(port), str(count), str(first), str(int(is_secure))],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def idle(world, is_long):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = min(PER_SERVER, limit - 1000)
    count = 100_000 if is_long else most
    # One more than would do: the kernel shares the connections of a port out, and not evenly.
    servers = -(-count // most) + (1 if is_long else 0)
    # A machine that is busy may need longer to open so many than idle ones are kept by default.
    options = ("--limits", "--connections", "100000", "--keep-alive", "600")
    for backend in BACKENDS:
        port, first = world.gyre(*options, "--loops", "2", backend=backend)
        group = [first] + [world.gyre(*options, "--loops", "2", backend=backend, port=port)[1] for _ in range(servers - 1)]
        time.sleep(1)  # somebody listens on the port: not all of them as yet, maybe
        before = sum(map(user_memory_bytes, group))
        clients = [idle_clients(port, min(most, count - begin), begin) for begin in range(0, count, most)]
        for client in clients:
            said = client.stdout.readline().strip()
            check(said == "idle", f"idle, {backend}: a client with connections to the {servers} servers: {said}")
        open_ones = sum(map(open_descriptors, group))
        check(open_ones >= count, f"idle, {backend}: the servers have {open_ones} descriptors open")
        each = (sum(map(user_memory_bytes, group)) - before) / count
        check(each <= IDLE_BYTES_EACH, f"idle, {backend}: {count} connections to {servers} servers on one port (at most {limit} descriptors each): "
                                       f"{each:.0f} bytes of user memory each, at most {IDLE_BYTES_EACH}")
        for client in clients:
            client.communicate("")
        for server in group:
            check(world.end(server) == 0, f"idle, {backend}: a server ends in good order")
        idle_securely(world, backend, options, IDLE_TLS if is_long else IDLE_TLS_SHORT)


def idle_securely(world, backend, options, count):
    port, server = world.gyre(*options, backend=backend, tls=True)
    with idle_clients(port, 10, 0, True) as warm_up:
        warm_up.stdout.readline()
        warm_up.communicate("")
    before = user_memory_bytes(server)
    client = idle_clients(port, count, 1000, True)
    # The client goes on with the first byte of a record on each connection, which shall not cost what a record does.
    for said, go_on in (("idle", "\n"), ("begun", "")):
        check(client.stdout.readline().strip() == said, f"idle, {backend}: a client with TLS is {said}")
        time.sleep(TLS_RESTS_AFTER)
        open_ones = open_descriptors(server)
        check(open_ones >= count, f"idle, {backend}: the server has {open_ones} descriptors open")
        each = (user_memory_bytes(server) - before) / count
        check(each <= IDLE_TLS_BYTES_EACH, f"idle, {backend}: {count} connections with TLS, {said}: {each:.0f} bytes of user memory each, "
                                           f"at most {IDLE_TLS_BYTES_EACH}")
        client.stdin.write(go_on)
        client.stdin.flush()
    client.communicate("")
    check(world.end(server) == 0, f"idle, {backend}: a server with TLS ends in good order")


# --- servers that close at random ------------------------------------------------------------------------------------------


def be_fickle(port):
    """A server that answers, and then closes some of its connections without a word: at once, a little later, or as the next request comes."""
    chance = random.Random(1)
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    listener.setblocking(False)
    poller = select.epoll()
    poller.register(listener, select.EPOLLIN)
    connections, doomed = {}, []
    while True:
        for descriptor, _ in poller.poll(0.002 if doomed else 1):
            if descriptor == listener.fileno():
                connection, _ = listener.accept()
                connections[connection.fileno()] = connection
                poller.register(connection, select.EPOLLIN)
                continue
            connection = connections.get(descriptor)
            if connection is None:
                continue
            try:
                request = connection.recv(65536)
                if request:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n" * request.count(b"\r\n\r\n"))
            except OSError:
                request = b""
            fate = chance.random()
            if not request or fate < 0.05:
                connections.pop(descriptor).close()
            elif fate < 0.15:
                doomed.append((time.monotonic() + chance.random() * 0.02, descriptor, connection))
        now = time.monotonic()
        for when, descriptor, connection in doomed:
            if when <= now and connections.get(descriptor) is connection:
                if chance.random() < 0.5:  # a reset
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connections.pop(descriptor).close()
        doomed = [one for one in doomed if one[0] > now]


def ask_on(world, port, seconds, backend, pause_ms=10):
    return subprocess.Popen([world.programs / "interop_client", "idempotent", f"http://127.0.0.1:{port}/hello", str(seconds), str(pause_ms)],
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, GYRE_BACKEND=backend))


def closes(world, is_long):
    """In a long run side by side, and with pauses that leave most of a machine to others; else one after the other, as fast as it goes."""
    backends = ("epoll", *BACKENDS)
    seconds, pause_ms = (3600, 300) if is_long else (10, 10)
    clients = []
    for backend in backends:
        port = free_port()
        world.start([sys.executable, __file__, "--fickle", port], port)
        clients.append(ask_on(world, port, seconds, backend, pause_ms))
        if not is_long:
            clients[-1].wait()
    for backend, client in zip(backends, clients):
        said, error = client.communicate()
        check(client.returncode == 0, f"closes, {backend}, {seconds} s: {said.strip() or error.strip()}; no error")


# --- restarts under load ---------------------------------------------------------------------------------------------------


def restart(world, is_long):
    for backend in BACKENDS:
        port = free_port()
        seconds = 300 if is_long else 10
        env = dict(os.environ, GYRE_BACKEND=backend)
        words = [world.programs / "interop_server", "--port", port, "--loops", "2"]

        def start():
            process = subprocess.Popen(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=env, text=True)
            world.processes.append(process)
            process.stdout.readline()
            return process

        server, restarts = start(), 0
        client = ask_on(world, port, seconds, backend)
        good_ends = True
        while client.poll() is None:
            try:
                client.wait(1)
            except subprocess.TimeoutExpired:
                following = start()
                good_ends = world.end(server) == 0 and good_ends
                server, restarts = following, restarts + 1
        said, error = client.communicate()
        check(client.returncode == 0 and good_ends, f"restart, {backend}: {restarts} restarts under load: {said.strip() or error.strip()}; none lost")
        world.end(server)


# --- the program ------------------------------------------------------------------------------------------------------------

PARTS = {"hostile": hostile, "idle": idle, "closes": closes, "restart": restart}


def main():
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    words = sys.argv[1:]
    if words[0] == "--crowd":
        return be_a_crowd(int(words[1]), int(words[2]), words[3])
    if words[0] == "--idle":
        return be_idle(int(words[1]), int(words[2]), int(words[3]), words[4] == "1")
    if words[0] == "--fickle":
        return be_fickle(int(words[1]))
    is_long = "--long" in words
    chosen = [word for word in words[1:] if word in PARTS] or list(PARTS)
    world = World(words[0])
    done = 0
    try:
        for name in chosen:
            begun = time.monotonic()
            PARTS[name](world, is_long)
            done += 1
            print(f"        {name}: {time.monotonic() - begun:.0f} s", flush=True)
    finally:
        world.close()
    return report(max(0, done - len(FAILURES)), len(FAILURES))


if __name__ == "__main__":
    sys.exit(main())

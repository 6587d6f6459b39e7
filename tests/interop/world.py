"""What the tests here start: a folder, certificates, servers that end with it; the ports that they listen on."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))  # for those who import this: toolbox, proxies


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Base:
    """A folder, a certificate authority, and processes that end with it."""

    def __init__(self):
        self.root = Path(tempfile.mkdtemp(prefix="gyre-interop-"))
        self.root.chmod(0o755)
        self.processes = []
        self.make_certificates()

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.root, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {arguments[0]}: {done.stderr[-2000:]}")

    def make_certificates(self):
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        self.openssl("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test CA",
                     "-addext", "keyUsage=critical,keyCertSign")
        self.openssl("req", *new_key, "-keyout", "key.pem", "-out", "server.csr", "-subj", "/CN=test server")
        (self.root / "names.cnf").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
        self.openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                     "-extfile", "names.cnf", "-out", "cert.pem")
        both = (self.root / "cert.pem").read_text() + (self.root / "key.pem").read_text()
        (self.root / "both.pem").write_text(both)
        self.ca = str(self.root / "ca.pem")

    def start(self, arguments, port, env=None, stdout=None, cwd=None):
        """Starts a server and waits until it listens."""
        log = self.root / f"server-{port}.log"
        with open(log, "wb") as errors:
            process = subprocess.Popen(list(map(str, arguments)), stdin=subprocess.DEVNULL, stdout=stdout or errors, stderr=errors, env=env,
                                       cwd=cwd)
        self.processes.append(process)
        self.wait_for(port, process, log)
        return process

    def wait_for(self, port, process, log=None):
        """Until somebody listens on the port."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                threading.Event().wait(0.02)
        said = log.read_text(errors="replace")[-2000:] if log else ""
        raise RuntimeError(f"{process.args[0]} does not listen on port {port}, its status is {process.poll()}: {said}")

    def end(self, process, patience=20):
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.processes.remove(process)
        return process.returncode

    def close(self):
        for process in list(self.processes):
            process.terminate()
        for process in list(self.processes):
            self.end(process)
        shutil.rmtree(self.root, ignore_errors=True)


class World(Base):
    """The same, and gyre's server for the tests with other people's programs."""

    def __init__(self, programs):
        super().__init__()
        self.programs = Path(programs).resolve()  # build/PRESET/tests
        self.files = self.root / "files"
        self.files.mkdir()
        (self.files / "data.bin").write_bytes(bytes(i % 251 for i in range(1_000_000)))

    def tls(self, is_tls):
        return [self.root / "cert.pem", self.root / "key.pem"] if is_tls else []

    def gyre(self, *more, backend="epoll", tls=False, stdout=None, port=None):
        """Our server; its port, and its process."""
        port = port or free_port()
        words = [self.programs / "interop_server", "--port", port, "--files", self.files, *more]
        if tls:
            words += ["--tls", *self.tls(True)]
        process = self.start(words, port, env=dict(os.environ, GYRE_BACKEND=backend), stdout=stdout)
        return port, process


def report(passed, failed):
    """The last line of a test; its exit status."""
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0

"""Gets other people's programs by their names from their registries, into build/peers: nothing is installed, no service started."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "bench"))
sys.dont_write_bytecode = True
from harness.model import Missing  # noqa: E402
from harness.tools import as_root, fetch_lists, install, run  # noqa: E402

HERE = Path(__file__).resolve().parent
FOLDER = ROOT / "build" / "peers"
DEBIAN = FOLDER / "debian"
PROGRAM_FOLDERS = ("usr/sbin", "usr/bin", "usr/lib/chromium")


class NotHere(Missing):
    """What it would need is not on this machine, and nobody promised that it is."""


def debian(package, program):
    """The path of a program of a Debian package: as installed, or unpacked with all that it needs."""
    found = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if found:
        return found
    mark = DEBIAN / "packages" / package
    if not mark.exists():
        if shutil.which("apt-get") is None:
            raise NotHere(f"{package} is not here, and neither is apt-get to download it")
        unpack(package)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    for folder in PROGRAM_FOLDERS:
        path = DEBIAN / folder / program
        if path.exists():
            return str(path)
    raise Missing(f"the package {package} brings no program called {program}")


def unpack(package):
    archives = FOLDER / "downloads" / package
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    command = [*as_root(), "apt-get", "install", "-y", "-qq", "--download-only", "--no-install-recommends", "-o", f"Dir::Cache::archives={archives}",
               package]
    try:
        run(command, f"downloading {package}")
    except Missing:
        fetch_lists()
        run(command, f"downloading {package}")
    for archive in sorted(archives.glob("*.deb")):
        run(["dpkg-deb", "-x", str(archive), str(DEBIAN)], f"unpacking {archive.name}")
    shutil.rmtree(archives)


def environment(**more):
    """What an unpacked program needs to find its libraries."""
    libraries = DEBIAN / "usr" / "lib" / f"{os.uname().machine}-linux-gnu"
    folders = [libraries, libraries / "pulseaudio", libraries / "varnish"]
    if not DEBIAN.exists():
        return dict(os.environ, **more)
    return dict(os.environ, LD_LIBRARY_PATH=":".join(map(str, folders)), **more)


def python(*packages):
    """A Python that has these packages, `name==version`."""
    home = FOLDER / "python"
    program = home / "bin" / "python"
    if not program.exists():
        try:
            run([sys.executable, "-m", "venv", str(home)], "making a virtual environment")
        except Missing:
            install("python3-venv")
            run([sys.executable, "-m", "venv", "--clear", str(home)], "making a virtual environment")
    code = "import sys, importlib.metadata as m\nfor p in sys.argv[1:]:\n n, v = p.split('==')\n assert m.version(n) == v"
    if subprocess.run([program, "-c", code, *packages], stderr=subprocess.DEVNULL).returncode != 0:
        run([str(program), "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages], f"pip install {' '.join(packages)}")
    return str(program)


def node(*packages):
    """Node.js with these packages, `name@version`, in a folder beside copies of the scripts here."""
    program = shutil.which("node")
    npm = shutil.which("npm")
    if program is None or npm is None:
        raise NotHere("Node.js is not on this machine")
    home = FOLDER / "npm"
    home.mkdir(parents=True, exist_ok=True)

    def lacks(package):
        name, version = package.rsplit("@", 1)
        told = home / "node_modules" / name / "package.json"
        return not told.exists() or json.loads(told.read_text())["version"] != version

    if any(map(lacks, packages)):
        run([npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(home), *packages], f"npm install {' '.join(packages)}")
    for script in HERE.glob("*.mjs"):  # modules are looked for beside the script that wants them
        shutil.copy2(script, home / script.name)
    return program, home


def go(folder):
    program = shutil.which("go")
    if program is None:
        raise NotHere("Go is not on this machine")
    output = FOLDER / "bin" / f"go_{folder}"
    output.parent.mkdir(parents=True, exist_ok=True)
    run([program, "build", "-o", str(output), "."], f"go build of {folder}", cwd=HERE / folder, env={"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"})
    return str(output)


# --- what tests start -----------------------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class World:
    """A folder, a certificate authority, and processes that end with it."""

    def __init__(self, programs):
        self.programs = Path(programs).resolve()  # build/PRESET/tests
        self.root = Path(tempfile.mkdtemp(prefix="gyre-peers-"))
        self.root.chmod(0o755)
        self.processes = []
        self.files = self.root / "files"
        self.files.mkdir()
        (self.files / "data.bin").write_bytes(bytes(i % 251 for i in range(1_000_000)))
        self.make_certificates()

    def openssl(self, *arguments):
        run(["openssl", *arguments], "openssl", cwd=self.root)

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

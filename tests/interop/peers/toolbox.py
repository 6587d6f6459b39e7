"""Gets other people's programs by their names from their registries, into build/peers: nothing is installed, no service started."""

import json
import os
import shutil
import subprocess
import sys
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

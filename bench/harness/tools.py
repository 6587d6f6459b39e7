"""Gets peers and builds their programs. Everything lands in build/bench; what is there and current is not made again."""

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Sequence

from harness.model import Missing, Program

CXX = "clang++-19"
CC = "clang-19"
OPTIMISED = ("-O2", "-DNDEBUG")


def run(argv: Sequence[str], what: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Runs a tool; its output. When it fails, `what` and its last words are the reason why the peer is missing."""
    try:
        done = subprocess.run(list(argv), cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except OSError as error:
        raise Missing(f"{what}: {error}") from error
    if done.returncode != 0:
        said = [line.strip() for line in (done.stdout + "\n" + done.stderr).splitlines() if line.strip()]
        told = [line for line in said if "error" in line.lower()] or said
        raise Missing(f"{what} failed: " + (told[0][:300] if told else f"exit status {done.returncode}"))
    return done.stdout


class Toolbox:
    """`root` is the repository. Each method raises `Missing` with the reason when it cannot."""

    def __init__(self, root: Path):
        self.root = root
        self.sources = root / "bench" / "peers"
        self.folder = root / "build" / "bench"
        self.debian = self.folder / "debian"
        (self.folder / "bin").mkdir(parents=True, exist_ok=True)

    # --- gyre --------------------------------------------------------------------------------------------------------

    def gyre(self, target: str, preset: str = "release") -> Path:
        """A program of this repository, as released or by another preset: `micro` is bench/micro, `gyre_files` is bench/gyre/files.cpp."""
        build = self.root / "build" / preset
        if not (build / "build.ninja").exists():
            run(["cmake", "--preset", preset], "configuring gyre", cwd=self.root)
        run(["cmake", "--build", str(build), "--target", f"bench_{target}", "--", "--quiet"], f"building {target}", cwd=self.root)
        return build / "bench" / target

    def gyre_version(self) -> str:
        text = (self.root / "CMakeLists.txt").read_text()
        return text.split("project(", 1)[1].split("VERSION", 1)[1].split()[0]

    # --- C and C++ ---------------------------------------------------------------------------------------------------

    def native(self, source: str, *, flags: Sequence[str] = (), libraries: Sequence[str] = (), optimised: Sequence[str] = OPTIMISED) -> Path:
        """Compiles one file of bench/peers, with the compiler and the optimisation of gyre; C++20 or C17 by its ending."""
        path = self.sources / source
        compiler = [CC, "-std=gnu17"] if path.suffix == ".c" else [CXX, "-std=c++20"]
        included = self.debian / "usr" / "include"
        debian = [f"-isystem{included}", f"-isystem{included / self.library_folder.name}", f"-L{self.library_folder}",
                  # The path counts for the libraries of libraries too, which it does not with the new tags.
                  f"-Wl,-rpath,{self.library_folder}", "-Wl,--disable-new-dtags"]
        command = [*compiler, *optimised, "-pthread", *flags, f"-I{self.sources}/common", str(path), *debian, *libraries]
        name = source.replace("/", "_").rsplit(".", 1)[0]
        output = self.folder / "bin" / f"{name}-{digest(command, path.parent, self.sources / 'common')}"
        if not output.exists():
            part = output.with_suffix(f".{os.getpid()}")
            run([*command, "-o", str(part)], f"compiling bench/peers/{source}")
            part.rename(output)
        return output

    @property
    def library_folder(self) -> Path:
        return self.debian / "usr" / "lib" / f"{os.uname().machine}-linux-gnu"

    # --- Debian ------------------------------------------------------------------------------------------------------

    def unpack(self, *packages: str) -> Path:
        """Downloads Debian packages and unpacks them in build/bench/debian: nothing is installed, nothing started, no root needed.

        What they depend on is not followed: name it too."""
        marks = self.debian / "packages"
        marks.mkdir(parents=True, exist_ok=True)
        lacking = [package for package in packages if not (marks / package).exists()]
        for package in lacking:
            place = self.folder / "downloads" / package
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            try:
                run(["apt-get", "download", "-qq", package], f"downloading {package}", cwd=place)
            except Missing:
                fetch_lists()
                run(["apt-get", "download", "-qq", package], f"downloading {package}", cwd=place)
            archive = next(place.glob("*.deb"), None)
            if archive is None:
                raise Missing(f"apt-get downloaded nothing for {package}")
            run(["dpkg-deb", "-x", str(archive), str(self.debian)], f"unpacking {package}")
            version = run(["dpkg-deb", "-f", str(archive), "Version"], f"reading {package}").strip()
            (marks / package).write_text(version)
        return self.debian

    def unpacked_version(self, package: str) -> str:
        """The upstream part of an unpacked package's version."""
        version = (self.debian / "packages" / package).read_text()
        return version.split(":")[-1].split("-")[0].split("+")[0]

    def command(self, name: str, package: str) -> str:
        """A program that is on the path, or that its Debian package brings (which needs root or sudo)."""
        found = shutil.which(name)
        if found is None:
            install(package)
            found = shutil.which(name)
        if found is None:
            raise Missing(f"the package {package} brings no program called {name}")
        return found

    # --- other languages ---------------------------------------------------------------------------------------------

    @functools.lru_cache(maxsize=None)
    def python(self, package: str | None = None) -> Path:
        """A Python with the package that bench/peers/python/requirements.txt pins under this name; without: the bare one."""
        home = self.folder / "python"
        python = home / "bin" / "python"
        if not python.exists():
            try:
                run([sys.executable, "-m", "venv", str(home)], "making a virtual environment")
            except Missing:
                install("python3-venv")
                run([sys.executable, "-m", "venv", "--clear", str(home)], "making a virtual environment")
        if package is not None:
            line = next((line for line in (self.sources / "python" / "requirements.txt").read_text().splitlines()
                         if line.split("==")[0] == package), None)
            if line is None:
                raise Missing(f"bench/peers/python/requirements.txt does not name {package}")
            if self._pip(python, package) != line.split("==")[1]:
                run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", line], f"pip install {line}")
        return python

    def python_version(self, package: str | None = None) -> str:
        """`0.22.1 (CPython 3.11.2)`, or the latter alone."""
        python = self.python(package)
        own = run([str(python), "-c", "import platform as p; print(p.python_implementation(), p.python_version())"], "python").strip()
        return own if package is None else f"{self._pip(python, package)} ({own})"

    def _pip(self, python: Path, package: str) -> str | None:
        code = "import sys, importlib.metadata as m\ntry: print(m.version(sys.argv[1]))\nexcept m.PackageNotFoundError: pass"
        return run([str(python), "-c", code, package], "asking pip").strip() or None

    def cargo(self, crate: str, program: str, profile: str = "release") -> Path:
        """Builds the crate bench/peers/CRATE in a profile of its Cargo.toml; its binary PROGRAM (src/bin/PROGRAM.rs)."""
        run(self.cargo_command(crate, program, profile), f"cargo build of {crate}")
        target = self.folder / "cargo"
        # The crates share what they depend on, and their programs' names: each is taken out of the common folder.
        output = self.folder / "bin" / f"{crate}_{program}{'' if profile == 'release' else '-' + profile}"
        part = output.with_suffix(f".{os.getpid()}")
        shutil.copy2(target / profile / program, part)
        part.rename(output)
        return output

    def cargo_command(self, crate: str, program: str, profile: str = "release") -> list[str]:
        """What builds a crate's program."""
        return [self.command("cargo", "cargo"), "build", "--profile", profile, "--quiet", "--locked", "--manifest-path",
                str(self.sources / crate / "Cargo.toml"), "--target-dir", str(self.folder / "cargo"), "--bin", program]

    def crate_version(self, crate: str, dependency: str) -> str:
        """`1.40.0 (rustc 1.80.0)`: of a dependency as Cargo.lock pins it."""
        lock = (self.sources / crate / "Cargo.lock").read_text()
        version = lock.split(f'name = "{dependency}"\nversion = "', 1)[1].split('"', 1)[0]
        return f"{version} ({' '.join(run(['rustc', '--version'], 'rustc').split()[:2])})"

    def crate_sources(self, crate: str, dependency: str) -> Path:
        """The folder of a crate that bench/peers/CRATE depends on, unbuilt: for what it carries in other languages."""
        told = run([self.command("cargo", "cargo"), "metadata", "--locked", "--format-version", "1", "--manifest-path",
                    str(self.sources / crate / "Cargo.toml")], f"fetching {dependency}")
        return next(Path(package["manifest_path"]).parent for package in json.loads(told)["packages"] if package["name"] == dependency)

    def go(self, folder: str) -> Path:
        """Builds the Go program in bench/peers/go/FOLDER (one module, standard library only)."""
        go = self.command("go", "golang-go")
        output = self.folder / "bin" / f"go_{folder}"
        run([go, "build", "-o", str(output), f"./{folder}"], f"go build of {folder}", cwd=self.sources / "go", env={"GOTOOLCHAIN": "local"})
        return output

    def go_version(self) -> str:
        return run([self.command("go", "golang-go"), "env", "GOVERSION"], "go").strip().removeprefix("go")

    def node(self) -> str:
        return self.command("node", "nodejs")

    def node_version(self) -> str:
        return run([self.node(), "--version"], "node").strip().removeprefix("v")

    def npm(self, *packages: str) -> Path:
        """Installs `name@version` packages; the folder whose node_modules has them (put it in NODE_PATH, or import from there)."""
        home = self.folder / "npm"
        home.mkdir(exist_ok=True)
        npm = self.command("npm", "npm")
        for package in packages:
            name, version = package.rsplit("@", 1)
            told = home / "node_modules" / name / "package.json"
            if not (told.exists() and f'"version": "{version}"' in told.read_text()):
                run([npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(home), package], f"npm install {package}")
        return home


def program(argv: Sequence[str | Path], version: str, **more) -> Program:
    """A Program of anything that can be turned into text."""
    return Program(tuple(str(word) for word in argv), version, **more)


def gyre_on(backend: str, target: str) -> Callable[[Toolbox], Program]:
    """The builder of one of gyre's programs on a backend."""
    return lambda tools: program([tools.gyre(target)], tools.gyre_version(), env={"GYRE_BACKEND": backend})


def python_on_uvloop(package: str, source: str) -> Callable[[Toolbox], Program]:
    """The builder of a Python program that uses a package, on uvloop's loop."""
    def build(tools: Toolbox) -> Program:
        tools.python("uvloop")
        return program([tools.python(package), tools.sources / "python" / source], tools.python_version(package))
    return build


def digest(command: Sequence[str], *folders: Path) -> str:
    """Changes when the command or a file of the folders does; short."""
    told = hashlib.sha256("\0".join(command).encode())
    for folder in folders:
        for file in sorted(folder.rglob("*")) if folder.exists() else ():
            if file.is_file():
                told.update(file.read_bytes())
    return told.hexdigest()[:12]


def as_root() -> list[str]:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        raise Missing("needs a Debian package, and neither root nor sudo is here to install it")
    return ["sudo", "-n"]


@functools.lru_cache(maxsize=1)
def fetch_lists() -> None:
    run([*as_root(), "apt-get", "update", "-qq"], "apt-get update")


def install(package: str) -> None:
    """Installs a Debian package, for things that cannot be used unpacked."""
    if shutil.which("apt-get") is None:
        raise Missing(f"{package} is not here, and neither is apt-get to install it")
    command = [*as_root(), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
    try:
        run(command, f"installing {package}")
    except Missing:
        fetch_lists()
        run(command, f"installing {package}")

"""The conditions of a run: without them a figure says nothing."""

import os
import platform
import subprocess
import tomllib
from pathlib import Path

from harness.process import Cores
from harness.tools import CXX, OPTIMISED


def first_line(*command: str, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    except OSError:
        return "not here"
    return (done.stdout + done.stderr).strip().split("\n")[0]


def cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith(("model name", "Model"))]
    return names[0] if names else platform.machine()


def commit(root: Path) -> str:
    """The commit; with `-dirty` when the tree has changes that it does not."""
    return first_line("git", "-c", "safe.directory=*", "describe", "--always", "--dirty", "--abbrev=12", cwd=root)


def load() -> float:
    return round(os.getloadavg()[0], 2)


def preset_flags(root: Path) -> str:
    """The flags that gyre was really built with: what CMake's cache says."""
    cache = root / "build" / "release" / "CMakeCache.txt"
    if not cache.exists():
        return "not built"
    lines = dict(line.split("=", 1) for line in cache.read_text().splitlines() if "=" in line and not line.startswith(("#", "//")))
    own = {key.split(":")[0]: value for key, value in lines.items()}
    return " ".join(filter(None, (own.get("CMAKE_CXX_FLAGS"), own.get("CMAKE_CXX_FLAGS_RELEASE"))))


def rust_profile(root: Path) -> str:
    """What the crates of the peers say of their release profile; all say the same."""
    crates = sorted((root / "bench" / "peers").glob("*/Cargo.toml"))
    told = (tomllib.loads(crate.read_text()).get("profile", {}).get("release", {}) for crate in crates)
    return "; ".join(dict.fromkeys(", ".join(f"{key}={value}" for key, value in profile.items()) for profile in told if profile))


def flags(root: Path) -> dict[str, str]:
    return {"gyre": preset_flags(root), "peers in C and C++": " ".join(OPTIMISED) + "; uWebSockets -O3 -flto", "rust": rust_profile(root), "go": "default"}


def conditions(root: Path, cores: Cores, quick: bool) -> dict:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "server_core": sorted(cores.server),
        "load_core": sorted(cores.load),
        "memory_gib": round(memory / 2**30, 1),
        "kernel": platform.release(),
        "compilers": {"c++": first_line(CXX, "--version"), "rust": first_line("rustc", "--version"), "go": first_line("go", "version")},
        "flags": flags(root),
        "commit": commit(root),
        "backend": os.environ.get("GYRE_BACKEND", "chosen by gyre"),
        "quick": quick,
        "load_before": load(),
    }

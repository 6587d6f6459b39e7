"""Finds the suites: each module of bench/suites has one, called SUITE."""

import importlib
import pkgutil

import suites
from harness.model import Suite

ORDER = ("micro", "pool", "files", "echo", "parse", "http", "client", "connections", "seeing", "startup", "growth")


def find() -> dict[str, Suite]:
    """All suites by name; those of ORDER first."""
    found = {}
    for module in pkgutil.iter_modules(suites.__path__):
        suite = getattr(importlib.import_module(f"suites.{module.name}"), "SUITE", None)
        if suite is not None:
            found[suite.name] = suite
    return dict(sorted(found.items(), key=lambda item: (ORDER.index(item[0]) if item[0] in ORDER else len(ORDER), item[0])))

"""One target under libFuzzer, in a process of its own, which it ends: `python -m tests.fuzz.child TARGET FLAG...`."""

import sys
from importlib import import_module

FOLLOWED = ["schemas", "worker", "pamqp", "tests.fuzz"]
"""Whose branches lead the search."""


def main(target: str, *flags: str) -> None:
    """Never returns."""
    atheris = import_module("atheris")  # not there for every Python, and without types
    with atheris.instrument_imports(include=FOLLOWED):
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - only what is imported here is followed
    atheris.Setup([sys.argv[0], *flags], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A run cut down to what is told of it; apart from the program, whose processes cannot find what stands in it."""

import hashlib
from dataclasses import replace

from tests.simulation.world import Run, simulate

TRACE_LINES = 60


def digest(run: Run) -> str:
    """The same for two runs only if the same happened in both, in the same order and at the same time."""
    history = hashlib.sha256("\n".join(run.trace).encode())
    for message in run.told:
        history.update(f"{message}".encode())
    history.update(f"{run.report}".encode())
    return history.hexdigest()


def short(seed: int) -> Run:
    """A run with the end of its trace, and none where nothing was found."""
    run = simulate(seed)
    return replace(run, trace=run.trace[-TRACE_LINES:] if run.report.findings else (), told=())

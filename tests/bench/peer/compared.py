"""Row 2: one worker beside Placement, each with claims on the same 1,000 providers."""

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.figures import Line, Target
from tests.bench.ground import Ground
from tests.bench.peer.installed import VERSION, ran
from tests.bench.peer.served import peer

PROCESSES: Final = (1, 2, 4)
CLIENTS: Final = 8
TARGET: Final = Target("at least", 60.0)


async def measure(ground: Ground, rates: Sequence[float], seconds: float, say: Callable[[str], None]) -> list[Line]:
    """One line: the worker's `rates`, one a repetition, beside the best that any number of processes manages."""
    say("installing Placement")
    found: dict[int, list[dict[str, float]]] = defaultdict(list)
    async with peer(ground) as running:
        for repetition in range(len(rates)):
            for processes in PROCESSES:
                say(f"Placement with {processes} processes, {repetition + 1} of {len(rates)}")
                async with running.serving(processes) as address:
                    found[processes].append(await _loaded(address, seconds))
    best = max(PROCESSES, key=lambda processes: median(one["rate"] for one in found[processes]))
    floors = tuple(one["rate"] for one in found[best])
    of_each = ", ".join(
        f"{processes}: {median(one['rate'] for one in found[processes]):.0f}" for processes in PROCESSES
    )
    p50_ms = median(one["p50_ms"] for one in found[best])
    note = f"{VERSION}, {CLIENTS} clients, a second by processes: {of_each}; p50 of the best {p50_ms:.0f} ms"
    named = f"Placement, {best} processes"
    return [Line("2", "claims on 1,000 named providers", "claims/s", tuple(rates), named, floors, TARGET, note)]


async def _loaded(address: str, seconds: float) -> dict[str, float]:
    load = ("-m", "tests.bench.peer.load", address, str(CLIENTS), str(seconds))
    figures: dict[str, float] = json.loads(await ran(Path(sys.executable), *load))
    return figures

"""What a run uses as it goes on: memory, files, connections and tasks of each worker, from outside."""

import asyncio
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.chaos.watched import COUNTED
from tests.chaos.workers import Slot
from tests.chaos.world import SPARED

EVERY_S: Final = 5.0
GROWN_UP_S: Final = 20.0
"""A worker younger than that is still warming up: connections, caches and plans."""
GROWTH_MAX: Final = 1.25
ROOM: Final = {"memory_mib": 16.0, "files": 8.0, "connections": 4.0, "tasks": 16.0}
"""More than that is growth, and less is not, however small what it grew from."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Of one worker at one moment. `tasks`: None before it has counted them."""

    at_s: float
    worker: int
    age_s: float
    memory_mib: float
    files: int
    connections: int
    tasks: int | None


class Vitals:
    """Samples, as often as asked."""

    def __init__(self, slots: list[Slot], began: float) -> None:
        self._slots, self._began = slots, began
        self.samples: list[Sample] = []

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(EVERY_S)
            self.take()

    def take(self) -> None:
        """Of all workers that there are now."""
        for slot in self._slots:
            if (pid := slot.pid) is None:
                continue
            try:
                sample = self._sample(slot, pid)
            except (FileNotFoundError, ProcessLookupError, KeyError):
                continue  # it has ended meanwhile
            self.samples.append(sample)

    def _sample(self, slot: Slot, pid: int) -> Sample:
        now = time.time()
        folder = Path(f"/proc/{pid}")
        fields = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        files = [str(one.readlink()) for one in (folder / "fd").iterdir() if one.is_symlink()]
        connections = sum(name.startswith("socket:") for name in files)
        return Sample(
            round(now - self._began, 1), slot.number, round(now - slot.started_at, 1),
            round(int(fields["VmRSS"].split()[0]) / 1_024, 1), len(files), connections, _tasks(slot.log, pid),
        )  # fmt: skip

    def told(self) -> dict[str, Any]:
        """Of the worker that is never killed: at the start, in the middle and at the end; and whether it is flat."""
        grown = [one for one in self.samples if one.worker == SPARED and one.age_s >= GROWN_UP_S]
        part = max(1, len(grown) // 4)
        spans = {"start": grown[:part], "middle": grown[len(grown) // 2 :][:part], "end": grown[-part:]}
        found = {name: {what: _middle(span, what) for what in ROOM} for name, span in spans.items()}
        flat = {
            what: grew is not None and was is not None and grew <= max(was * GROWTH_MAX, was + ROOM[what])
            for what in ROOM
            for was, grew in [(found["start"][what], found["end"][what])]
        }
        return {"samples": len(grown), **found, "flat": flat}

    def as_json(self) -> list[dict[str, Any]]:
        """All of them."""
        return [asdict(sample) for sample in self.samples]


def _middle(samples: list[Sample], what: str) -> float | None:
    values = [value for sample in samples if (value := getattr(sample, what)) is not None]
    return median(values) if values else None


def _tasks(log: Path, pid: int) -> int | None:
    """What that worker has counted last."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 65_536))
        lines = file.read().decode(errors="replace").splitlines()
    for line in reversed(lines):
        if COUNTED in line and line.startswith("{") and line.endswith("}"):
            said = json.loads(line)
            return int(said["tasks"]) if said["pid"] == pid else None
    return None

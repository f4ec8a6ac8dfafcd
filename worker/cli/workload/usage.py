"""How full machines are: each, all of a class, all of a GPU model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from worker.cli.workload.amounts import CLASSES, Amounts, Machine, total_of
from worker.cli.workload.view import Picture

WORDS: Final = {"CUSTOM_MILLICPU": "cores", "MEMORY_MB": "memory", "CUSTOM_GPU_MILLI": "GPUs"}
UNITS: Final = {"CUSTOM_MILLICPU": (1_000, ""), "MEMORY_MB": (1_024 * 1_024, " TiB"), "CUSTOM_GPU_MILLI": (1_000, "")}


@dataclass(frozen=True, slots=True)
class Fill:
    """How much of how much."""

    name: str
    used: int
    capacity: int

    @property
    def share(self) -> float:
        return self.used / self.capacity if self.capacity else 0.0


def of_classes(picture: Picture) -> list[Fill]:
    """One a class, over all machines."""
    pairs = zip(total_of(picture.used.values()), total_of(picture.capacity.values()), strict=True)
    return [Fill(name, *pair) for name, pair in zip(CLASSES, pairs, strict=True)]


def of_models(picture: Picture, used: Mapping[str, Amounts]) -> list[Fill]:
    """One a GPU model, the largest first; `used` is by provider."""
    fills: dict[str, Fill] = {}
    for machine in picture.machines:
        before = fills.get(machine.model, Fill(machine.model, 0, 0))
        taken = sum(used[gpu].gpu_milli for gpu in machine.gpus)
        there = sum(picture.capacity[gpu].gpu_milli for gpu in machine.gpus)
        fills[machine.model] = Fill(machine.model, before.used + taken, before.capacity + there)
    fills.pop("", None)
    return sorted(fills.values(), key=lambda fill: (-fill.capacity, fill.name))


def of_machines(picture: Picture) -> list[tuple[Machine, float, list[float]]]:
    """Each machine with the mean of its shares, and them; the fullest first."""
    rows = []
    for machine in picture.machines:
        pairs = zip(picture.used_of(machine), picture.capacity_of(machine), strict=True)
        shares = [used / capacity for used, capacity in pairs if capacity]
        rows.append((machine, sum(shares) / max(1, len(shares)), shares))
    return sorted(rows, key=lambda row: (-row[1], row[0].name))


def said(fill: Fill) -> str:
    """Of a class, in units that people count in."""
    size, unit = UNITS[fill.name]
    return f"{fill.used / size:,.0f} of {fill.capacity / size:,.0f}{unit}"

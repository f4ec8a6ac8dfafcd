"""How full machines are: each, all of a class, all of a GPU model."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from worker.cli.workload.amounts import CLASSES, Amounts, Machine
from worker.cli.workload.view import Known, Picture

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
    used = _sum(known.used for known in picture.known)
    capacity = _sum(known.capacity for known in picture.known)
    return [Fill(name, *pair) for name, *pair in zip(CLASSES, used, capacity, strict=True)]


def of_models(picture: Picture) -> list[Fill]:
    """One a GPU model, the largest first."""
    models = {machine.model for machine in picture.machines if machine.model}
    fills = []
    for model in models:
        known = [one for machine, one in zip(picture.machines, picture.known, strict=True) if machine.model == model]
        used, capacity = _sum(one.used for one in known), _sum(one.capacity for one in known)
        fills.append(Fill(model, used.gpu_milli, capacity.gpu_milli))
    return sorted(fills, key=lambda fill: (-fill.capacity, fill.name))


def of_machines(picture: Picture) -> list[tuple[Machine, float, list[float]]]:
    """Each machine with the mean of its shares, and them; the fullest first."""
    rows = []
    for machine, known in zip(picture.machines, picture.known, strict=True):
        shares = shares_of(known)
        rows.append((machine, sum(shares) / max(1, len(shares)), shares))
    return sorted(rows, key=lambda row: (-row[1], row[0].name))


def shares_of(known: Known) -> list[float]:
    """One a class that the machine has."""
    return [used / capacity for used, capacity in zip(known.used, known.capacity, strict=True) if capacity]


def said(fill: Fill) -> str:
    """Of a class, in units that people count in."""
    size, unit = UNITS[fill.name]
    return f"{fill.used / size:,.0f} of {fill.capacity / size:,.0f}{unit}"


def _sum(amounts: Iterable[Amounts]) -> Amounts:
    total = Amounts()
    for one in amounts:
        total = total.plus(one)
    return total

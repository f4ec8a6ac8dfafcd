"""The arithmetic of the benchmarks: what repetitions come to, and what a row of the table holds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal


@dataclass(frozen=True, slots=True)
class Target:
    """What a ratio has to reach; `sense` says on which side of the bound it has to be."""

    sense: Literal["at least", "at most"]
    bound: float

    def is_met(self, ratio: float) -> bool:
        """Whether the ratio is on the right side; the bound itself is."""
        return ratio >= self.bound if self.sense == "at least" else ratio <= self.bound


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. `ratios` has one entry a repetition, each of two runs that stood side by side."""

    row: str
    measure: str
    unit: str
    values: tuple[float, ...]
    floor: str = ""
    floors: tuple[float, ...] = ()
    target: Target | None = None
    note: str = ""

    @property
    def value(self) -> float:
        """The median of the repetitions."""
        return median(self.values)

    @property
    def floor_value(self) -> float | None:
        """The median of what the values are compared with."""
        return median(self.floors) if self.floors else None

    @property
    def ratios(self) -> tuple[float, ...]:
        """Each repetition's value over its own floor."""
        return tuple(value / floor for value, floor in zip(self.values, self.floors, strict=bool(self.floors)))

    @property
    def ratio(self) -> float | None:
        """The median of the repetitions' ratios."""
        return median(self.ratios) if self.floors else None

    @property
    def spread(self) -> float:
        """The spread of the ratios, or of the values where there is nothing to compare with."""
        return spread(self.ratios or self.values)

    @property
    def met(self) -> bool | None:
        """None where nothing is asked."""
        if self.target is None or self.ratio is None:
            return None
        return self.target.is_met(self.ratio)


def spread(values: Sequence[float]) -> float:
    """The distance between the largest and the smallest, as a share of the median; 0 for a single one."""
    middle = median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1]


def rate(counts: Sequence[tuple[float, int]], total: int, skipped: float) -> float:
    """Things a second from (moment, count so far): from when a share of `skipped` was done until all `total` were.

    What is skipped is warming up: plans prepared, caches filled. Raises ValueError where not all were done.
    """
    began = next((at for at in counts if at[1] >= total * skipped), None)
    ended = next((at for at in counts if at[1] >= total), None)
    if began is None or ended is None or ended[0] <= began[0]:
        raise ValueError(f"{counts[-1][1] if counts else 0} of {total} were done")
    return (ended[1] - began[1]) / (ended[0] - began[0])

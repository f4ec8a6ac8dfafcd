"""Comings and goings of tasks in order of time, and when each is due."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from worker.cli.workload.trace import Traced


class Turn(IntEnum):
    """At one moment those who go make room for those who come; who comes and goes at once does so in this order."""

    WENT = 0
    CAME = 1
    WENT_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Moment:
    """A task came or went, at so many seconds."""

    at: int
    turn: Turn
    number: int
    traced: Traced


@dataclass(slots=True)
class Pace:
    """When each is due: so many claims a second, or so many seconds of the trace in one; or all at once."""

    per_second: float | None = None
    speed: float | None = None

    @property
    def is_slowed(self) -> bool:
        return self.per_second is not None or self.speed is not None

    def due_s(self, number: int, seconds: float) -> float:
        """After the start, for the claim of that number and moment of the trace."""
        by_rate = number / self.per_second if self.per_second else 0.0
        return max(by_rate, seconds / self.speed if self.speed else 0.0)


def moments(tasks: Iterable[Traced], *, stay: bool = False) -> list[Moment]:
    """All comings and goings in order of time; nobody goes where all are to `stay`."""
    found = []
    for number, traced in enumerate(tasks):
        found.append(Moment(traced.came_at, Turn.CAME, number, traced))
        if traced.went_at is not None and not stay:
            turn = Turn.WENT_AT_ONCE if traced.went_at == traced.came_at else Turn.WENT
            found.append(Moment(traced.went_at, turn, number, traced))
    return sorted(found, key=lambda moment: (moment.at, moment.turn, moment.number))

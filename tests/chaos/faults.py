"""What a fault is, and what is written down of each time that it struck."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tests.chaos.world import World

Strike = Callable[[World], Awaitable[float]]
BACK_WITHIN_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Fault:
    """`strike` returns the moment when it was over. `within_s`: how soon after that an event has to come."""

    name: str
    strike: Strike
    within_s: float | None = None
    noticed_within_s: float | None = None


@dataclass(frozen=True, slots=True)
class Struck:
    """One time, in seconds since the run began; `first_s`: from its end to the first event of a claim decided then.

    `noticed_s`: from its beginning until every worker knew; None where that is not measured.
    """

    number: int
    name: str
    began_s: float
    over_s: float
    first_s: float | None
    noticed_s: float | None = None
    late: bool = False

"""Chance, time and the record of a run: who lives, what every step of the world takes, and what goes wrong with it."""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from random import Random
from typing import Protocol

from tests.fakes.signals import Steps
from tests.simulation.weather import Weather
from worker.faults import Conflict, LockTimeout, Outage

SLOW_S = 4.0
BUG_STEPS = frozenset({"keep_fresh", "read", "lock", "write", "record"})
"""Steps that are taken on the route alone, where an unknown exception has its next step."""
LATE_STEPS = frozenset({"write", "record", "commit"})
ROUTE_STEPS = BUG_STEPS | {"refresh", "load"}


class Mortal(Protocol):
    """Whose step it is."""

    name: str
    dead: bool
    stalled_until_s: float

    def crash(self) -> None:
        """Killed: nothing of it has an effect any more."""

    def lose_channel(self) -> None:
        """The channel on which it consumes is gone."""


class Dead(asyncio.CancelledError):
    """What a killed worker meets wherever it turns, so that nothing it does afterwards has an effect."""


WHOSE: ContextVar[Mortal] = ContextVar("WHOSE")
"""The worker in whose tasks a step is taken."""


class Nature:
    """`raging`: things go wrong. `trace`: all that happened, a line each."""

    def __init__(self, seed: int, weather: Weather | None = None) -> None:
        self.random = Random(seed)  # noqa: S311 - a simulation is repeated by its seed
        self.weather = weather or Weather.drawn(self.random)
        self.raging = True
        self.trace: list[str] = []
        self.unexpected: list[str] = []
        self.database_away_until_s = 0.0
        self.broker_away_until_s = 0.0
        self.crashes = 0
        self._bugs = int(self.weather.bug)

    @property
    def now_s(self) -> float:
        """Virtual seconds since the beginning."""
        return asyncio.get_running_loop().time()

    def note(self, what: str) -> None:
        """A line of the trace."""
        self.trace.append(f"{self.now_s:.6f} {what}")

    def strikes(self, likelihood: float) -> bool:
        """Whether something of that likelihood goes wrong now."""
        return self.raging and likelihood > 0 and self.random.random() < likelihood

    async def pass_time(self) -> None:
        """As long as a step takes: mostly short, now and then very long."""
        worker = WHOSE.get()
        seconds = self.random.expovariate(1 / self.weather.latency_s)
        if self.strikes(self.weather.slow):
            seconds += self.random.uniform(0.1, SLOW_S)
        await asyncio.sleep(seconds)
        if self.raging and worker.stalled_until_s > self.now_s:
            await asyncio.sleep(worker.stalled_until_s - self.now_s)
        self.still_alive()

    @staticmethod
    def still_alive() -> None:
        """Raises `Dead` in the tasks of a worker that is not."""
        if WHOSE.get().dead:
            raise Dead

    def crash(self, where: str) -> Dead:
        """Kill the worker whose step it is."""
        self.note(f"{WHOSE.get().name} crashes {where}")
        self.crashes += 1
        WHOSE.get().crash()
        return Dead()

    def store_fault(self, step: str) -> tuple[Exception, bool] | None:
        """What goes wrong with a step of the store, and whether it has had its effect all the same."""
        weather, committing = self.weather, step == "commit"
        if self.now_s < self.database_away_until_s or (not committing and self.strikes(weather.outage)):
            return (Conflict("lost in COMMIT") if committing else Outage("08006")), committing and self._tossed()
        if committing and self.strikes(weather.unknown_commit):
            return Conflict("the fate is unknown"), self._tossed()
        if step in ROUTE_STEPS or committing:
            if self.strikes(weather.late_conflict if step in LATE_STEPS else weather.conflict):
                return Conflict("40001"), False
            if not committing and self.strikes(weather.lock_timeout):
                return LockTimeout("55P03"), False
        if self._bugs and step in BUG_STEPS and self.strikes(0.05):
            self._bugs -= 1
            return LookupError("once"), False
        return None

    def broker_fault(self, _step: str) -> tuple[Exception, bool] | None:
        """What goes wrong with a step of the broker's; publishing has its own ways beside these."""
        if self.now_s < self.broker_away_until_s or self.strikes(self.weather.outage):
            return Outage("connection reset"), False
        return None

    def _tossed(self) -> bool:
        return self.random.random() < 0.5


class NaturalSteps(Steps):
    """Steps that take time, fail, and kill who takes them, by chance: before their effect or after it."""

    def __init__(self, nature: Nature, where: str, fault: Callable[[str], tuple[Exception, bool] | None]) -> None:
        super().__init__()
        self._nature, self._where, self._fault = nature, where, fault

    async def begin(self, step: str) -> BaseException | None:
        nature, what = self._nature, f"{self._where}.{step}"
        nature.still_alive()
        await nature.pass_time()
        if nature.strikes(nature.weather.crash):
            late = nature.random.random() < 0.5
            death = nature.crash(f"{'after' if late else 'before'} {what}")
            if not late:
                raise death
            return death
        if nature.strikes(nature.weather.lost_channel):
            nature.note(f"{WHOSE.get().name} loses its channel before {what}")
            WHOSE.get().lose_channel()
        struck = self._fault(step)
        nature.note(f"{WHOSE.get().name} {what}{f' {struck[0]!r} {struck[1]}' if struck else ''}")
        if struck is None:
            return None
        error, after_effect = struck
        if after_effect:
            return error
        raise error

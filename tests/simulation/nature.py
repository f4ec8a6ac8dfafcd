"""Chance, time and the record of a run: who lives, what every step of the world takes, and what goes wrong with it."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from random import Random
from typing import Protocol

from tests.fakes.signals import Steps
from tests.simulation.kinds import Kind
from tests.simulation.weather import Weather
from worker.faults import Conflict, LockTimeout, Outage

SLOW_S = 4.0
TURNS_TO_LIVE_MAX = 12
BUG_STEPS = frozenset({"keep_fresh", "read", "lock", "write"})
"""Steps that are taken on the route alone, where an unknown exception has its next step."""
LATE_STEPS = frozenset({"write", "commit"})
ROUTE_STEPS = BUG_STEPS | {"refresh", "load"}
CRASH_AT_LIKELIHOOD = 0.7
CRASHES_AT_MAX = 4
"""Of workers killed at the step where they are killed more often than at others: enough of it, and work gets done."""

Struck = tuple[Exception, bool] | None
"""What goes wrong with a step, and whether it has had its effect all the same."""


class Mortal(Protocol):
    """Whose step it is."""

    name: str
    dead: bool
    frozen_until_s: float

    def crash(self) -> None:
        """Killed: nothing of it has an effect any more."""

    def lose_channel(self) -> None:
        """The channel on which it consumes is gone."""


class Nobody:
    """Takes steps that no worker takes, and cannot die."""

    name = "nobody"
    dead = False
    frozen_until_s = 0.0

    def crash(self) -> None:
        """Lives on."""

    def lose_channel(self) -> None:
        """Has none."""


class Dead(asyncio.CancelledError):
    """What a killed worker meets wherever it turns, so that nothing it does afterwards has an effect."""


NOBODY = Nobody()
WHOSE: ContextVar[Mortal] = ContextVar("WHOSE", default=NOBODY)
"""The worker in whose tasks a step is taken."""


class Nature:
    """`raging`: things go wrong. `trace`: all that happened, a line each; `happened`: how often what, and
    `crashed_at` where workers were killed."""

    def __init__(self, seed: int, weather: Weather | None = None) -> None:
        self.random = Random(seed)  # noqa: S311 - a simulation is repeated by its seed
        self.weather = weather or Weather.drawn(self.random)
        self.raging = True
        self.trace: list[str] = []
        self.happened: Counter[Kind] = Counter()
        self.crashed_at: Counter[str] = Counter()
        self.unexpected: list[str] = []
        self.database_away_until_s = 0.0
        self.broker_away_until_s = 0.0
        self._bugs = int(self.weather.bug)
        self._crashes_at = CRASHES_AT_MAX

    @property
    def now_s(self) -> float:
        """Virtual seconds since the beginning."""
        return asyncio.get_running_loop().time()

    def note(self, what: str, kind: Kind | None = None) -> None:
        """A line of the trace, which counts as `kind`."""
        self.trace.append(f"{self.now_s:.6f} {what}")
        if kind is not None:
            self.happened[kind] += 1

    def strikes(self, likelihood: float) -> bool:
        """Whether something of that likelihood goes wrong now."""
        return self.raging and likelihood > 0 and self.random.random() < likelihood

    def tossed(self) -> bool:
        """One way or the other."""
        return self.random.random() < 0.5

    async def pass_time(self, slowness: Kind) -> None:
        """As long as a step takes: mostly short, now and then very long, which counts as `slowness`."""
        worker = WHOSE.get()
        seconds = self.random.expovariate(1 / self.weather.latency_s)
        if self.strikes(self.weather.slow):
            self.happened[slowness] += 1
            seconds += self.random.uniform(0.1, SLOW_S)
        await asyncio.sleep(seconds)
        if self.raging and worker.frozen_until_s > self.now_s:
            await asyncio.sleep(worker.frozen_until_s - self.now_s)
        self.still_alive()

    @staticmethod
    def still_alive() -> None:
        """Raises `Dead` in the tasks of a worker that is not."""
        if WHOSE.get().dead:
            raise Dead

    def death(self, what: str) -> tuple[Dead, bool] | None:
        """The end of the worker at a step, if it comes now, and whether the step has its effect before.

        It may also come a few turns of the loop later, wherever the worker is by then.
        """
        at = self.weather.crash_at == what and self._crashes_at > 0 and self.strikes(CRASH_AT_LIKELIHOOD)
        self._crashes_at -= at
        if not at and not self.strikes(self.weather.crash):
            return None
        kind = self.random.choice((Kind.CRASH_BEFORE, Kind.CRASH_AFTER, Kind.CRASH_BETWEEN))
        if kind is Kind.CRASH_BETWEEN:
            self._die(f"after {what}", self.random.randint(1, TURNS_TO_LIVE_MAX))
            return None
        late = kind is Kind.CRASH_AFTER
        where = f"{'after' if late else 'before'} {what}"
        self.crashed_at[where] += 1
        self.crash(where, kind)
        return Dead(), late

    def crash(self, where: str, kind: Kind) -> None:
        """Kill the worker whose step it is."""
        self.note(f"{WHOSE.get().name} crashes {where}", kind)
        WHOSE.get().crash()

    def _die(self, where: str, turns: int) -> None:
        if WHOSE.get().dead or not self.raging:
            return
        if turns:
            asyncio.get_running_loop().call_soon(self._die, where, turns - 1)
        else:
            self.crash(f"some turns {where}", Kind.CRASH_BETWEEN)

    def store_fault(self, step: str) -> Struck:
        """What goes wrong with a step of the store."""
        weather = self.weather
        away = self.now_s < self.database_away_until_s
        if step == "commit" and (away or self.strikes(weather.unknown_commit)):
            happened = self.tossed()
            self.happened[Kind.COMMITTED_UNKNOWN if happened else Kind.ROLLED_BACK_UNKNOWN] += 1
            return Conflict("lost in COMMIT"), happened
        if away or (step != "commit" and self.strikes(weather.outage)):
            self.happened[Kind.DATABASE_AWAY if away else Kind.DATABASE_FAILS] += 1
            return Outage("08006"), False
        if step in ROUTE_STEPS or step == "commit":
            return self._conflict(step)
        return None

    def _conflict(self, step: str) -> Struck:
        """What goes wrong on the route of a batch."""
        weather, late = self.weather, step in LATE_STEPS
        if self.strikes(weather.late_conflict if late else weather.conflict):
            self.happened[Kind.LATE_CONFLICT if late else Kind.CONFLICT] += 1
            return Conflict("40001"), False
        if step == "lock" and self.strikes(weather.deadlock):
            self.happened[Kind.DEADLOCK] += 1
            return Conflict("40P01"), False
        if step != "commit" and self.strikes(weather.lock_timeout):
            self.happened[Kind.LOCK_TIMEOUT] += 1
            return LockTimeout("57014"), False
        if self._bugs and step in BUG_STEPS and self.strikes(0.05):
            self._bugs -= 1
            self.happened[Kind.BUG] += 1
            return LookupError("once"), False
        return None

    def broker_fault(self, _step: str) -> Struck:
        """What goes wrong with a step of the broker's; publishing has its own ways beside these."""
        away = self.now_s < self.broker_away_until_s
        if away or self.strikes(self.weather.outage):
            self.happened[Kind.BROKER_AWAY if away else Kind.BROKER_FAILS] += 1
            return Outage("connection reset"), False
        return None


class NaturalSteps(Steps):
    """Steps that take time, fail, and kill who takes them, by chance: before their effect or after it."""

    def __init__(self, nature: Nature, where: str, fault: Callable[[str], Struck]) -> None:
        super().__init__()
        self._nature, self._where, self._fault = nature, where, fault

    async def begin(self, step: str) -> BaseException | None:
        nature, what = self._nature, f"{self._where}.{step}"
        nature.still_alive()
        await nature.pass_time(Kind.LATE_CONFIRM if step == "confirmed" else Kind.SLOW)
        struck: tuple[BaseException, bool] | None = nature.death(what)
        if struck is None:
            if nature.strikes(nature.weather.lost_channel):
                nature.note(f"{WHOSE.get().name} loses its channel before {what}", Kind.LOST_CHANNEL)
                WHOSE.get().lose_channel()
            struck = self._fault(step)
            nature.note(f"{WHOSE.get().name} {what}{f' {struck[0]!r} {struck[1]}' if struck else ''}")
        if struck is None:
            return None
        error, after_effect = struck
        if after_effect:
            return error
        raise error

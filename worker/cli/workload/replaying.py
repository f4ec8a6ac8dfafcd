"""A trace as claims: each task is set when it came and released when it went, in the order of the trace."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from worker.cli.client import Client
from worker.cli.endings import Complaint
from worker.cli.workload import claims
from worker.cli.workload.agreement import usages_of
from worker.cli.workload.amounts import Amounts, Machine
from worker.cli.workload.claims import Claim
from worker.cli.workload.progress import Advance
from worker.cli.workload.sending import Letter, Line
from worker.cli.workload.steps import GRANTED
from worker.cli.workload.tally import Tally, Told, code_of
from worker.cli.workload.trace import Traced
from worker.cli.workload.view import Picture, View

CHUNK: Final = 64


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

    def due_s(self, number: int, seconds: float) -> float:
        """After the start, for the claim of that number and moment of the trace."""
        by_rate = number / self.per_second if self.per_second else 0.0
        return max(by_rate, seconds / self.speed if self.speed else 0.0)


def moments(tasks: Iterable[Traced]) -> list[Moment]:
    """All comings and goings in order of time."""
    found = []
    for number, traced in enumerate(tasks):
        found.append(Moment(traced.came_at, Turn.CAME, number, traced))
        if traced.went_at is not None:
            turn = Turn.WENT_AT_ONCE if traced.went_at == traced.came_at else Turn.WENT
            found.append(Moment(traced.went_at, turn, number, traced))
    return sorted(found, key=lambda moment: (moment.at, moment.turn, moment.number))


@dataclass(slots=True)
class Replay:
    """One client with one view: it looks for the first machine with room, in the order of the nodes."""

    machines: list[Machine]
    now: Callable[[], float] = time.perf_counter
    picture: Picture = field(init=False)
    view: View = field(init=False)
    declaring: Line = field(init=False)
    line: Line = field(init=False)
    places: dict[str, int] = field(default_factory=dict)
    """{consumer: where it was sent}, for those that came and did not go."""
    no_room: int = 0
    placed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    held: Amounts = field(default_factory=Amounts)
    fullest: Amounts = field(default_factory=Amounts)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.picture = Picture(self.machines)
        self.view = View(self.picture)
        self.declaring = Line(Tally(self.now))
        self.line = Line(Tally(self.now))

    def hear(self, event: Told, words: bytes) -> None:
        """To be called with every event."""
        for place in self.picture.hear(event):
            self.view.refresh(place)
        self.declaring.hear(event, words)
        self.line.hear(event, words)

    async def load(self, client: Client, advance: Advance) -> None:
        """Declare the machines and learn what is used on them. Raises Complaint where a machine is refused."""
        for wanted in (claims.vocabulary(self.machines), [claims.declared(machine) for machine in self.machines]):
            for start in range(0, len(wanted), CHUNK):
                part = wanted[start : start + CHUNK]
                await self.declaring.send(client, [Letter.of(claim, _loaded(claim)) for claim in part])
                advance(self.declaring.tally.answered)
            await self.declaring.drained()
        advance(len(self.machines))
        self.picture.start(await usages_of(client, self.machines))
        for place in range(len(self.machines)):
            self.view.refresh(place)

    async def play(self, client: Client, turns: list[Moment], pace: Pace, advance: Advance) -> None:
        """Claim after claim, until all have their outcomes."""
        begun = self.now()
        for chunk in _chunks(turns, 1 if pace.speed or pace.per_second else CHUNK):
            due_s = pace.due_s(len(self.line.tally.claims), chunk[0].at - turns[0].at)
            await asyncio.sleep(max(0.0, begun + due_s - self.now()))
            letters = [letter for moment in chunk if (letter := self._letter(moment)) is not None]
            await self.line.send(client, letters)
            advance(self.line.tally.answered + self.no_room)
        await self.line.drained()
        advance(len(turns))
        self.seconds = self.now() - begun

    def _letter(self, moment: Moment) -> Letter | None:
        return self._came(moment.traced) if moment.turn is Turn.CAME else self._went(moment.traced)

    def _came(self, traced: Traced) -> Letter | None:
        task = traced.task
        place = self.view.find(task)
        if place is None:
            self.no_room += 1
            return None
        self.view.expect(place, task.wants)
        self.places[task.consumer] = place

        def then(event: Told) -> None:
            self.view.expect(place, Amounts().minus(task.wants))
            if code_of(event) == GRANTED:
                self.placed += 1
                self._holds(self.held.plus(task.wants))
            else:
                self.refused[code_of(event)] += 1

        owner = claims.owner(task.consumer, "replay", task.name, "TASK")
        return Letter.of(claims.placed(task, self.machines[place], owner), then)

    def _went(self, traced: Traced) -> Letter | None:
        """A release follows its set in the same queue; that nothing was granted does not matter to it."""
        task = traced.task
        place = self.places.pop(task.consumer, None)
        if place is None:
            return None
        self.view.expect(place, Amounts().minus(task.wants))

        def then(event: Told) -> None:
            self.view.expect(place, task.wants)
            if event["type"] == "claim.rejected":
                self.refused[code_of(event)] += 1
            elif event["data"]["changed"]:
                self._holds(self.held.minus(task.wants))

        return Letter.of(claims.released(task.consumer), then)

    def _holds(self, held: Amounts) -> None:
        self.held = held
        self.fullest = Amounts(*map(max, self.fullest, held))


def _loaded(claim: Claim) -> Callable[[Told], None]:
    def then(event: Told) -> None:
        if event["type"] == "claim.rejected":
            raise Complaint(f"{claim['name']} could not be declared: {event['data']['message']}")

    return then


def _chunks(turns: list[Moment], size: int) -> Iterator[list[Moment]]:
    for start in range(0, len(turns), size):
        yield turns[start : start + size]

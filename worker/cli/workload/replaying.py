"""A trace as claims: each task is placed when it came and released when it went, in the order of the trace."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

from worker.cli.client import Client
from worker.cli.workload import claims
from worker.cli.workload.amounts import Amounts, Task
from worker.cli.workload.measured import Measured
from worker.cli.workload.moments import Moment, Pace, Turn
from worker.cli.workload.progress import Advance
from worker.cli.workload.sending import Letter, Line
from worker.cli.workload.steps import GRANTED
from worker.cli.workload.tally import Tally, Told, code_of
from worker.cli.workload.view import Picture
from worker.cli.workload.waiting import Waiting
from worker.placement.request import Strategy

CHUNK: Final = 64
T = TypeVar("T")


@dataclass(slots=True)
class Replay:
    """One strategy's turn. Its tasks wait from their refusal until they go, and are not tried again."""

    picture: Picture
    strategy: Strategy
    now: Callable[[], float] = time.perf_counter
    line: Line = field(init=False)
    waiting: Waiting = field(init=False)
    here: dict[str, Task] = field(default_factory=dict)
    """{consumer: its task}, of those that came and did not go."""
    came: int = 0
    placed: int = 0
    held: int = 0
    fullest: int = 0
    """Thousandths of GPUs in use by these tasks, now and when it was most."""
    used: dict[str, Amounts] = field(default_factory=dict)
    """By provider, at that moment; by others, too."""
    played: Measured = field(default_factory=Measured)

    def __post_init__(self) -> None:
        self.line = Line(Tally(self.now))
        self.waiting = Waiting(self.picture)
        self.used = dict(self.picture.used)

    async def play(self, client: Client, turns: list[Moment], pace: Pace, advance: Advance) -> None:
        """Claim after claim, until all have their outcomes."""
        begun = self.now()
        for chunk in _chunks(turns, 1 if pace.is_slowed else CHUNK):
            due_s = pace.due_s(len(self.line.tally.claims), chunk[0].at - turns[0].at)
            await asyncio.sleep(max(0.0, begun + due_s - self.now()))
            await self.line.send(client, [self._letter(moment) for moment in chunk])
            advance(self.line.tally.answered)
        await self.line.drained()
        advance(len(turns))
        self.played = Measured(len(turns), self.now() - begun)

    async def clear(self, client: Client) -> None:
        """Those who are still here go, so that the next turn begins where this one began."""
        for chunk in _chunks(list(self.here.values()), CHUNK):
            await self.line.send(client, [self._went(task) for task in chunk])
        await self.line.drained()

    def _letter(self, moment: Moment) -> Letter:
        task = moment.traced.task
        return self._came(task) if moment.turn is Turn.CAME else self._went(task)

    def _came(self, task: Task) -> Letter:
        self.came += 1
        self.here[task.consumer] = task

        def then(event: Told) -> None:
            if code_of(event) == GRANTED:
                self.placed += 1
                self._hold(task.wants.gpu_milli)
            else:
                self.waiting.refuse(event, task)

        owner = claims.owner(task.consumer, "replay", task.name, "TASK")
        return Letter.of(claims.placed(task, owner, self.strategy), then)

    def _went(self, task: Task) -> Letter:
        """A release follows its claim in the same queue; that nothing was granted does not matter to it."""
        del self.here[task.consumer]

        def then(event: Told) -> None:
            self.waiting.leave(task.consumer)
            if event["type"] == "claim.rejected":
                self.waiting.unexplained.append(f"{task.name}: {code_of(event)}: {event['data']['message']}")
            elif event["data"]["changed"]:
                self._hold(-task.wants.gpu_milli)

        return Letter.of(claims.released(task.consumer), then)

    def _hold(self, change: int) -> None:
        self.held += change
        if self.held > self.fullest:
            self.fullest, self.used = self.held, dict(self.picture.used)


def _chunks(turns: list[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(turns), size):
        yield turns[start : start + size]
